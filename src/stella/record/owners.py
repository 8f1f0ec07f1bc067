"""Who keeps a declarative document: the name under which it was applied. Most are kept by nobody."""

from dataclasses import dataclass

from sqlalchemy import Column, Index, String, Table, select

from stella.kernel import time_text
from stella.record.row import fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx

document_owner = Table(
    "document_owner",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("kind", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("owner", String(80), nullable=False),
    Column("at", String(27), nullable=False),
    Column("by", String(80), nullable=False),
    Index(None, "tenant", "owner"),
)


@dataclass(frozen=True, slots=True)
class Owned:
    """A document and its owner. at: since when; by: the id of who applied it under that name first."""

    kind: str
    name: str
    owner: str
    at: str
    by: str


def list_owned(tx: Tx, owner: str | None = None) -> tuple[Owned, ...]:
    """By kind and name; ``owner``: of that one alone."""
    table = document_owner.c
    query = select(document_owner).where(table.tenant == tx.tenant)
    if owner is not None:
        query = query.where(table.owner == owner)
    rows = tx.rows(query.order_by(table.kind, table.name))
    return tuple(Owned(**fields_of(row)) for row in rows)


def owner_of(tx: Tx, kind: str, name: str, *, lock: bool = False) -> str | None:
    """Who keeps it; None for nobody. lock: nobody takes it over until this transaction ends."""
    table = document_owner.c
    query = select(table.owner).where(
        table.tenant == tx.tenant, table.kind == kind, table.name == name
    )
    row = tx.row(query.with_for_update() if lock else query)
    return None if row is None else str(row["owner"])


def put_owner(tx: Tx, kind: str, name: str, owner: str) -> None:
    """From now on it is kept by ``owner``."""
    values = {"owner": owner, "at": time_text(tx.now), "by": tx.actor}
    tx.put(document_owner, {"kind": kind, "name": name}, values)


def forget_owner(tx: Tx, kind: str, name: str) -> None:
    """It is nobody's. Whoever ends a document does this too: what is made anew by that name is another."""
    table = document_owner.c
    tx.connection.execute(
        document_owner.delete().where(
            table.tenant == tx.tenant, table.kind == kind, table.name == name
        )
    )
