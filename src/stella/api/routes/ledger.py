"""The ledger: public as tiles (c2sp.org/tlog-tiles), and what is asked of it."""

import re
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Path, Request, Response

from stella.api.asked import Asked, Viewer, needs
from stella.api.services import Services
from stella.api.views.base import Body
from stella.api.views.ledger import LedgerEntryView, LedgerView, LoggedView
from stella.identity import Permission
from stella.kernel import Digest, Remedy
from stella.ledger import CHECKPOINT, NoSuchEntry, Signed
from stella.ledger.facts import CheckpointCosigned, StatementLogged
from stella.ledger.tiles import covered, no_such
from stella.trust import PublicKey
from stella.trust.keys import public_key

router = APIRouter(prefix="/ledger", tags=["ledger"])

_Responses: TypeAlias = dict[int | str, dict[str, Any]]
Scanner: TypeAlias = Annotated[Asked, needs(Permission.IMAGE_SCAN)]

_TILE = re.compile(r"(?:[0-9]{1,2}|entries)/(?:x[0-9]{3}/){0,5}[0-9]{3}(?:\.p/[1-9][0-9]{0,2})?\Z")
_FOR_EVER = "public, max-age=31536000, immutable"
_INDEX_MAX = 2**53
_TEXT: _Responses = {200: {"content": {"text/plain": {}}}}
_BYTES: _Responses = {200: {"content": {"application/octet-stream": {}}}}


class StatementToLog(Body):
    """A statement to log. bundle: the key-only Sigstore bundle, as text; key: its signer's, in PEM."""

    bundle: str
    key: str


class Cosigned(Body):
    """The last checkpoint as witnesses signed it (c2sp.org/tlog-cosignature), a signed note."""

    checkpoint: str


@router.get("")
def get_ledger(asked: Viewer) -> LedgerView:
    """How long the ledger is, its last checkpoint, and the key that its clients need."""
    attestor = asked.services.attestor
    return LedgerView.of(attestor, attestor.log.head())


@router.get("/checkpoint", response_class=Response, responses=_TEXT)
def get_ledger_checkpoint(request: Request) -> Response:
    """The last published checkpoint, a signed note. Public."""
    content = _read(request, CHECKPOINT)
    return Response(
        content,
        media_type="text/plain; charset=utf-8",
        headers={"Cache-Control": "public, max-age=1"},
    )


@router.get("/tile/{tile:path}", response_class=Response, responses=_BYTES)
def get_ledger_tile(request: Request, tile: Annotated[str, Path()]) -> Response:
    """A tile of hashes, `LEVEL/INDEX`, or a bundle of entries, `entries/INDEX`. Public."""
    if not _TILE.match(tile):
        raise NoSuchEntry(
            "that is no tile of a ledger",
            remedy=Remedy("Ask for LEVEL/INDEX or entries/INDEX, as c2sp.org/tlog-tiles says."),
        )
    services: Services = request.app.state.services
    head = services.attestor.log.published()
    # What a checkpoint does not hold yet may be written anew, with other bytes.
    if head is None or not covered(tile, head.size):
        raise no_such(f"tile/{tile} in the ledger")
    content = _read(request, f"tile/{tile}")
    headers = {"Cache-Control": _FOR_EVER}
    return Response(content, media_type="application/octet-stream", headers=headers)


@router.get("/entries/{index}")
def get_ledger_entry(
    asked: Viewer, index: Annotated[int, Path(ge=0, le=_INDEX_MAX)]
) -> LedgerEntryView:
    """One entry, and the proof that it lies there."""
    return LedgerEntryView.of(asked.services.attestor.log.prove(index))


@router.post("/statements")
def post_ledger_statement(asked: Scanner, body: StatementToLog) -> LoggedView:
    """Log a statement that somebody's key has signed; the same as a bundle with its proof.

    Asked again it is logged again, which harms nothing.
    """
    key = public_key(PublicKey(body.key.encode()).loaded)
    services = asked.services
    (made,) = services.attestor.attest(Signed(body.bundle.encode(), key))
    with services.database.transaction(actor=asked.principal.id) as tx:
        tx.add(StatementLogged(Digest.of(made).text, key.key_id))
    return LoggedView(bundle=made.decode(), digest=Digest.of(made).text)


@router.post("/cosignatures")
def post_ledger_cosignature(asked: Scanner, body: Cosigned) -> LedgerView:
    """Put the signatures of witnesses under the last checkpoint; others than known ones are dropped."""
    services = asked.services
    attestor = services.attestor
    standing = attestor.log.cosign(body.checkpoint, attestor.witnesses)
    head = attestor.log.head()
    if standing and head is not None:
        with services.database.transaction(actor=asked.principal.id) as tx:
            tx.add(CheckpointCosigned(attestor.name, head.size, standing))
    return LedgerView.of(attestor, head)


def _read(request: Request, path: str) -> bytes:
    services: Services = request.app.state.services
    return services.attestor.log.read(path)
