"""Evidence: the locker, each packet verified, and its bytes. Taking one out is a fact."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from stella.api.asked import Asked, Viewer
from stella.api.looking import Cursor, Integrator, Limit, after_of, page
from stella.api.views.base import Body, Page
from stella.api.views.evidence import (
    EvidenceCopy,
    EvidenceRef,
    EvidenceView,
    evidence_ref,
    evidence_view,
)
from stella.api.views.ledger import PublicStatementRef
from stella.evidence import names
from stella.evidence.copy import copy_packet
from stella.evidence.errors import NoSuchPacket
from stella.evidence.facts import EvidenceCopied, EvidenceRead
from stella.evidence.packet import FILE_SUFFIX, read_packet
from stella.evidence.store import Kept, find_evidence, list_evidence
from stella.kernel import Digest, Remedy
from stella.ledger.store import public_of
from stella.plugin.contract.core import Kind
from stella.plugin.contract.object_store import ObjectStore
from stella.record import Tx

router = APIRouter(prefix="/evidence", tags=["evidence"])


class CopyPlace(Body):
    """The integration of an object store."""

    integration: str


@router.get("")
def get_evidence_list(
    asked: Viewer, *, subject: str | None = None, cursor: Cursor = None, limit: Limit = 100
) -> Page[EvidenceRef]:
    """Packets, the newest first."""
    with asked.read() as tx:
        rows = list_evidence(tx, subject=subject, after=after_of(cursor), limit=limit)
    return page(rows, limit, evidence_ref, lambda one: one.id)


@router.get("/{evidence}")
def get_evidence(asked: Viewer, evidence: str) -> EvidenceView:
    """One packet, by its id or by the promotion or deployment, verified now."""
    kept = _taken_out(asked, evidence)
    return evidence_view(kept, asked.services.blobs, asked.services.trust_root)


@router.get(
    "/{evidence}/packet",
    response_class=Response,
    responses={200: {"content": {"application/x-tar": {}}}},
)
def get_packet(asked: Viewer, evidence: str) -> Response:
    """The packet, byte for byte."""
    kept = _taken_out(asked, evidence)
    return Response(
        asked.services.blobs.get(Digest(kept.digest)),
        media_type="application/x-tar",
        headers={"Content-Disposition": f'attachment; filename="{kept.name}{FILE_SUFFIX}"'},
    )


@router.get(
    "/{evidence}/entries/{entry:path}",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def get_entry(asked: Viewer, evidence: str, entry: Annotated[str, Path()]) -> Response:
    """One file of a packet. HTML comes as text: a report is opened from the packet, not from here."""
    kept = _taken_out(asked, evidence)
    entries = read_packet(asked.services.blobs.get(Digest(kept.digest))).entries
    if entry not in entries:
        raise NoSuchPacket(
            f"the packet has no entry {entry[:120]!r}",
            remedy=Remedy("List its entries.", command=f"stella evidence get {kept.id}"),
        )
    kind = names.media_type(entry)
    return Response(
        entries[entry], media_type="text/plain; charset=utf-8" if "html" in kind else kind
    )


@router.get("/{evidence}/statements")
def get_public_statements(asked: Viewer, evidence: str) -> Page[PublicStatementRef]:
    """The statements of a packet that are in the ledger."""
    with asked.read() as tx:
        kept = find_evidence(tx, evidence)
        entries = read_packet(asked.services.blobs.get(Digest(kept.digest))).entries
        found = [
            PublicStatementRef(entry=name, bundle=digest.text, public=public.text)
            for name, content in sorted(entries.items())
            if name.endswith(".json")
            and (public := public_of(tx, digest := Digest.of(content))) is not None
        ]
    return Page(items=found, next=None)


@router.get(
    "/{evidence}/statements/{entry:path}",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}},
)
def get_public_statement(asked: Viewer, evidence: str, entry: Annotated[str, Path()]) -> Response:
    """A statement of a packet with certificate and inclusion proof, as stock tools verify it."""
    kept = _taken_out(asked, evidence)
    blobs = asked.services.blobs
    content = read_packet(blobs.get(Digest(kept.digest))).entries.get(entry)
    with asked.read() as tx:
        public = None if content is None else public_of(tx, Digest.of(content))
    if public is None:
        raise NoSuchPacket(
            f"the packet has no statement {entry[:120]!r} in the ledger",
            remedy=Remedy("Ask which there are; they are logged when a packet is closed."),
        )
    return Response(blobs.get(public), media_type="application/json")


@router.post("/{evidence}/copies", response_model=EvidenceCopy)
def post_copy(asked: Integrator, evidence: str, body: CopyPlace) -> Response:
    """Put a packet into an object store, with the trusted root beside it; never over another object."""
    earlier = asked.earlier()
    if earlier is not None:
        return earlier
    services, roles = asked.services, frozenset(one.value for one in asked.principal.roles)
    with asked.read() as tx:
        kept = find_evidence(tx, evidence)
    store: ObjectStore = services.outside.connected(Kind.OBJECT_STORE, body.integration, roles)
    content = services.blobs.get(Digest(kept.digest))
    copied = copy_packet(store, kept, content, services.trust_root.to_json())

    def do(tx: Tx) -> EvidenceCopy:
        tx.add(EvidenceCopied(kept.id, kept.digest, body.integration, copied.key))
        return EvidenceCopy(
            id=kept.id,
            digest=kept.digest,
            integration=body.integration,
            key=copied.key,
            is_new=copied.is_new,
        )

    return asked.once(do)


def _taken_out(asked: Asked, evidence: str) -> Kept:
    with asked.services.database.transaction(actor=asked.principal.id) as tx:
        kept = find_evidence(tx, evidence)
        tx.add(EvidenceRead(kept.id, kept.digest))
    return kept
