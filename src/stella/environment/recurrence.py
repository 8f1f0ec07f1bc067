"""Times that come again: the part of RFC 5545's recurrence rules that calendars of freezes need.

FREQ=DAILY, WEEKLY or MONTHLY with INTERVAL, BYDAY, BYMONTHDAY, UNTIL and COUNT; weeks begin on
Monday. Anything else is refused: a rule half understood would let in what it should keep out.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

COUNT_MAX = 1000
_INTERVAL_MAX = 400
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_KEYS = frozenset({"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "UNTIL", "COUNT"})
_BYDAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)\Z")
_UNTIL = re.compile(r"\d{8}T\d{6}Z\Z")
_TEXT_MAX = 300


class NotARule(ValueError):
    """What is wrong with the text, for the refusal of its document."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """days: ordinal (0 for each) and weekday from Monday 0. month_days: 1 to 31, or -31 to -1."""

    frequency: str
    interval: int
    days: tuple[tuple[int, int], ...] = ()
    month_days: tuple[int, ...] = ()
    until: datetime | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """From ``starts_at`` until before ``ends_at``, both UTC."""

    starts_at: datetime
    ends_at: datetime


def parse_recurrence(text: str) -> Recurrence:
    """An RRULE's value, ``FREQ=WEEKLY;BYDAY=FR``. Raises NotARule with why."""
    if len(text) > _TEXT_MAX:
        raise NotARule(f"it has more than {_TEXT_MAX} characters")
    parts: dict[str, str] = {}
    for part in text.removeprefix("RRULE:").split(";"):
        key, _, value = part.partition("=")
        if key not in _KEYS:
            raise NotARule(f"{key[:20]!r} is not understood; known are {', '.join(sorted(_KEYS))}")
        if key in parts or not value:
            raise NotARule(f"{key} stands there twice, or without a value")
        parts[key] = value
    frequency = parts.get("FREQ", "")
    if frequency not in {"DAILY", "WEEKLY", "MONTHLY"}:
        raise NotARule("FREQ is DAILY, WEEKLY or MONTHLY")
    if "UNTIL" in parts and "COUNT" in parts:
        raise NotARule("it has UNTIL or COUNT, not both")
    days = tuple(_day(one, frequency) for one in _listed(parts, "BYDAY"))
    month_days = tuple(_number(one, "BYMONTHDAY", -31, 31) for one in _listed(parts, "BYMONTHDAY"))
    if 0 in month_days or (month_days and frequency == "WEEKLY"):
        raise NotARule("BYMONTHDAY goes with DAILY and MONTHLY, and there is no day 0")
    return Recurrence(
        frequency,
        _number(parts.get("INTERVAL", "1"), "INTERVAL", 1, _INTERVAL_MAX),
        days,
        month_days,
        _until(parts.get("UNTIL")),
        _number(parts["COUNT"], "COUNT", 1, COUNT_MAX) if "COUNT" in parts else None,
    )


def windows(
    first: datetime,
    last: datetime,
    zone: ZoneInfo,
    rule: Recurrence | None,
    *,
    after: datetime,
    before: datetime,
) -> Iterator[Window]:
    """Those that touch the time from ``after`` until ``before``, in order.

    first, last: begin and end of the first one on the clock of ``zone``, without a zone of their own.
    Begin and end are times of that clock each time, so that a weekend ends on Monday at six in the
    night of a change too. A time that the clock leaps over is read by the offset before the leap
    (RFC 5545, section 3.3.5): leaving such a night out would open what should be closed. An end that
    comes twice is the second one; where the leap would let the end come first, the length counts.
    """
    span = last - first
    for start in _starts(first, zone, rule, after - span, before):
        begins = _utc(start, zone)
        # The later reading of both: the second time in autumn, the offset before the leap in spring.
        ends = max(_utc((start + span).replace(fold=fold), zone) for fold in (0, 1))
        window = Window(begins, ends if ends > begins else begins + span)
        if window.starts_at >= before:
            return
        if window.ends_at > after:
            yield window


def begins_by_rule(first: datetime, rule: Recurrence) -> bool:
    """Whether the first time is one of the rule's; RFC 5545 leaves undefined what follows if not."""
    return first.date() in _period(first.date(), rule, 0)


def _starts(
    first: datetime, zone: ZoneInfo, rule: Recurrence | None, after: datetime, before: datetime
) -> Iterator[datetime]:
    """Begins on the clock of the zone. What lies long before ``after`` is leapt over."""
    if rule is None:
        yield first
        return
    number = _leap(first, rule, after)
    last_day = (before + timedelta(days=2)).date()
    until = None if rule.count is None else last_counted(first.date(), rule, last_day.year)
    while True:
        days = _period(first.date(), rule, number)
        if _period_begin(first.date(), rule, number) > last_day:
            return
        for day in days:
            start = datetime.combine(day, first.time())
            if start < first:
                continue
            if rule.until is not None and _utc(start, zone) > rule.until:
                return
            if until is not None and day > until:
                return
            yield start
        number += 1


