"""Times as people give them on a command line: RFC 3339, or a span from another time."""

import re
from datetime import UTC, datetime, timedelta

import typer

from stella.kernel import parse_time, time_text
from stella.kernel.clock import MalformedTime

_DURATION = re.compile(r"(?=\d)(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?\Z")


def end_of(text: str, start: datetime) -> datetime:
    """The time that ``text`` names, or that lies such a span after ``start``.

    Raises typer.BadParameter for what is neither.
    """
    span = _DURATION.match(text)
    if span:
        days, hours, minutes = (int(part or 0) for part in span.groups())
        return start + timedelta(days=days, hours=hours, minutes=minutes)
    try:
        return parse_time(text)
    except MalformedTime:
        raise typer.BadParameter(
            f"--until takes a time like 2030-01-31T08:00:00Z or a span like 2h, not {text!r}"
        ) from None


def end_from_now(text: str) -> str:
    """The same after now, as the API takes it. Raises typer.BadParameter."""
    return time_text(end_of(text, datetime.now(UTC)))


def span_of(start: str | None, until: str) -> dict[str, str | None]:
    """``startsAt`` (None: now) and ``endsAt``, as the API takes them. Raises typer.BadParameter."""
    starts_at = parse_time(start) if start else None
    return {
        "startsAt": time_text(starts_at) if starts_at else None,
        "endsAt": time_text(end_of(until, starts_at or datetime.now(UTC))),
    }
