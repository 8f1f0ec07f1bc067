"""The tables of VEX documents and of issuers."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Index, Integer, String, Table, Text, delete, select

from stella.kernel import Remedy, time_text
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx
from stella.trust import PublicKey
from stella.vex.errors import UnknownVexDocument, UnknownVexIssuer
from stella.vex.issuer import Basis, Issuer
from stella.vex.model import Document

vex_document = Table(
    "vex_document",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("digest", String(71), nullable=False),
    Column("state", String(20), nullable=False),
    Column("format", String(20), nullable=False),
    Column("said_id", Text, nullable=False),
    Column("version", String(60), nullable=False),
    Column("author", Text, nullable=False),
    Column("issuer", String(80), nullable=False),
    Column("basis", String(20), nullable=False),
    Column("statements", Integer, nullable=False),
    Column("gaps", Integer, nullable=False),
    Column("by", String(40), nullable=False),
    Column("at", String(27), nullable=False),
    Column("ended_at", String(27)),
    Column("reason", Text, nullable=False),
    Index(None, "tenant", "state"),
    Index(None, "tenant", "digest"),
)

vex_issuer = Table(
    "vex_issuer",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("spec", Text, nullable=False),
    Column("changed_at", String(27), nullable=False),
)


class DocumentState(StrEnum):
    """Whether a document counts. A withdrawn one stays withdrawn."""

    STANDING = "standing"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class VexRow:
    """One document that was taken in. digest: of its bytes in the blob store.

    said_id, version, author: as it says itself. issuer, basis: whose it was taken to be then; with a
    signature, whose it is now follows from the issuers' keys of now. by: who handed it in.
    """

    id: str
    digest: str
    state: DocumentState
    format: str
    said_id: str
    version: str
    author: str
    issuer: str
    basis: Basis
    statements: int
    gaps: int
    by: str
    at: str
    ended_at: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class KnownIssuer:
    """An issuer as it is configured. changed_at: when last."""

    issuer: Issuer
    changed_at: str

    def spec(self) -> dict[str, Any]:
        """As it stands in a declarative document."""
        return issuer_spec(self.issuer)


def issuer_spec(issuer: Issuer) -> dict[str, Any]:
    """An issuer as it stands in a declarative document."""
    return {
        "weight": issuer.weight,
        "keys": sorted(key.pem.decode() for key in issuer.keys),
    }


def find_vex(tx: Tx, vex_id: str) -> VexRow:
    """Raises UnknownVexDocument."""
    mine = (vex_document.c.tenant == tx.tenant, vex_document.c.id == vex_id)
    row = tx.row(select(vex_document).where(*mine))
    if row is None:
        raise UnknownVexDocument(
            f"there is no VEX document {vex_id[:80]!r}",
            remedy=Remedy("List them.", command="stella vex list"),
            id=vex_id[:80],
        )
    return _row(row)


def standing_vex(tx: Tx, digest: str | None = None) -> tuple[VexRow, ...]:
    """Every document that was not withdrawn, the oldest first. digest: those of these bytes only."""
    table = vex_document.c
    query = select(vex_document).where(
        table.tenant == tx.tenant, table.state == DocumentState.STANDING.value
    )
    if digest is not None:
        query = query.where(table.digest == digest)
    return tuple(_row(row) for row in tx.rows(query.order_by(table.id)))


def knows_vex(tx: Tx, digest: str) -> bool:
    """Whether these bytes were ever taken in, be it that they were withdrawn."""
    table = vex_document.c
    query = select(table.id).where(table.tenant == tx.tenant, table.digest == digest)
    return tx.row(query) is not None


def withdrawn_like(tx: Tx, document: Document) -> tuple[str, ...]:
    """The digests of those withdrawn that say of themselves what ``document`` does."""
    table = vex_document.c
    query = select(table.digest).where(
        table.tenant == tx.tenant,
        table.state == DocumentState.WITHDRAWN.value,
        table.format == document.format.value,
        table.said_id == document.id,
        table.version == version_text(document),
        table.statements == len(document.statements),
    )
    return tuple(row["digest"] for row in tx.rows(query.order_by(table.id)))


def version_text(document: Document) -> str:
    """A document's version as it stands in its row."""
    return ".".join(map(str, document.version))


