"""Break-glass: in an emergency two people let one promotion through its gates, and everybody hears."""

from fastapi import APIRouter, Response

from stella.api.asked import Viewer
from stella.api.looking import GlassBreaker, asking_person
from stella.api.views.base import Body
from stella.api.views.break_glass import BreakGlassView, break_glass_view
from stella.kernel import parse_time
from stella.promotion.exceptions.break_glass import (
    agree_to_break_glass,
    end_break_glass,
    request_break_glass,
)
from stella.promotion.exceptions.break_glass_store import find_break_glass
from stella.promotion.store import find_promotion
from stella.record import Tx

router = APIRouter(prefix="/promotions/{promotion}/break-glass", tags=["promotions"])


class NewBreakGlass(Body):
    """For exactly this plan, why, and until when: within what the environment allows."""

    plan_digest: str
    reason: str
    ends_at: str


class BreakGlassComment(Body):
    """Why."""

    comment: str = ""


@router.get("")
def get_break_glass(asked: Viewer, promotion: str) -> BreakGlassView:
    """The last that was asked for."""
    with asked.read() as tx:
        return break_glass_view(tx, find_break_glass(tx, find_promotion(tx, promotion).id))


@router.post("", status_code=201, response_model=BreakGlassView)
def post_break_glass(asked: GlassBreaker, promotion: str, body: NewBreakGlass) -> Response:
    """Ask for it; it counts once another person has agreed. Everybody who hears of promotions is told."""
    ends_at = parse_time(body.ends_at)

    def do(tx: Tx) -> BreakGlassView:
        made = request_break_glass(
            tx,
            asking_person(asked),
            promotion,
            plan_digest=body.plan_digest,
            reason=body.reason,
            ends_at=ends_at,
            blobs=asked.services.blobs,
            proof=asked.principal.proof,
        )
        return break_glass_view(tx, made)

    return asked.once(do, status=201)


@router.post("/agree", response_model=BreakGlassView)
def post_break_glass_agreement(
    asked: GlassBreaker, promotion: str, body: BreakGlassComment
) -> Response:
    """Agree, as the second person: the promotion is judged again soon after."""

    def do(tx: Tx) -> BreakGlassView:
        after = agree_to_break_glass(
            tx, asking_person(asked), promotion, body.comment, asked.principal.proof
        )
        return break_glass_view(tx, after)

    return asked.once(do)


@router.post("/end", response_model=BreakGlassView)
def post_break_glass_end(asked: GlassBreaker, promotion: str, body: BreakGlassComment) -> Response:
    """Take it back before its end: whoever may break the glass may, since that makes things stricter."""
    return asked.once(lambda tx: break_glass_view(tx, end_break_glass(tx, promotion, body.comment)))
