"""The table of policy packs: which bundle each name stands for now."""

from sqlalchemy import Column, String, Table, delete, select

from stella.blob import Blobs
from stella.kernel import Digest, Remedy, time_text
from stella.policy.bundle import parse_bundle, starter_bundle
from stella.policy.errors import UnknownPolicy
from stella.policy.facts import PolicyDeleted
from stella.policy.model import PolicyBundle
from stella.record.owners import forget_owner
from stella.record.tables import metadata
from stella.record.transaction import Tx

STARTER = "starter"

policy = Table(
    "policy",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("digest", String(71), nullable=False),
    Column("at", String(27), nullable=False),
)


def find_policy(tx: Tx, blobs: Blobs, name: str) -> PolicyBundle:
    """The bundle that ``name`` stands for now. Raises UnknownPolicy."""
    row = tx.row(select(policy).where(policy.c.tenant == tx.tenant, policy.c.name == name))
    if row is not None:
        return parse_bundle(blobs.get(Digest(row["digest"])))
    if name == STARTER:
        return starter_bundle()
    raise UnknownPolicy(
        f"there is no policy pack {name[:80]!r}",
        remedy=Remedy("Apply one of kind Policy, or use 'starter'.", command="stella policy list"),
        policy=name[:80],
    )


def keep_policy(tx: Tx, name: str, *, lock: bool = False) -> bool:
    """Whether ``name`` stands for a bundle; where it does, it does until this transaction ends.

    lock: nobody else keeps it meanwhile.
    """
    query = select(policy.c.name).where(policy.c.tenant == tx.tenant, policy.c.name == name)
    return name == STARTER or tx.row(query.with_for_update(read=not lock)) is not None


def policy_digests(tx: Tx) -> dict[str, str]:
    """Name -> digest of the bundle, of those that were applied."""
    rows = tx.rows(select(policy).where(policy.c.tenant == tx.tenant).order_by(policy.c.name))
    return {str(row["name"]): str(row["digest"]) for row in rows}


def delete_policy(tx: Tx, name: str) -> None:
    """Let ``name`` stand for nothing; its bundle stays, for what was decided with it."""
    before = policy_digests(tx)[name]
    mine = (policy.c.tenant == tx.tenant, policy.c.name == name)
    tx.connection.execute(delete(policy).where(*mine))
    forget_owner(tx, "Policy", name)
    tx.add(PolicyDeleted(name, before))


def list_policies(tx: Tx, blobs: Blobs) -> dict[str, PolicyBundle]:
    """Every pack by name; the starter pack is always there."""
    rows = tx.rows(select(policy).where(policy.c.tenant == tx.tenant))
    names = sorted({STARTER, *(row["name"] for row in rows)})
    return {name: find_policy(tx, blobs, name) for name in names}


def put_policy(tx: Tx, name: str, digest: Digest) -> str | None:
    """Let ``name`` stand for another bundle; the digest it stood for before."""
    query = select(policy.c.digest).where(policy.c.tenant == tx.tenant, policy.c.name == name)
    before = tx.row(query)
    values = {"digest": digest.text, "at": time_text(tx.now)}
    if before is None:
        tx.connection.execute(policy.insert(), {"tenant": tx.tenant, "name": name, **values})
        return None
    tx.connection.execute(
        policy.update().where(policy.c.tenant == tx.tenant, policy.c.name == name), values
    )
    return str(before["digest"])
