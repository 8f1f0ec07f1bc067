"""On-call schedules, and who is on call by them."""

from collections.abc import Iterable
from datetime import timedelta

from stella.api.views.base import PersonView, View
from stella.api.views.looking import Looking
from stella.environment.oncall.model import KIND, Hours, Layer, Roster, Shift
from stella.environment.oncall.shifts import shift_at, shifts_between
from stella.environment.oncall.store import (
    TakenShift,
    environments_naming,
    roster_now,
    standing_shifts,
)
from stella.identity import list_users
from stella.kernel import time_text
from stella.record import Tx
from stella.record.owners import owner_of

DAYS = 14


class ShiftView(View):
    """A time. person: who is on call, null for nobody. ends_at: null where no end is in sight.

    by: name of the layer, or id of the shift that somebody took; `override` for one of the document,
    empty where nobody is on call.
    """

    person: str | None
    starts_at: str
    ends_at: str | None
    by: str


class OnCallView(View):
    """Who is on call by a schedule. next: who is on call after that; null where nothing follows."""

    schedule: str
    now: ShiftView
    next: ShiftView | None


class HoursView(View):
    """A time of the day on the clock of the schedule. days: empty for every day."""

    from_: str
    until: str
    days: list[str]


class OnCallLayerView(View):
    """People who take turns. starts: a local time; each turn begins by the rule ``handover``, or has
    so many days or hours. only: empty for always.
    """

    name: str
    people: list[str]
    starts: str
    handover: str | None
    days: int | None
    hours: int | None
    only: list[HoursView]


class TakenShiftView(View):
    """A shift that somebody took beside the document. ended_at: when it was given back."""

    id: str
    schedule: str
    person: str
    starts_at: str
    ends_at: str
    reason: str
    by: PersonView
    at: str
    ended_at: str | None


class OnCallPersonView(View):
    """Somebody who takes turns. is_known: whether a user has that name and is let in."""

    name: str
    is_known: bool


class OnCallScheduleView(View):
    """A schedule: who is on call now and in the coming days, without a break.

    layers: of those that have somebody the last one counts. taken: what counts before all layers, the
    newest before the others. environments: with a rule that asks whoever is on call by it.
    gaps: how many times nobody is, among ``shifts``.
    """

    name: str
    time_zone: str
    now: ShiftView
    next: ShiftView | None
    shifts: list[ShiftView]
    gaps: int
    layers: list[OnCallLayerView]
    people: list[OnCallPersonView]
    taken: list[TakenShiftView]
    environments: list[str]
    owner: str | None


def schedule_view(looking: Looking, name: str, days: int = DAYS) -> OnCallScheduleView:
    """A schedule as it is now. Raises UnknownSchedule."""
    tx = looking.tx
    roster = roster_now(tx, name)
    shifts = shifts_between(roster, tx.now, tx.now + timedelta(days=days))
    known = {one.name for one in list_users(tx) if not one.disabled}
    people = dict.fromkeys((*roster.schedule.people, *(one.person for one in roster.taken)))
    on_call = on_call_view(tx, roster)
    return OnCallScheduleView(
        name=name,
        time_zone=roster.schedule.time_zone,
        now=on_call.now,
        next=on_call.next,
        shifts=[_shift(one) for one in shifts],
        gaps=sum(one.person is None for one in shifts),
        layers=[_layer(one) for one in roster.schedule.layers],
        people=[OnCallPersonView(name=one, is_known=one in known) for one in people],
        taken=[taken_view(looking, one) for one in reversed(standing_shifts(tx, name))],
        environments=environments_naming(tx, name),
        owner=owner_of(tx, KIND, name),
    )


def on_call_views(tx: Tx, rosters: Iterable[Roster]) -> list[OnCallView]:
    """Who is on call by each of them."""
    return [on_call_view(tx, one) for one in rosters]


def on_call_view(tx: Tx, roster: Roster) -> OnCallView:
    """Who is on call by it, and who next."""
    now = shift_at(roster, tx.now)
    following = None if now.ends_at is None else shift_at(roster, now.ends_at)
    return OnCallView(
        schedule=roster.name,
        now=_shift(now),
        next=None if following is None else _shift(following),
    )


def taken_view(looking: Looking, one: TakenShift) -> TakenShiftView:
    """A shift that somebody took."""
    return TakenShiftView(
        id=one.id,
        schedule=one.schedule,
        person=one.person,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        reason=one.reason,
        by=looking.person_view(one.by),
        at=one.at,
        ended_at=one.ended_at,
    )


def _shift(one: Shift) -> ShiftView:
    return ShiftView(
        person=one.person,
        starts_at=time_text(one.starts_at),
        ends_at=None if one.ends_at is None else time_text(one.ends_at),
        by=one.by,
    )


def _layer(one: Layer) -> OnCallLayerView:
    return OnCallLayerView(
        name=one.name,
        people=list(one.people),
        starts=one.starts,
        handover=one.handover,
        days=(one.every.days or None) if one.every else None,
        hours=(one.every.hours or None) if one.every else None,
        only=[_hours(it) for it in one.only],
    )


def _hours(one: Hours) -> HoursView:
    return HoursView(from_=one.starts, until=one.ends, days=list(one.days))
