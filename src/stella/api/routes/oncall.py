"""On-call schedules: who is on call, and shifts that people take."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from stella.api.asked import Asked, Viewer
from stella.api.looking import look
from stella.api.views.base import Body, Page
from stella.api.views.oncall import (
    DAYS,
    OnCallScheduleView,
    TakenShiftView,
    schedule_view,
    taken_view,
)
from stella.environment.errors import UnknownShift
from stella.environment.oncall.store import find_shift, list_schedules
from stella.environment.oncall.take import return_shift, take_shift
from stella.identity import Permission
from stella.kernel import Remedy, parse_time
from stella.record import Tx

router = APIRouter(prefix="/oncall", tags=["environments"])

Days = Annotated[int, Query(ge=1, le=92, description="How many days ahead are shown.")]


class NewShift(Body):
    """Who is on call in the place of others. person: a user's name; starts_at: now where left out."""

    person: str
    ends_at: str
    starts_at: str | None = None
    reason: str = ""


@router.get("")
def get_schedules(asked: Viewer, *, days: Days = DAYS) -> Page[OnCallScheduleView]:
    """On-call schedules, by name."""
    with asked.read() as tx:
        looking = look(asked, tx)
        return Page(items=[schedule_view(looking, name, days) for name in list_schedules(tx)])


@router.get("/{schedule}")
def get_schedule(asked: Viewer, schedule: str, *, days: Days = DAYS) -> OnCallScheduleView:
    """One on-call schedule: who is on call now and in the coming days, and when nobody is."""
    with asked.read() as tx:
        return schedule_view(look(asked, tx), schedule, days)


@router.post("/{schedule}/shifts", status_code=201, response_model=TakenShiftView)
def post_shift(asked: Viewer, schedule: str, body: NewShift) -> Response:
    """Take a shift, or give it to somebody, in the place of whoever is on call by the schedule.

    Approvers do who take turns in it, for one another; and whoever may change environments, for anybody.
    """
    is_free = _is_free(asked, f"POST /oncall/{schedule[:80]}/shifts")
    starts_at = None if body.starts_at is None else parse_time(body.starts_at)
    ends_at = parse_time(body.ends_at)

    def do(tx: Tx) -> TakenShiftView:
        made = take_shift(
            tx,
            asked.principal.name,
            schedule,
            person=body.person,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=body.reason,
            is_free=is_free,
        )
        return taken_view(look(asked, tx), made)

    return asked.once(do, status=201)


@router.post("/{schedule}/shifts/{shift}/return", response_model=TakenShiftView)
def post_shift_return(asked: Viewer, schedule: str, shift: str) -> Response:
    """Give a shift back that was taken: whoever is on call by the schedule is so again."""
    is_free = _is_free(asked, f"POST /oncall/{schedule[:80]}/shifts/{shift[:60]}/return")

    def do(tx: Tx) -> TakenShiftView:
        if find_shift(tx, shift).schedule != schedule:
            raise UnknownShift(
                f"nobody took a shift {shift[:60]!r} of {schedule[:80]!r}",
                remedy=Remedy("See which were taken.", command="stella oncall list"),
                shift=shift[:60],
            )
        done = return_shift(tx, asked.principal.name, shift, is_free=is_free)
        return taken_view(look(asked, tx), done)

    return asked.once(do)


def _is_free(asked: Asked, place: str) -> bool:
    """Whether who asks may change schedules; who may not has to be an approver. Raises PermissionDenied."""
    if Permission.ENVIRONMENT_CHANGE in asked.principal.permissions:
        return True
    asked.must(Permission.PROMOTION_APPROVE, place)
    return False
