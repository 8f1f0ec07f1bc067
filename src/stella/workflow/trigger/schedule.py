"""When a schedule's times are. Pure; the calendar of cron, in the wall clock of a place.

A time that the clock leaps over in spring comes right after the leap, and one that it has twice in
autumn comes once: as Debian's cron has it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from stella.workflow.trigger.model import Schedule

GRACE = timedelta(minutes=2)
"""A time that is met within it was not missed: the server was only busy."""


def faults_of_schedule(schedule: Schedule) -> Iterator[tuple[str, str]]:
    """Where in it something is wrong, and what."""
    try:
        zone = ZoneInfo(schedule.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield (
            "timezone",
            f"there is no {schedule.timezone[:60]!r}; it is like Europe/Berlin, or UTC",
        )
        return
    if len(schedule.cron.split()) != 5:
        yield "cron", "it has five fields: minute, hour, day of the month, month, day of the week"
        return
    try:
        next(CronSim(schedule.cron, datetime(2026, 1, 1, tzinfo=zone)), None)
    except CronSimError as error:
        yield "cron", f"{error}"


def next_after(schedule: Schedule, moment: datetime) -> datetime | None:
    """The first of its times after ``moment``, in UTC; None for one that never comes again."""
    found = next(CronSim(schedule.cron, moment.astimezone(ZoneInfo(schedule.timezone))), None)
    return None if found is None else found.astimezone(UTC)


def last_until(schedule: Schedule, moment: datetime, after: datetime) -> datetime:
    """The last of its times that has come by ``moment``; ``after`` is one that has."""
    zone = ZoneInfo(schedule.timezone)
    start = (moment + timedelta(seconds=1)).astimezone(zone)
    found = next(CronSim(schedule.cron, start, reverse=True), None)
    return after if found is None else max(after, found.astimezone(UTC))
