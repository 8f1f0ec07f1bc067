"""Promotions."""

from datetime import datetime
from typing import Annotated, Literal, TypedDict

from fastapi import APIRouter, Query, Response
from pydantic import Field

from stella.api.asked import Viewer
from stella.api.looking import (
    Approver,
    Cursor,
    Limit,
    Requester,
    after_of,
    asking_person,
    look,
    one_of,
    page,
)
from stella.api.views.base import Body, Page
from stella.api.views.promotions import (
    AlikeView,
    DecisionView,
    PreviewView,
    PromotionView,
    diff_view,
    plan_view,
    promotion_view,
)
from stella.deployment.plan import read_plan
from stella.identity import Permission, record_refusal
from stella.kernel import parse_time
from stella.promotion.approval.approve import approve_promotion, cancel_promotion, reject_promotion
from stella.promotion.approval.approve_alike import alike_for, approve_alike
from stella.promotion.evaluate import evaluate_promotion, preview_promotion, waits_for_scan
from stella.promotion.gates.start_window import StartWindow
from stella.promotion.lifecycle import State
from stella.promotion.model import Rank, document
from stella.promotion.request import deployable, promotable, request_promotion, request_several
from stella.promotion.store import find_promotion, list_promotions
from stella.record import Tx

router = APIRouter(prefix="/promotions", tags=["promotions"])


class _Wish(Body):
    """What to promote. release: id or name@version.

    not_before, not_after: when its deployment may begin; at any time where they are left out.
    expires_at: when it ends by itself where it has not begun; left out: as the environment has it.
    priority: who goes first where several may go. hotfix: leave out the phases that its lifecycle lets
    who asks leave out; it needs a reason. change_ticket: its key, or INTEGRATION:KEY.
    """

    release: str
    reason: str = ""
    not_before: str | None = None
    not_after: str | None = None
    expires_at: str | None = None
    priority: Literal["high", "normal", "low"] = "normal"
    hotfix: bool = False
    change_ticket: Annotated[str, Field(max_length=200)] = ""


class NewPromotion(_Wish):
    """What to promote, and where. release: id or name@version.

    not_before, not_after: when its deployment may begin; at any time where they are left out.
    expires_at: when it ends by itself where it has not begun; left out: as the environment has it.
    priority: who goes first where several may go. hotfix: leave out the phases that its lifecycle lets
    who asks leave out; it needs a reason. change_ticket: its key, or INTEGRATION:KEY.
    """

    environment: str


class Wished(NewPromotion):
    """What would be asked for. together: the other environments that the same request names."""

    together: Annotated[list[str], Field(default_factory=list, max_length=50)]


class NewPromotions(_Wish):
    """The same for several environments: for all of them or for none."""

    environments: list[str]


class Approval(Body):
    """A yes to exactly this plan. stands_for: name of the absent one in whose place it is given."""

    plan_digest: str
    comment: str = ""
    stands_for: str | None = None


class SeenPlan(Body):
    """The plan of a promotion that was looked at."""

    promotion: str
    plan_digest: str


class Approvals(Body):
    """A yes to each of these plans. stands_for: name of the absent one in whose place it is given."""

    plans: list[SeenPlan]
    comment: str = ""
    stands_for: str | None = None


class Comment(Body):
    """Why."""

    comment: str


