"""The sealer: gives new facts their order and chains them by hash, in batches."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from stella.record import tables
from stella.record.chain import GENESIS, fact_hash, stored_fact
from stella.record.database import Database
from stella.record.lease import take_lease
from stella.record.transaction import StoredFact, Tx

_BATCH = 500
_LEASE_S = 30
_PLACE = (
    tables.fact.update()
    .where(tables.fact.c.id == bindparam("fact"))
    .values(position=bindparam("place"), hash=bindparam("link"))
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """The head of one tenant's chain after a batch."""

    tenant: str
    position: int
    hash: str


def seal(database: Database, holder: str) -> tuple[Sealed, ...]:
    """Chain every unsealed fact; the new heads. Nothing where another process holds the lease."""
    heads: dict[str, Sealed] = {}
    sealed = _BATCH
    while sealed == _BATCH:
        with database.transaction(actor="system") as tx:
            if take_lease(tx, "sealer", holder, _LEASE_S) is None:
                return ()
            sealed, batch = _seal_batch(tx)
        heads |= {head.tenant: head for head in batch}
    return tuple(heads.values())


def _seal_batch(tx: Tx) -> tuple[int, list[Sealed]]:
    """How many facts were sealed, and the new heads."""
    unsealed = tables.fact_unsealed
    query = (
        select(unsealed.c.sequence, tables.fact)
        .join(tables.fact, tables.fact.c.id == unsealed.c.fact)
        .order_by(unsealed.c.sequence)
        .limit(_BATCH)
    )
    rows = [dict(row) for row in tx.rows(query)]
    sequences = [row.pop("sequence") for row in rows]
    by_tenant: dict[str, list[StoredFact]] = {}
    for row in rows:
        by_tenant.setdefault(row["tenant"], []).append(stored_fact(row))
    heads = [_chain_facts(tx, tenant, facts) for tenant, facts in by_tenant.items()]
    if sequences:
        tx.connection.execute(unsealed.delete().where(unsealed.c.sequence.in_(sequences)))
    return len(rows), heads


def _chain_facts(tx: Tx, tenant: str, facts: Sequence[StoredFact]) -> Sealed:
    head = tx.row(select(tables.chain).where(tables.chain.c.tenant == tenant))
    position, previous = (head["position"], head["hash"]) if head else (0, GENESIS)
    places = []
    for fact in facts:
        position += 1
        previous = fact_hash(fact, position, previous).text
        places.append({"fact": fact.id, "place": position, "link": previous})
    tx.connection.execute(_PLACE, places)
    values = {"position": position, "hash": previous}
    if head is None:
        tx.connection.execute(tables.chain.insert(), {"tenant": tenant, **values})
    else:
        tx.connection.execute(tables.chain.update().where(tables.chain.c.tenant == tenant), values)
    return Sealed(tenant, position, previous)