@lru_cache(maxsize=4096)
def last_counted(first: date, rule: Recurrence, year: int) -> date | None:
    """The day with which the count is full; None where it is not by the end of that year."""
    assert rule.count is not None, "only what is counted has a last one"
    seen = number = 0
    while _period_begin(first, rule, number).year <= year:
        days = [day for day in _period(first, rule, number) if day >= first]
        if seen + len(days) >= rule.count:
            return days[rule.count - seen - 1]
        seen += len(days)
        number += 1
    return None


@lru_cache(maxsize=256)
def days_through(first: date, rule: Recurrence, year: int) -> tuple[date, ...]:
    """The days of a rule without UNTIL and COUNT, in order, until the end of that year."""
    assert rule.until is None, "it goes on"
    assert rule.count is None, "it goes on"
    found: list[date] = []
    number = 0
    while _period_begin(first, rule, number).year <= year:
        found += [day for day in _period(first, rule, number) if day >= first]
        number += 1
    return tuple(found)


def instant(clock: datetime, zone: ZoneInfo) -> datetime:
    """A time on the clock of ``zone`` in UTC: the first of two, and by the offset before a leap."""
    return _utc(clock, zone)


def _leap(first: datetime, rule: Recurrence, after: datetime) -> int:
    days = (after.date() - first.date()).days
    length = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 31}[rule.frequency] * rule.interval
    return max(0, days // length - 2)


def _period_begin(first: date, rule: Recurrence, number: int) -> date:
    if rule.frequency == "MONTHLY":
        months = first.year * 12 + first.month - 1 + number * rule.interval
        return date(min(months // 12, date.max.year), months % 12 + 1, 1)
    if rule.frequency == "WEEKLY":
        monday = first - timedelta(days=first.weekday())
        return monday + timedelta(weeks=number * rule.interval)
    return first + timedelta(days=number * rule.interval)


def _period(first: date, rule: Recurrence, number: int) -> list[date]:
    """The days of the ``number``-th day, week or month, in order."""
    begin = _period_begin(first, rule, number)
    weekdays = {day for ordinal, day in rule.days if ordinal == 0}
    if rule.frequency == "WEEKLY":
        wanted = weekdays or {first.weekday()}
        return [begin + timedelta(days=day) for day in sorted(wanted)]
    if rule.frequency == "DAILY":
        is_day = not rule.days or begin.weekday() in weekdays
        return [begin] if is_day and _is_month_day(begin, rule) else []
    month = [begin.replace(day=day) for day in range(1, _month_length(begin) + 1)]
    if not rule.days and not rule.month_days:
        return [day for day in month if day.day == first.day]
    return [day for day in month if _is_month_day(day, rule) and _is_weekday(day, rule)]


def _month_length(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _is_month_day(day: date, rule: Recurrence) -> bool:
    if not rule.month_days:
        return True
    return day.day in rule.month_days or day.day - _month_length(day) - 1 in rule.month_days


def _is_weekday(day: date, rule: Recurrence) -> bool:
    if not rule.days:
        return True
    from_begin = (day.day - 1) // 7 + 1
    from_end = -((_month_length(day) - day.day) // 7 + 1)
    return any(
        day.weekday() == weekday and ordinal in {0, from_begin, from_end}
        for ordinal, weekday in rule.days
    )


def _utc(clock: datetime, zone: ZoneInfo) -> datetime:
    return clock.replace(tzinfo=zone).astimezone(UTC)


def _listed(parts: dict[str, str], key: str) -> list[str]:
    return parts[key].split(",") if key in parts else []


def _day(text: str, frequency: str) -> tuple[int, int]:
    found = _BYDAY.match(text)
    if found is None:
        raise NotARule(f"BYDAY names weekdays like MO, 1MO or -1FR, not {text[:20]!r}")
    if found[1] and frequency != "MONTHLY":
        raise NotARule("BYDAY counts weekdays where FREQ is MONTHLY alone")
    return int(found[1] or 0), WEEKDAYS.index(found[2])


def _number(text: str, key: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[+-]?\d{1,4}", text, re.ASCII) or not least <= int(text) <= most:
        raise NotARule(f"{key} is a number from {least} to {most}")
    return int(text)


def _until(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        if _UNTIL.match(text):
            return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        pass
    raise NotARule("UNTIL is a time in UTC like 20301231T230000Z")
