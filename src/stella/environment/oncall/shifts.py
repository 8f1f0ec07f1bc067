"""Who is on call at a time, and until when. Pure: of a roster and a time, by the clock of its zone."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from heapq import heappop, heappush, merge
from itertools import accumulate
from typing import Protocol
from zoneinfo import ZoneInfo

from stella.environment.oncall.model import Hours, Layer, Roster, Shift
from stella.environment.recurrence import (
    WEEKDAYS,
    Recurrence,
    Window,
    days_through,
    instant,
    parse_recurrence,
    windows,
)
from stella.kernel import parse_time

TURN_MAX = timedelta(days=400)
"""No turn is longer: whoever looks two years ahead has seen the next handover."""
SHIFTS_MAX = 2000
LAST = datetime(2300, 1, 1, tzinfo=UTC)
"""From then on nobody is on call. A roster may come from anybody, and the calendar ends."""
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
class _Daily:
    """Hours, read: begin and end on the clock of the first day, and the days on which they come."""

    first: datetime
    last: datetime
    rule: Recurrence


@dataclass(frozen=True, slots=True)
class _Rotation:
    """A layer, read. first_clock: on the clock of ``zone``. turn: its fixed length, else by ``rule``."""

    by: str
    people: tuple[str, ...]
    zone: ZoneInfo
    first_clock: datetime
    rule: Recurrence | None
    turn: timedelta
    only: tuple[_Daily, ...]

    @property
    def first(self) -> datetime:
        """When the first turn begins."""
        return instant(self.first_clock, self.zone)

    def held(self, after: datetime, before: datetime) -> Iterator[_Held]:
        """Its turns, or what they have of its hours, that touch that time, in order."""
        if not self.only:
            yield from self._turns(after, before)
            return
        # The hours are gone through once, and not for each turn: a turn may be as short as an hour.
        # Hours may overlap, so a part of one waits until no later one can begin before it.
        waiting: list[tuple[datetime, int, datetime, str]] = []
        for number, window in enumerate(self._open(after, before)):
            begins, ends = window.starts_at, window.ends_at
            while waiting and waiting[0][0] < begins:
                yield _part(heappop(waiting))
            for one in self._turns(max(begins, after), min(ends, before)):
                since, until = max(begins, one.starts_at), min(ends, one.ends_at)
                heappush(waiting, (since, number, until, one.person))
        while waiting:
            yield _part(heappop(waiting))

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

    def _open(self, after: datetime, before: datetime) -> Iterator[Window]:
        """When it is one of its hours, by their begin."""
        found = [
            windows(one.first, one.last, self.zone, one.rule, after=after, before=before)
            for one in self.only
        ]
        return merge(*found, key=lambda one: one.starts_at)


class _Looked:
    """A source that was gone through once from ``since`` until ``until``, and is looked up there."""

    def __init__(self, source: _Source, since: datetime, until: datetime) -> None:
        self.by, self.first = source.by, source.first
        self._source, self._since, self._until = source, since, until
        self._found = tuple(source.held(since, until))
        self._starts = [one.starts_at for one in self._found]
        # Until when something goes of those up to each: what ended long ago is leapt over.
        self._ends = [*accumulate((one.ends_at for one in self._found), max)]

    def held(self, after: datetime, before: datetime) -> Iterator[_Held]:
        """As the source has it."""
        if after < self._since:
            yield from self._source.held(after, before)
            return
        begin, end = bisect_right(self._ends, after), bisect_left(self._starts, before)
        yield from (one for one in self._found[begin:end] if one.ends_at > after)
        if before > self._until:
            later = self._source.held(max(after, self._until), before)
            yield from (one for one in later if one.starts_at >= self._until)


def _part(waiting: tuple[datetime, int, datetime, str]) -> _Held:
    starts_at, _, ends_at, person = waiting
    return _Held(person, starts_at, ends_at)


def shift_at(roster: Roster, at: datetime) -> Shift:
    """Who is on call then, by which layer or what was taken, since when and until when.

    From LAST on nobody is.
    """
    return _shift_at(_sources(roster), at)


def _shift_at(sources: tuple[_Source, ...], at: datetime) -> Shift:
    if at >= LAST:
        return Shift(None, at, None, "")
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
    at, before = after, min(before, LAST)
    sources = tuple(_Looked(one, after, before) for one in _sources(roster))
    while at < before and len(found) < SHIFTS_MAX:
        shift = _shift_at(sources, at)
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
    """What counts first comes first. What begins after LAST counts for nothing."""
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
    swaps = [one for one in (*taken, *written) if one.first < LAST]
    rotations = [_rotation(one, zone) for one in reversed(schedule.layers)]
    return (*swaps, *rotations)


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
    only = tuple(_daily(one, first.date() - _WEEK) for one in layer.only)
    return _Rotation(layer.name, layer.people, zone, first, rule, turn, only)


def _daily(hours: Hours, begin: date) -> _Daily:
    first = datetime.combine(begin, time.fromisoformat(hours.starts))
    last = datetime.combine(begin, time.fromisoformat(hours.ends))
    if last <= first:
        last += timedelta(days=1)
    days = tuple((0, WEEKDAYS.index(day)) for day in hours.days)
    return _Daily(first, last, Recurrence("DAILY", 1, days))
