"""When the times of a schedule are: zones, clocks that leap, and what was missed."""

from datetime import UTC, datetime, timedelta

import pytest

from stella.workflow.trigger.model import Schedule
from stella.workflow.trigger.schedule import faults_of_schedule, last_until, next_after

BERLIN = "Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(schedule: Schedule, start: str, count: int) -> list[str]:
    found, moment = [], at(start)
    for _ in range(count):
        following = next_after(schedule, moment)
        assert following is not None
        found.append(following.strftime("%m-%d %H:%M"))
        moment = following
    return found


def test_a_wall_clock_says_when_in_winter_and_in_summer() -> None:
    nightly = Schedule("30 2 * * *", BERLIN)
    assert times(nightly, "2026-01-10T00:00", 1) == ["01-10 01:30"]
    assert times(nightly, "2026-07-10T00:00", 1) == ["07-10 00:30"]


def test_an_hour_that_is_leapt_over_is_made_up_for_and_one_that_comes_twice_counts_once() -> None:
    nightly = Schedule("30 2 * * *", BERLIN)
    # In 2026 the clocks go on at 2 o'clock on 29 March, and back at 3 o'clock on 25 October.
    assert times(nightly, "2026-03-28T02:00", 2) == ["03-29 01:00", "03-30 00:30"]
    assert times(nightly, "2026-10-24T02:00", 2) == ["10-25 00:30", "10-26 01:30"]


def test_days_of_the_week_and_the_last_day_of_february() -> None:
    assert times(Schedule("0 9 * * 1-5"), "2026-12-04T10:00", 2) == ["12-07 09:00", "12-08 09:00"]
    assert times(Schedule("0 0 29 2 *"), "2026-01-01T00:00", 1) == ["02-29 00:00"]


@pytest.mark.parametrize(
    ("schedule", "place"),
    [
        (Schedule("61 * * * *"), "cron"),
        (Schedule("* * * *"), "cron"),
        (Schedule("* * * * * *"), "cron"),
        (Schedule("@daily"), "cron"),
        (Schedule("0 0 * * *", "Mars/Olympus"), "timezone"),
        (Schedule("0 0 * * *", "../../etc/passwd"), "timezone"),
        (Schedule("0 0 * * *", ""), "timezone"),
    ],
)
def test_what_is_no_schedule_is_said_with_its_place(schedule: Schedule, place: str) -> None:
    assert [where for where, _ in faults_of_schedule(schedule)] == [place]


def test_a_time_that_never_comes_is_no_schedule() -> None:
    assert [*faults_of_schedule(Schedule("0 0 31 2 *"))] != []


def test_of_many_missed_times_the_last_is_found() -> None:
    often = Schedule("*/5 * * * *")
    first = at("2026-12-01T10:00")
    assert last_until(often, at("2026-12-01T12:07"), first) == at("2026-12-01T12:05")
    assert last_until(often, at("2026-12-01T12:05"), first) == at("2026-12-01T12:05")
    assert last_until(often, first + timedelta(seconds=3), first) == first
