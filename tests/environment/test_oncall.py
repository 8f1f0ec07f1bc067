"""Who is on call: turns, hours, layers, what somebody took, and the nights on which the clock is changed."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stella.environment.errors import MalformedDocument
from stella.environment.oncall import shifts
from stella.environment.oncall.document import parse_schedule, read_roster
from stella.environment.oncall.model import Roster, Taken
from stella.environment.oncall.shifts import SHIFTS_MAX, shift_at, shifts_between
from stella.kernel import parse_time, time_text

WEEKLY = {
    "name": "weeks",
    "people": ["ann", "bob", "cho"],
    "from": "2030-01-07T09:00",
    "handover": "FREQ=WEEKLY;BYDAY=MO",
}
NIGHTS = [{"from": "20:00", "until": "08:00"}]


def roster(*layers: Mapping[str, Any], zone: str = "Europe/Berlin", **more: Any) -> Roster:
    taken = more.pop("taken", ())
    spec = {"timeZone": zone, "layers": [dict(one) for one in layers], **more}
    return Roster("payments", parse_schedule("payments", spec), tuple(taken))


def at(text: str) -> datetime:
    return parse_time(text)


def who(of: Roster, text: str) -> str | None:
    return shift_at(of, at(text)).person


def swap(number: int, person: str, starts: str, ends: str) -> Taken:
    return Taken(f"shf_{number}", person, time_text(at(starts)), time_text(at(ends)))


def test_people_follow_each_other_at_the_handover() -> None:
    weeks = roster(WEEKLY)
    assert who(weeks, "2030-01-07T07:59:59Z") is None, "before the first handover"
    assert who(weeks, "2030-01-07T08:00:00Z") == "ann", "nine o'clock in Berlin"
    assert who(weeks, "2030-01-14T07:59:59.999999Z") == "ann"
    assert who(weeks, "2030-01-14T08:00:00Z") == "bob"
    assert who(weeks, "2030-01-21T08:00:00Z") == "cho"
    assert who(weeks, "2030-01-28T08:00:00Z") == "ann"
    shift = shift_at(weeks, at("2030-01-16T00:00:00Z"))
    assert (shift.person, shift.by) == ("bob", "weeks")
    assert shift.starts_at == at("2030-01-14T08:00:00Z")
    assert shift.ends_at == at("2030-01-21T08:00:00Z")


def test_a_handover_stays_at_nine_when_the_clock_is_changed() -> None:
    weeks = roster(WEEKLY)
    # In Europe it is changed on 31 March and on 27 October 2030.
    before = shift_at(weeks, at("2030-03-30T12:00:00Z"))
    assert before.starts_at == at("2030-03-25T08:00:00Z")
    assert before.ends_at == at("2030-04-01T07:00:00Z"), "an hour less"
    after = shift_at(weeks, at("2030-10-25T12:00:00Z"))
    assert after.starts_at == at("2030-10-21T07:00:00Z")
    assert after.ends_at == at("2030-10-28T08:00:00Z"), "an hour more"


@pytest.mark.parametrize(
    ("night", "starts", "ends"),
    [
        # The clock leaps from two to three: a handover at half past two is one by the offset before.
        ("2030-03-31T00:30:00Z", "2030-03-30T01:30:00Z", "2030-03-31T01:30:00Z"),
        # It is half past two twice: the first time counts.
        ("2030-10-27T00:30:00Z", "2030-10-27T00:30:00Z", "2030-10-28T01:30:00Z"),
        ("2030-10-27T01:30:00Z", "2030-10-27T00:30:00Z", "2030-10-28T01:30:00Z"),
    ],
)
def test_a_handover_in_the_night_of_the_change_is_one_moment(
    night: str, starts: str, ends: str
) -> None:
    daily = roster(
        {"name": "days", "people": ["ann", "bob"], "from": "2030-01-07T02:30", "every": {"days": 1}}
    )
    shift = shift_at(daily, at(night))
    assert (time_text(shift.starts_at), time_text(shift.ends_at or shift.starts_at)) == (
        time_text(at(starts)),
        time_text(at(ends)),
    )


def test_a_turn_of_hours_is_as_long_as_it_says() -> None:
    halves = roster(
        {
            "name": "half",
            "people": ["ann", "bob"],
            "from": "2030-03-30T20:00",
            "every": {"hours": 12},
        }
    )
    assert who(halves, "2030-03-31T06:59:00Z") == "ann"
    assert who(halves, "2030-03-31T07:00:00Z") == "bob", "twelve hours later, be it nine o'clock"


def test_a_night_is_a_night_when_the_clock_is_changed_and_turns_go_on_by_day() -> None:
    nights = roster({**WEEKLY, "name": "nights", "only": NIGHTS})
    assert who(nights, "2030-01-08T18:59:00Z") is None, "a gap by day"
    assert who(nights, "2030-01-08T19:00:00Z") == "ann"
    spring = shift_at(nights, at("2030-03-31T00:30:00Z"))
    assert spring.starts_at == at("2030-03-30T19:00:00Z")
    assert spring.ends_at == at("2030-03-31T06:00:00Z"), "eleven hours long"
    gap = shift_at(nights, at("2030-01-09T12:00:00Z"))
    assert (gap.person, gap.ends_at) == (None, at("2030-01-09T19:00:00Z"))
    assert who(nights, "2030-01-15T19:00:00Z") == "bob", "its second week"


def test_the_handover_cuts_the_night_in_two() -> None:
    nights = roster({**WEEKLY, "from": "2030-01-07T00:00", "only": NIGHTS})
    found = shifts_between(nights, at("2030-01-13T20:00:00Z"), at("2030-01-14T07:00:00Z"))
    assert [one.person for one in found] == ["ann", "bob"]
    assert found[1].starts_at == at("2030-01-13T23:00:00Z"), "midnight in Berlin"


def test_the_last_layer_with_somebody_counts() -> None:
    weekend = {"from": "00:00", "until": "00:00", "days": ["SA", "SU"]}
    both = roster(
        WEEKLY,
        {
            "name": "weekend",
            "people": ["dan"],
            "from": "2030-01-01T00:00",
            "every": {"days": 7},
            "only": [weekend],
        },
    )
    found = shifts_between(both, at("2030-01-09T00:00:00Z"), at("2030-01-15T00:00:00Z"))
    assert [(one.person, one.by) for one in found] == [
        ("ann", "weeks"),
        ("dan", "weekend"),
        ("dan", "weekend"),
        ("ann", "weeks"),
        ("bob", "weeks"),
    ]
    assert found[0].ends_at == at("2030-01-11T23:00:00Z"), "Saturday begins in Berlin"


def test_of_what_was_taken_the_newest_counts_and_before_every_layer() -> None:
    written = {"person": "eve", "from": "2030-01-10T08:00:00Z", "until": "2030-01-10T20:00:00Z"}
    swapped = roster(
        WEEKLY,
        overrides=[written],
        taken=[
            swap(1, "dan", "2030-01-10T10:00:00Z", "2030-01-10T14:00:00Z"),
            swap(2, "cho", "2030-01-10T12:00:00Z", "2030-01-10T18:00:00Z"),
        ],
    )
    found = shifts_between(swapped, at("2030-01-10T00:00:00Z"), at("2030-01-11T00:00:00Z"))
    assert [(one.person, one.by) for one in found] == [
        ("ann", "weeks"),
        ("eve", "override"),
        ("dan", "shf_1"),
        ("cho", "shf_2"),
        ("eve", "override"),
        ("ann", "weeks"),
    ]
    assert found[2].ends_at == at("2030-01-10T12:00:00Z")
    assert found[0].ends_at == at("2030-01-10T08:00:00Z")


def test_whoever_takes_a_shift_fills_a_gap() -> None:
    gap = roster(
        {**WEEKLY, "from": "2031-01-06T09:00"},
        taken=[swap(1, "dan", "2030-01-10T10:00:00Z", "2030-01-10T14:00:00Z")],
    )
    first = shift_at(gap, at("2030-01-10T09:00:00Z"))
    assert (first.person, first.ends_at) == (None, at("2030-01-10T10:00:00Z"))
    last = shift_at(gap, at("2030-01-10T15:00:00Z"))
    assert (last.person, last.ends_at) == (None, at("2031-01-06T08:00:00Z")), "it begins later"


def test_a_shift_at_the_end_of_the_calendar_counts_for_nothing() -> None:
    """A roster may come from anybody."""
    far = swap(1, "dan", "9998-12-30T00:00:00Z", "9998-12-31T00:00:00Z")
    gap = roster({**WEEKLY, "from": "2031-01-06T09:00"}, taken=[far])
    assert read_roster(gap.to_json()) == gap
    shift = shift_at(gap, at("2030-01-10T09:00:00Z"))
    assert (shift.person, shift.ends_at) == (None, at("2031-01-06T08:00:00Z"))
    for moment in ("9998-12-30T12:00:00Z", "9999-12-31T23:59:59.999999Z"):
        late = shift_at(gap, at(moment))
        assert (late.person, late.ends_at) == (None, None)
    assert shift_at(gap, at("2299-12-31T23:00:00Z")).person is not None


def test_to_look_far_ahead_asks_for_the_hours_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    found = shifts.windows

    def counted(*given: Any, **more: Any) -> Any:
        asked.append(given)
        return found(*given, **more)

    monkeypatch.setattr(shifts, "windows", counted)
    hours = [{"from": f"{one:02}:00", "until": f"{one:02}:30"} for one in range(10)]
    hourly = [
        {
            "name": f"layer-{number}",
            "people": ["ann", "bob"],
            "from": "2030-01-07T09:00",
            "every": {"hours": 1},
            "only": hours,
        }
        for number in range(4)
    ]
    of = roster(*hourly)
    seen = shifts_between(of, at("2030-06-01T00:00:00Z"), at("2030-09-01T00:00:00Z"))
    assert len(seen) > 1000
    assert len(asked) < 5 * 4 * 10, "not for every turn of every layer"


LAYER = st.fixed_dictionaries(
    {
        "people": st.lists(st.sampled_from(["ann", "bob", "cho"]), min_size=1, max_size=3),
        "from": st.sampled_from(["2030-01-07T09:00", "2030-03-25T02:30", "2030-10-21T00:00"]),
        "turn": st.sampled_from(
            [
                {"every": {"hours": 5}},
                {"every": {"days": 1}},
                {"every": {"days": 3}},
                {"handover": "FREQ=WEEKLY;BYDAY=MO"},
                {"handover": "FREQ=WEEKLY;BYDAY=MO,TH"},
                {"handover": "FREQ=DAILY;BYDAY=MO,TU,WE"},
            ]
        ),
        "only": st.lists(
            st.sampled_from(
                [
                    {"from": "22:00", "until": "06:00"},
                    {"from": "02:15", "until": "02:45"},
                    {"from": "00:00", "until": "00:00", "days": ["SA", "SU"]},
                    {"from": "05:00", "until": "23:00", "days": ["MO"]},
                ]
            ),
            max_size=2,
        ),
    }
)


@st.composite
def rosters(draw: st.DrawFn) -> Roster:
    layers = []
    for number, one in enumerate(draw(st.lists(LAYER, min_size=1, max_size=3))):
        turn = one.pop("turn")
        layers.append({"name": f"layer-{number}", **one, **turn})
    begin = datetime(2030, 3, 28, tzinfo=UTC)
    taken = []
    for number in range(draw(st.integers(0, 3))):
        starts = begin + timedelta(hours=draw(st.integers(0, 100)))
        ends = starts + timedelta(hours=draw(st.integers(1, 40)))
        taken.append(Taken(f"shf_{number}", "dan", time_text(starts), time_text(ends)))
    zone = draw(st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe"]))
    return roster(*layers, zone=zone, taken=taken)


@settings(max_examples=40, deadline=None)
@given(rosters(), st.integers(0, 4 * 24 * 60), st.sampled_from(["2030-03-28", "2030-10-24"]))
def test_at_any_time_one_person_is_on_call_or_nobody_and_shifts_leave_nothing_out(
    of: Roster, minutes: int, day: str
) -> None:
    begin = at(f"{day}T00:00:00Z")
    end = begin + timedelta(days=6)
    found = shifts_between(of, begin, end)
    assert len(found) < SHIFTS_MAX
    for before, after in pairwise(found):
        assert before.ends_at == after.starts_at, "neither a hole nor two at once"
    assert found[0].starts_at <= begin
    assert found[-1].ends_at is None or found[-1].ends_at >= end
    moment = begin + timedelta(minutes=minutes)
    (held,) = [
        one
        for one in found
        if one.starts_at <= moment and (one.ends_at is None or moment < one.ends_at)
    ]
    assert shift_at(of, moment).person == held.person
    # It says of each layer by itself what the whole says of it.
    alone = [
        msgspec.structs.replace(
            of, schedule=msgspec.structs.replace(of.schedule, layers=(one,)), taken=()
        )
        for one in of.schedule.layers
    ]
    by_layer = [shift_at(one, moment).person for one in alone]
    standing = [one for one in of.taken if at(one.starts) <= moment < at(one.ends)]
    wanted = standing[-1].person if standing else next(filter(None, reversed(by_layer)), None)
    assert held.person == wanted
    assert read_roster(of.to_json()) == of, "a packet reads what was recorded"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"timeZone": "Mars/Base"}, "no time zone"),
        ({"layers": []}, "from 1 to 10"),
        ({"layers": [WEEKLY, WEEKLY]}, "more than one layer"),
        ({"layers": [{**WEEKLY, "name": "override"}]}, "no name"),
        ({"layers": [{**WEEKLY, "people": []}]}, "people: from 1"),
        ({"layers": [{**WEEKLY, "people": [""]}]}, "names of people"),
        ({"layers": [{**WEEKLY, "from": "2030-01-07T09:00Z"}]}, "a local time"),
        ({"layers": [{**WEEKLY, "from": "2030-01-08T09:00"}]}, "not one of its days"),
        ({"layers": [{**WEEKLY, "handover": "FREQ=YEARLY"}]}, "FREQ is DAILY"),
        ({"layers": [{**WEEKLY, "handover": "FREQ=WEEKLY;COUNT=3"}]}, "no end"),
        ({"layers": [{**WEEKLY, "handover": "FREQ=MONTHLY;INTERVAL=24"}]}, "less often"),
        ({"layers": [{**WEEKLY, "every": {"days": 7}}]}, "either handover"),
        ({"layers": [{**WEEKLY, "handover": None}]}, "either handover"),
        ({"layers": [{**WEEKLY, "handover": None, "every": {}}]}, "either days or hours"),
        ({"layers": [{**WEEKLY, "handover": None, "every": {"days": 401}}]}, "from 1 to 400"),
        ({"layers": [{**WEEKLY, "handover": None, "every": {"hours": -5}}]}, "from 1 to 400"),
        ({"layers": [{**WEEKLY, "only": [{"from": "24:00", "until": "1:00"}]}]}, "like 22:00"),
        (
            {
                "layers": [
                    {**WEEKLY, "only": [{"from": "20:00", "until": "08:00", "days": ["SU2"]}]}
                ]
            },
            "days are among",
        ),
        ({"layers": [{**WEEKLY, "peopel": ["ann"]}]}, "peopel"),
        ({"layer": [WEEKLY]}, "did you mean|layers"),
        (
            {"layers": [{**WEEKLY, "name": name, "only": NIGHTS * 14} for name in ("a", "b", "c")]},
            "at most 40 of all layers",
        ),
        (
            {
                "overrides": [
                    {
                        "person": "ann",
                        "from": "9998-12-30T00:00:00Z",
                        "until": "9998-12-31T00:00:00Z",
                    }
                ]
            },
            "from is in a year from 2020 to 2199",
        ),
        (
            {"overrides": [{"person": "ann", "from": "2030-01-07T09:00", "until": "2030"}]},
            "times like",
        ),
        (
            {
                "overrides": [
                    {"person": "a", "from": "2030-01-07T09:00:00Z", "until": "2030-01-07T09:00:00Z"}
                ]
            },
            "until is after from",
        ),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(MalformedDocument, match=why):
        parse_schedule("payments", {"timeZone": "Europe/Berlin", "layers": [WEEKLY], **change})


def test_what_is_no_roster_is_refused() -> None:
    good = roster(WEEKLY, taken=[swap(1, "dan", "2030-01-10T10:00:00Z", "2030-01-10T14:00:00Z")])
    for before, after in ((b"Europe/Berlin", b"../etc/passwd"), (b"BYDAY=MO", b"BYDAY=TU")):
        with pytest.raises(MalformedDocument):
            read_roster(good.to_json().replace(before, after))
    with pytest.raises(MalformedDocument):
        read_roster(b"{}")
    with pytest.raises(MalformedDocument):
        read_roster(good.to_json().replace(b"2030-01-10T14", b"2029-01-10T14"))
