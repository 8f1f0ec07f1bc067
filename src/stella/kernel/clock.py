"""Time as the whole product writes it: UTC, RFC 3339, microseconds and ``Z``."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

from stella.kernel.errors import Remedy, StellaError

Now: TypeAlias = Callable[[], datetime]
"""The clock, handed in from outside. One use case reads it once."""


class MalformedTime(StellaError):
    """Text that should be an RFC 3339 time is not."""

    code = "ST-KER-005"


def time_text(at: datetime) -> str:
    """``at`` as ``2030-01-01T00:00:00.000000Z``. ``at`` must know its zone."""
    assert at.tzinfo is not None, "a time without a zone"
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def parse_time(text: str) -> datetime:
    """The UTC time that RFC 3339 ``text`` names.

    Raises MalformedTime for anything else, a missing zone included.
    """
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):  # an offset may lead out of the years 1 to 9999
        pass
    raise MalformedTime(
        f"not an RFC 3339 time: {text[:60]!r}",
        remedy=Remedy("Write it like 2030-01-31T08:00:00Z, zone included."),
    )
