"""The tables of VEX documents and of issuers."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Index, Integer, String, Table, Text, delete, or_, select

from stella.kernel import Remedy, time_text
from stella.record.parts import in_parts
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx
from stella.trust import PublicKey
from stella.vex.consensus import Heard
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
    Column("source", String(80), nullable=False, server_default=""),
    Index(None, "tenant", "state"),
    Index(None, "tenant", "digest"),
    Index(None, "tenant", "source"),
)

vex_issuer = Table(
    "vex_issuer",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("spec", Text, nullable=False),
    Column("changed_at", String(27), nullable=False),
)


BESIDE = "image:"
"""How the source begins of what lies beside an image; its digest follows."""


class DocumentState(StrEnum):
    """Whether a document counts. One that was withdrawn here stays so, whoever brings it again."""

    STANDING = "standing"
    WITHDRAWN = "withdrawn"
    GONE = "gone"  # it lies no more where it was found


@dataclass(frozen=True, slots=True)
class VexRow:
    """One document that was taken in. digest: of its bytes in the blob store.

    said_id, version, author: as it says itself. issuer, basis: whose it was taken to be then; with a
    signature, whose it is now follows from the issuers' keys of now. by: who handed it in. source: the
    feed that holds it, or ``image:`` and the digest of the image that it lies beside; "" where neither.
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
    source: str = ""


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
    spec: dict[str, Any] = {
        "weight": issuer.weight,
        "keys": sorted(key.pem.decode() for key in issuer.keys),
    }
    return spec | ({"feeds": list(issuer.feeds)} if issuer.feeds else {})


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


def standing_vex(
    tx: Tx, digest: str | None = None, *, source: str | None = None
) -> tuple[VexRow, ...]:
    """Every document that counts, the oldest first. digest: of these bytes; source: from there."""
    table = vex_document.c
    query = select(vex_document).where(
        table.tenant == tx.tenant, table.state == DocumentState.STANDING.value
    )
    if digest is not None:
        query = query.where(table.digest == digest)
    if source is not None:
        query = query.where(table.source == source)
    return tuple(_row(row) for row in tx.rows(query.order_by(table.id)))


def withdrawn_digests(tx: Tx) -> frozenset[str]:
    """Of the documents that somebody here has withdrawn."""
    table = vex_document.c
    query = select(table.digest).where(
        table.tenant == tx.tenant, table.state == DocumentState.WITHDRAWN.value
    )
    return frozenset(str(row["digest"]) for row in tx.rows(query))


def named_alike(tx: Tx, digests: Iterable[str]) -> frozenset[str]:
    """``digests``, and those of all documents that go by the name of one of them."""
    found, table = set(digests), vex_document.c
    for part in in_parts(found):
        names = select(table.said_id).where(
            table.tenant == tx.tenant, table.digest.in_(part), table.said_id != ""
        )
        query = select(table.digest).where(table.tenant == tx.tenant, table.said_id.in_(names))
        found |= {str(row["digest"]) for row in tx.rows(query)}
    return frozenset(found)


def knows_vex(tx: Tx, digest: str, source: str) -> bool:
    """Whether these bytes were handed in, found at ``source`` before, or withdrawn."""
    table = vex_document.c
    is_known = or_(
        table.state == DocumentState.WITHDRAWN.value,
        (table.state == DocumentState.STANDING.value) & table.source.in_({"", source}),
    )
    query = select(table.id).where(table.tenant == tx.tenant, table.digest == digest, is_known)
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


def insert_heard(tx: Tx, heard: Heard, source: str) -> VexRow:
    """A document that was heard just now: it stands. source: where it was found."""
    document = heard.document
    value = VexRow(
        id=tx.new_id("vex"),
        digest=document.digest.text,
        state=DocumentState.STANDING,
        format=document.format.value,
        said_id=document.id,
        version=version_text(document),
        author=document.author,
        issuer=heard.issuer.name,
        basis=heard.basis,
        statements=len(document.statements),
        gaps=len(document.gaps),
        by=tx.actor,
        at=time_text(tx.now),
        source=source,
    )
    tx.connection.execute(vex_document.insert(), {"tenant": tx.tenant, **_columns(value)})
    return value


def update_vex(tx: Tx, value: VexRow) -> None:
    """The row of ``value.id`` as ``value`` says."""
    mine = (vex_document.c.tenant == tx.tenant, vex_document.c.id == value.id)
    tx.connection.execute(vex_document.update().where(*mine), _columns(value))


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
    values = {"spec": json.dumps(issuer_spec(value)), "changed_at": time_text(tx.now)}
    tx.put(vex_issuer, {"name": value.name}, values)


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
    feeds = tuple(spec.get("feeds", ()))
    return KnownIssuer(Issuer(row["name"], spec["weight"], keys, feeds), row["changed_at"])
