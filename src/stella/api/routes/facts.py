"""Facts: the list, the chain, the stream."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from stella.api.actors import actors
from stella.api.asked import Viewer
from stella.api.errors import MalformedCursor
from stella.api.events import Streams, fact_stream
from stella.api.views.base import Page
from stella.api.views.facts import ChainView, FactView
from stella.kernel import Remedy
from stella.ledger import Fault
from stella.record import facts_after, facts_before, verify_chain

router = APIRouter(tags=["facts"])

_POSITION_MAX = 2**53


@router.get("/facts")
def get_facts(
    asked: Viewer,
    *,
    subject: str | None = None,
    kind: str | None = None,
    after: Annotated[int, Query(ge=0, le=_POSITION_MAX, description="A place in the chain.")] = 0,
    newest: Annotated[bool, Query(description="The newest first.")] = False,
    cursor: Annotated[str | None, Query(description="`next` of the part before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Page[FactView]:
    """Sealed facts in the order of the chain, or against it."""
    start = _position(cursor) if cursor is not None else None
    with asked.read() as tx:
        if newest:
            facts = facts_before(tx, start, limit=limit, subject=subject, kind=kind)
        else:
            begin = after if start is None else start
            facts = facts_after(tx, begin, limit=limit, subject=subject, kind=kind)
        known = actors(tx, [fact.actor for fact in facts])
    following = str(facts[-1].position) if len(facts) == limit else None
    return Page(items=[FactView.of(fact, known) for fact in facts], next=following)


@router.get("/audit/verify")
def get_audit_verify(asked: Viewer) -> ChainView:
    """Walk the whole chain of facts: changed, missing and inserted ones are found.

    It is held against the ledger, so that a chain which the database's owner made anew is found too.
    """
    with asked.read() as tx:
        tenant = tx.tenant
    ledger = asked.services.attestor.rebuilt()
    if ledger.faults:
        return ChainView.unheld(ledger.faults[0])
    marks: dict[int, str] = {}
    for index, one in ledger.audits.items():
        if one.tenant == tenant and marks.setdefault(one.position, one.head) != one.head:
            words = f"it says two things of the fact {one.position}: the chain was made anew"
            return ChainView.unheld(Fault(f"entry {index}", words))
    with asked.read() as tx:
        return ChainView.of(verify_chain(tx, marks), marks)


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
def get_events(
    request: Request,
    asked: Viewer,
    *,
    after: Annotated[int | None, Query(ge=0, le=_POSITION_MAX)] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Server-sent events: `synced` with the revision, then each fact as it is sealed."""
    # A browser that connects again sends the place it had; that is later than `after`.
    start = _position(last_event_id) if last_event_id else after
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    streams: Streams = request.app.state.streams
    streams.refuse_beyond(asked.principal.id)
    stream = fact_stream(asked.services, streams, asked.principal, start)
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


def _position(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise MalformedCursor(
            "that is no place in the chain of facts",
            remedy=Remedy("Begin without one, and pass on `next` as it came."),
        )
    return int(text)
