"""Which images were scanned that an image's lowest layers are: its base, by what it is made of.

A chain id names layers on top of each other by one digest, so that a base is found by one look-up.
Source: image-spec, "Layer ChainID".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Index, Integer, String, Table, or_, select

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


def base_by_layers(tx: Tx, diff_ids: Sequence[str]) -> KnownBase | None:
    """The scanned image with the most of the layers below the topmost one; None where none is known.

    Of several the first one by its reference.
    """
    below = chain_ids(diff_ids)[:-1]
    if not below:
        return None
    query = (
        select(*(image_chain.c[name] for name in _SHOWN))
        .where(image_chain.c.tenant == tx.tenant, image_chain.c.chain.in_(below))
        .order_by(image_chain.c.layers.desc(), image_chain.c.reference)
        .limit(1)
    )
    row = tx.row(query)
    return None if row is None else KnownBase(*(row[name] for name in _SHOWN))


def newer_than(tx: Tx, base: KnownBase) -> KnownBase | None:
    """The newest scanned image of the base's repository that was made after it, and not after now."""
    repository = repository_of(base.reference)
    if base.created is None or repository is None:
        return None
    table = image_chain.c
    query = (
        select(*(table[name] for name in _SHOWN))
        .where(
            table.tenant == tx.tenant,
            table.created > base.created,
            table.created <= time_text(tx.now),
            or_(*(table.reference.startswith(repository + end, autoescape=True) for end in ":@")),
        )
        .order_by(table.created.desc(), table.reference)
        .limit(1)
    )
    row = tx.row(query)
    return None if row is None else KnownBase(*(row[name] for name in _SHOWN))


def repository_of(reference: str) -> str | None:
    """``registry.example/shop/base`` of a reference; None of what is none."""
    try:
        parsed = parse_reference(reference)
    except StellaError:
        return None
    return f"{parsed.host}/{parsed.repository}"
