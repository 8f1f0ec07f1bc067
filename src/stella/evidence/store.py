"""The locker: which packets there are."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Index, Integer, String, Table, select

from stella.evidence.errors import NoSuchPacket
from stella.kernel import Remedy
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx

evidence = Table(
    "evidence",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("subject", String(40), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("name", String(200), nullable=False),
    Column("digest", String(71), nullable=False),
    Column("size", Integer, nullable=False),
    Column("created_at", String(27), nullable=False),
    Index(None, "subject"),
)


@dataclass(frozen=True, slots=True)
class Kept:
    """One packet in the locker. subject: the promotion or deployment. size in bytes."""

    id: str
    subject: str
    kind: str
    name: str
    digest: str
    size: int
    created_at: str


def insert_evidence(tx: Tx, value: Kept) -> None:
    """A new row; packets never change."""
    tx.connection.execute(evidence.insert(), {"tenant": tx.tenant, **columns_of(value)})


def list_evidence(
    tx: Tx, *, subject: str | None = None, after: str | None = None, limit: int = 100
) -> tuple[Kept, ...]:
    """The newest first; ``after`` is the last id of the page before."""
    query = select(evidence).where(evidence.c.tenant == tx.tenant)
    if subject is not None:
        query = query.where(evidence.c.subject == subject)
    if after is not None:
        query = query.where(evidence.c.id < after)
    rows = tx.rows(query.order_by(evidence.c.id.desc()).limit(limit))
    return tuple(_kept(row) for row in rows)


def find_evidence(tx: Tx, evidence_id: str) -> Kept:
    """By its own id, or the newest about that promotion or deployment. Raises NoSuchPacket."""
    row = tx.row(
        select(evidence)
        .where(
            evidence.c.tenant == tx.tenant,
            (evidence.c.id == evidence_id) | (evidence.c.subject == evidence_id),
        )
        .order_by(evidence.c.id.desc())
        .limit(1)
    )
    if row is None:
        raise NoSuchPacket(
            f"there is no evidence {evidence_id[:60]!r}",
            remedy=Remedy(
                "A packet is sealed when a promotion or deployment has ended.",
                command="stella evidence list",
            ),
            evidence=evidence_id[:60],
        )
    return _kept(row)


def _kept(row: Any) -> Kept:
    return Kept(**fields_of(row))
