"""The calendar of freezes, and who lets a release through one."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from stella.api.asked import Viewer
from stella.api.looking import Overrider, asking_person
from stella.api.views.base import Body, Page, PersonView, View, person_view
from stella.environment.freeze_rules import coming_windows
from stella.environment.ical import CalendarEvent, calendar
from stella.environment.store import find_environment, list_freezes
from stella.kernel import parse_time, time_text
from stella.promotion.exceptions.override import override_freeze
from stella.promotion.request import promotable
from stella.record import Tx

router = APIRouter(prefix="/freezes", tags=["environments"])

_PAST = timedelta(days=31)


class WindowView(View):
    """A time that is frozen. freeze: an id, or the name of the rule by which it comes.

    environments, components: empty for all.
    """

    freeze: str
    starts_at: str
    ends_at: str
    reason: str
    environments: list[str]
    components: list[str]
    by_rule: bool


class NewOverride(Body):
    """Which release may pass the freeze, where, and why."""

    environment: str
    release: str
    reason: str


class OverrideView(View):
    """A release may pass this window, where another person than ``by`` asks for it."""

    id: str
    freeze: str
    environment: str
    release: str
    by: PersonView
    at: str
    ends_at: str
    reason: str


Days = Annotated[int, Query(ge=1, le=400, description="How far it looks ahead.")]


@router.get("/calendar")
def get_calendar(
    asked: Viewer, *, environment: str | None = None, days: Days = 31
) -> Page[WindowView]:
    """What is frozen now and in the coming days, in the order of time."""
    with asked.read() as tx:
        return Page(items=_windows(tx, tx.now, tx.now + timedelta(days=days), environment))


@router.get(
    "/calendar.ics",
    response_class=Response,
    responses={200: {"content": {"text/calendar": {}}}},
)
def get_calendar_file(
    asked: Viewer, *, environment: str | None = None, days: Days = 366
) -> Response:
    """The same as an iCalendar file, a month back as well."""
    with asked.read() as tx:
        now = tx.now
        found = _windows(tx, now - _PAST, now + timedelta(days=days), environment)
    events = [
        CalendarEvent(
            uid=f"{one.freeze}-{one.starts_at}@stella",
            starts_at=parse_time(one.starts_at),
            ends_at=parse_time(one.ends_at),
            title=f"Freeze: {', '.join(one.environments) or 'everything'}",
            text=one.reason,
        )
        for one in found
    ]
    return Response(calendar(events, now), media_type="text/calendar; charset=utf-8")


@router.post("/{freeze}/override", status_code=201, response_model=OverrideView)
def post_override(asked: Overrider, freeze: str, body: NewOverride) -> Response:
    """Let a release through a freeze; it counts where another person asks for its promotion."""

    def do(tx: Tx) -> OverrideView:
        made = override_freeze(
            tx,
            asking_person(asked),
            freeze=freeze,
            environment=body.environment,
            release=promotable(tx, body.release),
            reason=body.reason,
            proof=asked.principal.proof,
        )
        return OverrideView(
            id=made.id,
            freeze=made.freeze,
            environment=made.environment,
            release=made.release,
            by=person_view(made.by),
            at=made.at,
            ends_at=made.ends_at,
            reason=made.reason,
        )

    return asked.once(do, status=201)


def _windows(
    tx: Tx, after: datetime, before: datetime, environment: str | None
) -> list[WindowView]:
    if environment is not None:
        find_environment(tx, environment)
    since, until = time_text(after), time_text(before)
    once = [
        WindowView(
            freeze=one.id,
            starts_at=one.starts_at,
            ends_at=min(one.ends_at, one.ended_at or one.ends_at),
            reason=one.reason,
            environments=[one.environment],
            components=[],
            by_rule=False,
        )
        for one in list_freezes(tx, environment)
        if since < min(one.ends_at, one.ended_at or one.ends_at) and one.starts_at < until
    ]
    found, _ = coming_windows(tx, after, before, environment)
    by_rule = [
        WindowView(
            freeze=kept.rule.name,
            starts_at=time_text(window.starts_at),
            ends_at=time_text(window.ends_at),
            reason=kept.rule.reason,
            environments=list(kept.rule.environments),
            components=list(kept.rule.components),
            by_rule=True,
        )
        for kept, window in found
    ]
    return sorted([*once, *by_rule], key=lambda one: (one.starts_at, one.freeze))