@router.get("")
def get_promotions(
    asked: Viewer,
    *,
    environment: str | None = None,
    release: str | None = None,
    state: Annotated[str | None, Query(description="Comma between several.")] = None,
    waiting_for_me: Annotated[bool, Query(alias="waitingForMe")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PromotionView]:
    """Promotions, the newest first."""
    wanted = one_of("state", state, State)
    states = None if wanted is None else frozenset(map(State, wanted))
    with asked.read() as tx:
        looking = look(asked, tx)
        rows = list_promotions(
            tx,
            environment=environment,
            release=release,
            states=frozenset({State.WAITING}) if waiting_for_me else states,
            after=after_of(cursor),
            limit=limit,
        )
        shown = page(rows, limit, lambda one: promotion_view(looking, one), lambda one: one.id)
    if not waiting_for_me:
        return shown
    return Page(items=[one for one in shown.items if one.actions.approve.allowed], next=shown.next)


@router.get("/alike")
def get_alike(asked: Viewer) -> Page[AlikeView]:
    """What waits for who asks, in groups that one word approves: like with like."""
    with asked.read() as tx:
        looking = look(asked, tx)
        found = alike_for(tx, asked.services.blobs, asking_person(asked))
        return Page(
            items=[
                AlikeView(
                    promotions=[promotion_view(looking, one) for one in group.promotions],
                    rules=list(group.rules),
                    stands_for=group.stands_for,
                    apart=group.apart,
                )
                for group in found
            ]
        )


@router.post("", status_code=201, response_model=PromotionView)
def post_promotion(asked: Requester, body: NewPromotion) -> Response:
    """Ask for a release in an environment; the gates judge it soon after."""

    def do(tx: Tx) -> PromotionView:
        made = request_promotion(
            tx, asking_person(asked), environment=body.environment, **_terms(body)
        )
        return promotion_view(look(asked, tx), made)

    return asked.once(do, status=201)


@router.post("/several", status_code=201, response_model=Page[PromotionView])
def post_promotions(asked: Requester, body: NewPromotions) -> Response:
    """Ask for a release in several environments; each is judged by itself, in their order."""

    def do(tx: Tx) -> Page[PromotionView]:
        made = request_several(
            tx, asking_person(asked), environments=body.environments, **_terms(body)
        )
        looking = look(asked, tx)
        return Page(items=[promotion_view(looking, one) for one in made])

    return asked.once(do, status=201)


@router.post("/approve", response_model=Page[PromotionView])
def post_approvals(asked: Approver, body: Approvals) -> Response:
    """Say yes to several promotions of the same images that the same rules ask for, or to none."""
    plans = {one.promotion: one.plan_digest for one in body.plans}

    def do(tx: Tx) -> Page[PromotionView]:
        approve_alike(
            tx,
            asking_person(asked),
            plans,
            comment=body.comment,
            blobs=asked.services.blobs,
            signer=asked.services.keys.evidence,
            stands_for=body.stands_for,
            proof=asked.principal.proof,
        )
        looking = look(asked, tx)
        return Page(items=[promotion_view(looking, find_promotion(tx, one)) for one in plans])

    return asked.once(do)


@router.post("/preview")
def preview_of_promotion(asked: Requester, body: Wished) -> PreviewView:
    """What the gates would say now, and what would happen. Nothing is stored."""
    # But for documents under their digests, which are harmless by themselves.
    with asked.read() as tx:
        looking = look(asked, tx)
        release = promotable(tx, body.release)
        deployable(tx, body.environment)
        decision, assembled = preview_promotion(
            tx,
            asking_person(asked),
            release,
            body.environment,
            looking.deciding,
            hotfix=body.hotfix,
            change_ticket=body.change_ticket,
            together=body.together,
        )
        return PreviewView(
            decision=DecisionView.model_validate(document(decision)),
            plan=plan_view(assembled.given.deployment_plan, read_plan(assembled.plan)),
            diff=diff_view(looking, release, body.environment),
        )


@router.get("/{promotion}")
def get_promotion(asked: Viewer, promotion: str) -> PromotionView:
    """One promotion, with everything that a decision about it needs."""
    with asked.read() as tx:
        return promotion_view(look(asked, tx), find_promotion(tx, promotion))


@router.post("/{promotion}/approve", response_model=PromotionView)
def post_approval(asked: Approver, promotion: str, body: Approval) -> Response:
    """Say yes to the plan that was looked at."""

    def do(tx: Tx) -> PromotionView:
        approve_promotion(
            tx,
            asking_person(asked),
            promotion,
            plan_digest=body.plan_digest,
            comment=body.comment,
            blobs=asked.services.blobs,
            signer=asked.services.keys.evidence,
            stands_for=body.stands_for,
            proof=asked.principal.proof,
        )
        return promotion_view(look(asked, tx), find_promotion(tx, promotion))

    return asked.once(do)


@router.post("/{promotion}/reject", response_model=PromotionView)
def post_rejection(asked: Approver, promotion: str, body: Comment) -> Response:
    """Say no, which ends it."""

    def do(tx: Tx) -> PromotionView:
        after = reject_promotion(tx, asking_person(asked), promotion, body.comment)
        return promotion_view(look(asked, tx), after)

    return asked.once(do)


@router.post("/{promotion}/cancel", response_model=PromotionView)
def post_cancellation(asked: Viewer, promotion: str, body: Comment) -> Response:
    """Take it back before it is deployed: one's own, or anybody's for an operator."""
    with asked.read() as tx:
        is_own = find_promotion(tx, promotion).requested_by.id == asked.principal.id
    if not is_own and Permission.PROMOTION_CANCEL not in asked.principal.permissions:
        with asked.services.database.transaction(actor=asked.principal.id) as tx:
            denied = record_refusal(
                tx, asked.principal, Permission.PROMOTION_CANCEL, f"cancel {promotion}"
            )
        raise denied

    def do(tx: Tx) -> PromotionView:
        after = cancel_promotion(tx, promotion, body.comment)
        return promotion_view(look(asked, tx), after)

    return asked.once(do)


@router.post("/{promotion}/evaluate", response_model=PromotionView)
def post_evaluation(asked: Requester, promotion: str) -> Response:
    """Judge it again now; while an image of it is being scanned it stays as it is."""

    def do(tx: Tx) -> PromotionView:
        before = find_promotion(tx, promotion)
        if waits_for_scan(tx, before):
            return promotion_view(look(asked, tx), before)
        after = evaluate_promotion(
            tx, promotion, asked.services.deciding, asked.services.keys.evidence
        )
        return promotion_view(look(asked, tx), after)

    return asked.once(do)


class _Terms(TypedDict):
    release: str
    reason: str
    start: StartWindow
    expires_at: datetime | None
    rank: Rank
    hotfix: bool
    change_ticket: str


def _terms(body: _Wish) -> _Terms:
    """A wish as the use cases take it. Raises MalformedTime."""
    return _Terms(
        release=body.release,
        reason=body.reason,
        start=StartWindow(_time(body.not_before), _time(body.not_after)),
        expires_at=_time(body.expires_at),
        rank=Rank[body.priority.upper()],
        hotfix=body.hotfix,
        change_ticket=body.change_ticket,
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else parse_time(text)
