"""Waivers: asked for by one person, approved by another, ended by either or by time."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from stella.api.asked import Viewer
from stella.api.looking import (
    Cursor,
    Limit,
    WaiverApprover,
    WaiverRequester,
    after_of,
    asking_person,
    look,
    one_of,
    page,
)
from stella.api.views.base import Body, Page
from stella.api.views.waivers import WaiverView, waiver_view
from stella.kernel import parse_time
from stella.promotion.exceptions.waive import Wish, approve_waiver, end_waiver, request_waiver
from stella.promotion.exceptions.waiver_store import find_waiver, list_waivers
from stella.promotion.lifecycle import WaiverState
from stella.record import Tx

router = APIRouter(prefix="/waivers", tags=["waivers"])


class NewWaiver(Body):
    """What shall be passed over, and until when. finding, component: one of them at least.

    finding: id or alias. unknown: also where the rule could not know.
    """

    environment: str
    rule: str
    reason: str
    expires_at: str
    finding: str | None = None
    component: str | None = None
    unknown: bool = False


class WaiverComment(Body):
    """Why."""

    comment: str = ""


@router.get("")
def get_waivers(
    asked: Viewer,
    *,
    environment: str | None = None,
    state: Annotated[str | None, Query(description="Comma between several.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[WaiverView]:
    """Waivers, the newest first."""
    wanted = one_of("state", state, WaiverState)
    with asked.read() as tx:
        looking = look(asked, tx)
        rows = list_waivers(
            tx,
            environment=environment,
            states=None if wanted is None else frozenset(map(WaiverState, wanted)),
            after=after_of(cursor),
            limit=limit,
        )
        return page(rows, limit, lambda one: waiver_view(looking, one), lambda one: one.id)


@router.post("", status_code=201, response_model=WaiverView)
def post_waiver(asked: WaiverRequester, body: NewWaiver) -> Response:
    """Ask for a waiver; it counts once somebody else has approved it."""
    wish = Wish(
        environment=body.environment,
        rule=body.rule,
        finding=body.finding,
        component=body.component,
        unknown=body.unknown,
        reason=body.reason,
        expires_at=parse_time(body.expires_at),
    )

    def do(tx: Tx) -> WaiverView:
        return waiver_view(look(asked, tx), request_waiver(tx, asking_person(asked), wish))

    return asked.once(do, status=201)


@router.get("/{waiver}")
def get_waiver(asked: Viewer, waiver: str) -> WaiverView:
    """One waiver."""
    with asked.read() as tx:
        return waiver_view(look(asked, tx), find_waiver(tx, waiver))


@router.post("/{waiver}/approve", response_model=WaiverView)
def post_waiver_approval(asked: WaiverApprover, waiver: str, body: WaiverComment) -> Response:
    """Agree, as the second person."""

    def do(tx: Tx) -> WaiverView:
        after = approve_waiver(
            tx, asking_person(asked), waiver, body.comment, asked.principal.proof
        )
        return waiver_view(look(asked, tx), after)

    return asked.once(do)


@router.post("/{waiver}/end", response_model=WaiverView)
def post_waiver_end(asked: WaiverRequester, waiver: str, body: WaiverComment) -> Response:
    """Take it back before its time: whoever may ask for one may, since it only makes things stricter."""
    return asked.once(lambda tx: waiver_view(look(asked, tx), end_waiver(tx, waiver, body.comment)))
