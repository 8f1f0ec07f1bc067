"""Which images were scanned that an image's lowest layers are: its base, by what it is made of.

A chain id names layers on top of each other by one digest, so that a base is found by one look-up.
Source: image-spec, "Layer ChainID".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Index, Integer, String, Table, select

from stella.kernel import Digest
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
    Index(None, "tenant", "chain"),
)


_SHOWN = ("reference", "platform_digest", "layers")


@dataclass(frozen=True, slots=True)
class KnownBase:
    """A scanned image whose layers are the lowest ``layers`` of another. digest: of its platform image."""

    reference: str
    digest: str
    layers: int


def chain_ids(diff_ids: Sequence[str]) -> list[str]:
    """The chain id up to each layer, from the bottom on."""
    chains: list[str] = []
    for diff_id in diff_ids:
        below = chains[-1] if chains else ""
        chains.append(Digest.of(f"{below} {diff_id}".encode()).text if below else diff_id)
    return chains


def keep_chain(tx: Tx, platform_digest: str, reference: str, diff_ids: Sequence[str]) -> None:
    """Remember what the image is made of; an image without layers is nobody's base."""
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
