"""Who is on call at a time, and until when. Pure: of a roster and a time, by the clock of its zone."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from heapq import merge
from typing import Protocol
from zoneinfo import ZoneInfo

from stella.environment.oncall.model import Hours, Layer, Roster, Shift
from stella.environment.recurrence import (
    WEEKDAYS,
    Recurrence,
    days_through,
    instant,
    parse_recurrence,
    windows,
)
from stella.kernel import parse_time

TURN_MAX = timedelta(days=400)
"""No turn is longer: whoever looks two years ahead has seen the next handover."""
SHIFTS_MAX = 2000
_MOMENT = timedelta(microseconds=1)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class _Held:
    person: str
    starts_at: datetime
    ends_at: datetime


class _Source(Protocol):
    """Something that has somebody on call at times. by: its name; first: before it has nobody."""

    @property
    def by(self) -> str:
        """As shifts name it."""

    @property
    def first(self) -> datetime:
        """Before that it has nobody."""

    def held(self, after: datetime, before: datetime) -> Iterator[_Held]:
        """What touches that time, in the order of begins."""


@dataclass(frozen=True, slots=True)
class _Swap:
    """One person, once."""

    by: str
    person: str
    first: datetime
    last: datetime

    def held(self, after: datetime, before: datetime) -> Iterator[_Held]:
        """It, where it touches that time."""
        if self.first < before and self.last > after:
            yield _Held(self.person, self.first, self.last)


@dataclass(frozen=True, slots=True)
class _Rotation:
    """A layer, read. first_clock: on the clock of ``zone``. turn: its fixed length, else by ``rule``."""

    by: str
    people: tuple[str, ...]
    zone: ZoneInfo
    first_clock: datetime
    rule: Recurrence | None
    turn: timedelta
    only: tuple[Hours, ...]

    @property
    def first(self) -> datetime:
        """When the first turn begins."""
        return instant(self.first_clock, self.zone)

    def held(self, after: datetime, before: datetime) -> Iterator[_Held]:
        """Its turns, or what they have of its hours, that touch that time, in order."""
        for one in self._turns(after, before):
            if not self.only:
                yield one
                continue
            since, until = max(one.starts_at, after), min(one.ends_at, before)
            for begins, ends in self._open(since, until):
                yield _Held(one.person, max(begins, one.starts_at), min(ends, one.ends_at))

    def _turns(self, after: datetime, before: datetime) -> Iterator[_Held]:
        number, begins = self._turn_at(after, before)
        while begins < before:
            ends = self._begin_of(number + 1, before)
            yield _Held(self.people[number % len(self.people)], begins, ends)
            number, begins = number + 1, ends

    def _turn_at(self, at: datetime, before: datetime) -> tuple[int, datetime]:
        """The turn that holds then, or the first one; which one it is from 0 on, and its begin."""
        if at <= self.first:
            return 0, self.first
        if self.rule is None:
            number = (at - self.first) // self.turn
            return number, self.first + number * self.turn
        days = self._days(before)
        number = bisect_right(days, at.astimezone(self.zone).date())
        while number > 0 and self._begin_of(number, before) > at:
            number -= 1
        return number, self._begin_of(number, before)

    def _begin_of(self, number: int, before: datetime) -> datetime:
        if self.rule is None:
            return self.first + number * self.turn
        day = self._days(before)[number]
        return instant(datetime.combine(day, self.first_clock.time()), self.zone)

    def _days(self, before: datetime) -> tuple[date, ...]:
        assert self.rule is not None, "only rules have days"
        year = max(before.year, self.first_clock.year) + 3
        return days_through(self.first_clock.date(), self.rule, year)

    def _open(self, after: datetime, before: datetime) -> Iterator[tuple[datetime, datetime]]:
        """When it is one of its hours, by their begin."""
        begin = self.first_clock.date() - _WEEK
        found = []
        for one in self.only:
            first = datetime.combine(begin, time.fromisoformat(one.starts))
            last = datetime.combine(begin, time.fromisoformat(one.ends))
            if last <= first:
                last += timedelta(days=1)
            days = tuple((0, WEEKDAYS.index(day)) for day in one.days)
            rule = Recurrence("DAILY", 1, days)
            found.append(windows(first, last, self.zone, rule, after=after, before=before))
        for window in merge(*found, key=lambda one: one.starts_at):
            yield window.starts_at, window.ends_at


def shift_at(roster: Roster, at: datetime) -> Shift:
    """Who is on call then, by which layer or what was taken, since when and until when."""
    sources = _sources(roster)
    for rank, source in enumerate(sources):
        for held in source.held(at, at + _MOMENT):
            if held.starts_at <= at < held.ends_at:
                starts_at, ends_at = _left(held, at, sources[:rank])
                return Shift(held.person, starts_at, ends_at, source.by)
    return Shift(None, at, _next_begin(sources, at), "")


def shifts_between(roster: Roster, after: datetime, before: datetime) -> tuple[Shift, ...]:
    """Who is on call from ``after`` until ``before``, without a break: where nobody is, that is said.

    The first and the last are whole; a time that has nobody begins with ``after``. SHIFTS_MAX at most.
    """
    found: list[Shift] = []
    at = after
    while at < before and len(found) < SHIFTS_MAX:
        shift = shift_at(roster, at)
        # Hours of a layer may overlap: nobody is on call twice at once.
        found.append(replace(shift, starts_at=at) if found else shift)
        if shift.ends_at is None:
            break
        at = shift.ends_at
    return tuple(found)


def _left(held: _Held, at: datetime, higher: tuple[_Source, ...]) -> tuple[datetime, datetime]:
    """What is left of it around ``at`` by those that count before it."""
    starts_at, ends_at = held.starts_at, held.ends_at
    for source in higher:
        for one in source.held(starts_at, ends_at):
            if one.ends_at <= at:
                starts_at = max(starts_at, one.ends_at)
            else:
                ends_at = min(ends_at, one.starts_at)
                break
    return starts_at, ends_at


def _next_begin(sources: tuple[_Source, ...], at: datetime) -> datetime | None:
    begins = []
    for source in sources:
        until = max(at, source.first) + TURN_MAX
        begins += [one.starts_at for one in _first_after(source, at, until)]
    return min(begins, default=None)


def _first_after(source: _Source, at: datetime, until: datetime) -> Iterator[_Held]:
    for one in source.held(at, until):
        if one.starts_at > at:
            yield one
            return


def _sources(roster: Roster) -> tuple[_Source, ...]:
    """What counts first comes first."""
    schedule = roster.schedule
    zone = ZoneInfo(schedule.time_zone)
    taken = [
        _Swap(one.id, one.person, parse_time(one.starts), parse_time(one.ends))
        for one in reversed(roster.taken)
    ]
    written = [
        _Swap("override", one.person, parse_time(one.starts), parse_time(one.ends))
        for one in reversed(schedule.overrides)
    ]
    rotations = [_rotation(one, zone) for one in reversed(schedule.layers)]
    return (*taken, *written, *rotations)


@lru_cache(maxsize=512)
def _rotation(layer: Layer, zone: ZoneInfo) -> _Rotation:
    every, rule = layer.every, None
    turn = timedelta()
    if layer.handover is not None:
        rule = parse_recurrence(layer.handover)
    elif every is not None and every.days:
        rule = Recurrence("DAILY", every.days)
    elif every is not None:
        turn = timedelta(hours=every.hours)
    first = datetime.fromisoformat(layer.starts)
    return _Rotation(layer.name, layer.people, zone, first, rule, turn, layer.only)
