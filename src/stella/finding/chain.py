"""Which images were scanned that an image's lowest layers are: its base, by what it is made of.

A chain id names layers on top of each other by one digest, so that a base is found by one look-up.
Source: image-spec, "Layer ChainID".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    ColumnElement,
    Index,
    Integer,
    String,
    Table,
    case,
    not_,
    or_,
    select,
)

from stella.image import parse_reference
from stella.kernel import Digest, StellaError, time_text
from stella.record.tables import metadata
from stella.record.transaction import Tx

image_chain = Table(
    "image_chain",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("platform_digest", String(71), primary_key=True),
    Column("chain", String(71), nullable=False),
    Column("layers", Integer, nullable=False),
    Column("reference", String(1024), nullable=False),
    Column("created", String(27)),
    Index(None, "tenant", "chain"),
)


_SHOWN = ("reference", "platform_digest", "layers", "created")


@dataclass(frozen=True, slots=True)
class KnownBase:
    """A scanned image whose layers are the lowest ``layers`` of another. digest: of its platform image.

    created: when it says that it was made, RFC 3339; None where that is not known.
    """

    reference: str
    digest: str
    layers: int
    created: str | None = None


def chain_ids(diff_ids: Sequence[str]) -> list[str]:
    """The chain id up to each layer, from the bottom on."""
    chains: list[str] = []
    for diff_id in diff_ids:
        below = chains[-1] if chains else ""
        chains.append(Digest.of(f"{below} {diff_id}".encode()).text if below else diff_id)
    return chains


def keep_chain(
    tx: Tx,
    platform_digest: str,
    reference: str,
    diff_ids: Sequence[str],
    created: str | None = None,
) -> None:
    """Remember what the image is made of and when; an image without layers is nobody's base."""
    if not diff_ids:
        return
    mine = (image_chain.c.tenant == tx.tenant, image_chain.c.platform_digest == platform_digest)
    tx.connection.execute(image_chain.delete().where(*mine))
    tx.connection.execute(
        image_chain.insert(),
        {
            "tenant": tx.tenant,
            "platform_digest": platform_digest,
            "chain": chain_ids(diff_ids)[-1],
            "layers": len(diff_ids),
            "reference": reference,
            "created": created,
        },
    )


def base_by_layers(tx: Tx, diff_ids: Sequence[str], *, of: str) -> KnownBase | None:
    """The scanned image with the most of the layers below the topmost one; None where none is known.

    of: the reference of the image itself: what lies in its repository is no base of it, be it pushed
    to look like one. Of several that are made of the same layers one counts of which nobody knows when
    it was made, and otherwise the oldest: a label makes a new image of them, and nothing in it newer.
    """
    below = chain_ids(diff_ids)[:-1]
    if not below:
        return None
    table = image_chain.c
    found = select(table.chain).where(table.tenant == tx.tenant, table.chain.in_(below))
    own = repository_of(of)
    if own is not None:
        found = found.where(not_(_in_repository(own)))
    deepest = tx.row(found.order_by(table.layers.desc()).limit(1))
    if deepest is None:
        return None
    # Those of its own repository as well: whatever they are called, they tell the age of these layers.
    is_unknown = or_(table.created.is_(None), table.created > time_text(tx.now))
    query = (
        select(*(table[name] for name in _SHOWN))
        .where(table.tenant == tx.tenant, table.chain == deepest["chain"])
        .order_by(case((is_unknown, 0), else_=1), table.created, table.reference)
        .limit(1)
    )
    row = tx.row(query)
    return None if row is None else KnownBase(*(row[name] for name in _SHOWN))


def newer_than(tx: Tx, base: KnownBase) -> KnownBase | None:
    """The newest scanned image of the base's repository that was made after it, and not after now.

    One that is made of the very same layers is none.
    """
    repository = repository_of(base.reference)
    if base.created is None or repository is None:
        return None
    table = image_chain.c
    twin = image_chain.alias().c
    same = select(twin.chain).where(twin.tenant == tx.tenant, twin.platform_digest == base.digest)
    query = (
        select(*(table[name] for name in _SHOWN))
        .where(
            table.tenant == tx.tenant,
            table.created > base.created,
            table.created <= time_text(tx.now),
            table.chain.not_in(same),
            _in_repository(repository),
        )
        .order_by(table.created.desc(), table.reference)
        .limit(1)
    )
    row = tx.row(query)
    return None if row is None else KnownBase(*(row[name] for name in _SHOWN))


def _in_repository(name: str) -> ColumnElement[bool]:
    reference = image_chain.c.reference
    return or_(*(reference.startswith(name + end, autoescape=True) for end in ":@"))


def repository_of(reference: str) -> str | None:
    """``registry.example/shop/base`` of a reference; None of what is none."""
    try:
        parsed = parse_reference(reference)
    except StellaError:
        return None
    return f"{parsed.host}/{parsed.repository}"