def revisions_of(tx: Tx, vex_id: str) -> frozenset[str]:
    """The digests of the document and of all that go by the same name."""
    known = find_vex(tx, vex_id)
    same = (vex_document.c.tenant == tx.tenant, vex_document.c.said_id == known.said_id)
    rows = tx.rows(select(vex_document.c.digest).where(*same)) if known.said_id else ()
    return frozenset({known.digest, *(row["digest"] for row in rows)})


def list_vex(tx: Tx, *, after: str | None = None, limit: int = 100) -> tuple[VexRow, ...]:
    """All of them, the newest first, after an id."""
    table = vex_document.c
    query = select(vex_document).where(table.tenant == tx.tenant)
    if after is not None:
        query = query.where(table.id < after)
    return tuple(_row(row) for row in tx.rows(query.order_by(table.id.desc()).limit(limit)))


def insert_vex(tx: Tx, value: VexRow) -> None:
    """A new row."""
    tx.connection.execute(vex_document.insert().values(tenant=tx.tenant, **_columns(value)))


def update_vex(tx: Tx, value: VexRow) -> None:
    """The row of ``value.id`` as ``value`` says."""
    mine = (vex_document.c.tenant == tx.tenant, vex_document.c.id == value.id)
    tx.connection.execute(vex_document.update().where(*mine).values(**_columns(value)))


def list_issuers(tx: Tx) -> tuple[KnownIssuer, ...]:
    """By name; the installation itself is not among them."""
    query = select(vex_issuer).where(vex_issuer.c.tenant == tx.tenant)
    return tuple(_issuer(row) for row in tx.rows(query.order_by(vex_issuer.c.name)))


def find_issuer(tx: Tx, name: str) -> KnownIssuer:
    """Raises UnknownVexIssuer."""
    mine = (vex_issuer.c.tenant == tx.tenant, vex_issuer.c.name == name)
    row = tx.row(select(vex_issuer).where(*mine))
    if row is None:
        raise UnknownVexIssuer(
            f"there is no VEX issuer {name[:80]!r}",
            remedy=Remedy(
                "Apply a document of the kind VexIssuer, or list them: stella vex issuers"
            ),
            name=name[:80],
        )
    return _issuer(row)


def put_issuer(tx: Tx, value: Issuer) -> None:
    """Insert or replace."""
    mine = (vex_issuer.c.tenant == tx.tenant, vex_issuer.c.name == value.name)
    values = {"spec": json.dumps(issuer_spec(value)), "changed_at": time_text(tx.now)}
    replaced = tx.connection.execute(vex_issuer.update().where(*mine).values(**values))
    if replaced.rowcount == 0:
        row = vex_issuer.insert().values(tenant=tx.tenant, name=value.name, **values)
        tx.connection.execute(row)


def delete_issuer_row(tx: Tx, name: str) -> None:
    """The issuer alone: their documents stay, an unknown issuer's."""
    mine = (vex_issuer.c.tenant == tx.tenant, vex_issuer.c.name == name)
    tx.connection.execute(delete(vex_issuer).where(*mine))


def _columns(value: VexRow) -> dict[str, Any]:
    return columns_of(value, state=value.state.value, basis=value.basis.value)


def _row(row: Any) -> VexRow:
    values = fields_of(row)
    values["state"] = DocumentState(values["state"])
    values["basis"] = Basis(values["basis"])
    return VexRow(**values)


def _issuer(row: Any) -> KnownIssuer:
    spec = json.loads(row["spec"])
    keys = tuple(PublicKey(pem.encode()) for pem in spec["keys"])
    return KnownIssuer(Issuer(row["name"], spec["weight"], keys), row["changed_at"])
