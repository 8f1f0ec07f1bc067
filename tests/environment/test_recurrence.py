"""Times that come again, beside dateutil's; and nights on which the clock is changed."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from stella.environment import recurrence
from stella.environment.recurrence import (
    NotARule,
    begins_by_rule,
    parse_recurrence,
    windows,
)

ZONE = ZoneInfo("UTC")
FIRST = datetime.fromisoformat("2030-01-04T18:00")  # a Friday
SPAN = timedelta(hours=6)
AGES_AGO = datetime(2000, 1, 1, tzinfo=UTC)
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]))
    parts = [f"FREQ={frequency}"]
    if draw(st.booleans()):
        parts.append(f"INTERVAL={draw(st.integers(1, 5))}")
    days = draw(st.lists(st.sampled_from(DAYS), max_size=3, unique=True))
    if frequency == "MONTHLY" and draw(st.booleans()):
        # Not mixed with plain weekdays: the other one takes those for a further condition.
        ordinals = st.sampled_from(["1", "2", "5", "-1", "-3"])
        days = list(dict.fromkeys(f"{draw(ordinals)}{day}" for day in days))
    if days:
        parts.append(f"BYDAY={','.join(days)}")
    numbers = st.integers(-31, 31).filter(bool)
    month_days = draw(st.lists(numbers, max_size=3, unique=True))
    if month_days and frequency != "WEEKLY":
        parts.append(f"BYMONTHDAY={','.join(map(str, month_days))}")
    # Counted and impossible, the other one would look for a fifth Monday on the 1st until year 9999.
    counted = [] if days and month_days else ["COUNT=7"]
    end = draw(st.sampled_from(["", "UNTIL=20310101T000000Z", *counted]))
    return ";".join([*parts, *([end] if end else [])])


@pytest.mark.long
@settings(deadline=None)
@given(rules(), st.integers(0, 900), st.integers(1, 200))
def test_the_times_are_those_of_another_implementation(text: str, days: int, length: int) -> None:
    after = datetime(2030, 1, 1, tzinfo=UTC) + timedelta(days=days)
    before = after + timedelta(days=length)
    first = FIRST.replace(tzinfo=UTC)
    ended = text if "COUNT" in text or "UNTIL" in text else f"{text};UNTIL=20350101T000000Z"
    expected = [
        one
        for one in rrulestr(ended, dtstart=first).between(after - SPAN, before, inc=True)
        if one + SPAN > after and one < before
    ]
    found = windows(FIRST, FIRST + SPAN, ZONE, parse_recurrence(text), after=after, before=before)
    assert [one.starts_at for one in found] == expected


@settings(deadline=None)
@given(rules(), st.integers(0, 20000), st.integers(0, 1000))
def test_a_time_is_inside_a_window_whichever_way_it_is_asked(
    text: str, hours: int, more: int
) -> None:
    rule = parse_recurrence(text)
    at = datetime(2030, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    now = list(windows(FIRST, FIRST + SPAN, ZONE, rule, after=at, before=at + timedelta(seconds=1)))
    later = at + timedelta(hours=more, seconds=1)
    all_of_them = windows(FIRST, FIRST + SPAN, ZONE, rule, after=at, before=later)
    holding = [one for one in all_of_them if one.starts_at <= at < one.ends_at]
    assert [one for one in now if one.starts_at <= at] == holding


@settings(deadline=None)
@given(rules(), st.integers(1, 60), st.integers(0, 2000), st.integers(1, 500))
def test_a_counted_rule_is_the_uncounted_one_cut_off(
    text: str, count: int, days: int, length: int
) -> None:
    plain = text.partition(";COUNT")[0].partition(";UNTIL")[0]
    last = datetime(2044, 1, 1, tzinfo=UTC)
    begun = windows(FIRST, FIRST + SPAN, ZONE, parse_recurrence(plain), after=AGES_AGO, before=last)
    counted = list(islice(begun, count))
    after = datetime(2030, 1, 1, tzinfo=UTC) + timedelta(days=days)
    before = after + timedelta(days=length)
    rule = parse_recurrence(f"{plain};COUNT={count}")
    found = windows(FIRST, FIRST + SPAN, ZONE, rule, after=after, before=before)
    assert list(found) == [one for one in counted if one.ends_at > after and one.starts_at < before]


def test_a_counted_rule_is_walked_from_its_begin_once_alone() -> None:
    rule = parse_recurrence("FREQ=DAILY;BYMONTHDAY=31;COUNT=1000")
    first = datetime.fromisoformat("2000-01-31T00:00")
    at = datetime(2026, 11, 30, tzinfo=UTC)
    recurrence.last_counted.cache_clear()
    for hours in range(50):
        after = at + timedelta(hours=hours)
        list(windows(first, first + SPAN, ZONE, rule, after=after, before=after + SPAN))
    assert recurrence.last_counted.cache_info().misses == 1


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("first", "last", "starts_at", "ends_at"),
    [
        # 2030-03-31: the clock leaps from 2 to 3. The night is frozen all the same.
        ("2030-03-30T02:30", "2030-03-30T04:00", "2030-03-31T01:30", "2030-03-31T02:00"),
        ("2030-03-30T01:00", "2030-03-30T05:00", "2030-03-31T00:00", "2030-03-31T03:00"),
        ("2030-03-30T02:15", "2030-03-30T03:10", "2030-03-31T01:15", "2030-03-31T02:10"),
        ("2030-03-30T01:00", "2030-03-30T02:30", "2030-03-31T00:00", "2030-03-31T01:30"),
        # 2030-10-27: the hour from 2 to 3 comes twice; a begin in it is the first, an end the second.
        ("2030-10-26T01:00", "2030-10-26T02:30", "2030-10-26T23:00", "2030-10-27T01:30"),
        ("2030-10-26T02:30", "2030-10-26T05:00", "2030-10-27T00:30", "2030-10-27T04:00"),
        ("2030-10-26T01:00", "2030-10-26T04:00", "2030-10-26T23:00", "2030-10-27T03:00"),
    ],
)
def test_begin_and_end_are_times_of_the_clock_on_the_wall(
    first: str, last: str, starts_at: str, ends_at: str
) -> None:
    begin = datetime.fromisoformat(starts_at).replace(tzinfo=UTC)
    found = windows(
        datetime.fromisoformat(first),
        datetime.fromisoformat(last),
        BERLIN,
        parse_recurrence("FREQ=DAILY"),
        after=begin,
        before=begin + timedelta(minutes=1),
    )
    (window,) = found
    assert window.starts_at == begin
    assert window.ends_at == datetime.fromisoformat(ends_at).replace(tzinfo=UTC)


def test_a_weekend_ends_on_monday_at_six_whatever_the_clock_did() -> None:
    first, last = map(datetime.fromisoformat, ("2030-03-01T18:00", "2030-03-04T06:00"))
    found = windows(
        first,
        last,
        BERLIN,
        parse_recurrence("RRULE:FREQ=WEEKLY;BYDAY=FR"),
        after=datetime(2030, 3, 1, tzinfo=UTC),
        before=datetime(2030, 4, 9, tzinfo=UTC),
    )
    ends = [one.ends_at.astimezone(BERLIN) for one in found]
    assert len(ends) == 6
    assert {(one.weekday(), one.hour) for one in ends} == {(0, 6)}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not understood"),
        ("FREQ=YEARLY", "FREQ is"),
        ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS"),
        ("FREQ=DAILY;WKST=SU", "WKST"),
        ("FREQ=DAILY;FREQ=DAILY", "twice"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20300101T000000Z", "not both"),
        ("FREQ=DAILY;COUNT=0", "COUNT"),
        ("FREQ=DAILY;COUNT=99999", "COUNT"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL"),
        ("FREQ=WEEKLY;BYDAY=1MO", "MONTHLY alone"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "no day 0"),
        ("FREQ=MONTHLY;BYDAY=6MO", "BYDAY"),
        ("FREQ=DAILY;UNTIL=20300101", "in UTC"),
        ("FREQ=DAILY;UNTIL=20301399T000000Z", "in UTC"),
        ("FREQ=DAILY;INTERVAL=٣", "INTERVAL"),
        ("FREQ=DAILY;" * 99, "characters"),
    ],
)
def test_what_is_not_wholly_understood_is_refused(text: str, why: str) -> None:
    with pytest.raises(NotARule, match=why):
        parse_recurrence(text)


def test_the_first_time_must_be_one_of_the_rules() -> None:
    assert begins_by_rule(FIRST, parse_recurrence("FREQ=WEEKLY;BYDAY=MO,FR"))
    assert not begins_by_rule(FIRST, parse_recurrence("FREQ=WEEKLY;BYDAY=MO"))
    assert not begins_by_rule(FIRST, parse_recurrence("FREQ=MONTHLY;BYMONTHDAY=31"))
