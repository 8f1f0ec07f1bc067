"""Freezes as documents: once or again and again, of some environments and components or of everything."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from stella.environment.document import checked_name, malformed
from stella.environment.recurrence import (
    NotARule,
    Recurrence,
    Window,
    begins_by_rule,
    parse_recurrence,
    windows,
)
from stella.kernel import Json
from stella.kernel.names import nearest

_LENGTH_MAX = timedelta(days=366)
_NAMED_MAX = 200
_REASON_CHARACTERS_MAX = 1000
_YEARS = range(2000, 2200)


class _Spec(msgspec.Struct, forbid_unknown_fields=True):
    starts: str = msgspec.field(name="from")
    ends: str = msgspec.field(name="until")
    zone: str = msgspec.field(name="timeZone")
    reason: str
    rule: str | None = msgspec.field(default=None, name="recurrence")
    environments: list[str] = []
    components: list[str] = []
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class FreezeRule:
    """One document. first, last: of its first window, on the clock of ``zone``.

    environments, components: empty for all. A rule that is not enabled holds nothing up.
    """

    name: str
    first: datetime
    last: datetime
    zone: ZoneInfo
    reason: str
    recurrence: str | None
    rule: Recurrence | None
    environments: tuple[str, ...]
    components: tuple[str, ...]
    enabled: bool

    def spec(self) -> dict[str, Json]:
        """As it stands in a declarative document."""
        return {
            "from": self.first.isoformat(timespec="minutes"),
            "until": self.last.isoformat(timespec="minutes"),
            "timeZone": self.zone.key,
            "reason": self.reason,
            "recurrence": self.recurrence,
            "environments": list(self.environments),
            "components": list(self.components),
            "enabled": self.enabled,
        }

    def concerns(self, environment: str, components: frozenset[str] | None = None) -> bool:
        """Whether it can hold there, for a release with these components (None: for any)."""
        is_here = not self.environments or environment in self.environments
        is_it = not self.components or components is None or bool(components & {*self.components})
        return self.enabled and is_here and is_it

    def windows(self, after: datetime, before: datetime) -> Iterator[Window]:
        """Those that touch the time from ``after`` until ``before``, in order."""
        return windows(self.first, self.last, self.zone, self.rule, after=after, before=before)

    def holding(self, at: datetime) -> Window | None:
        """The window that holds then; of several that overlap the one that ends last."""
        held = [
            one
            for one in self.windows(at, at + timedelta(microseconds=1))
            if one.starts_at <= at < one.ends_at
        ]
        return max(held, key=lambda one: one.ends_at, default=None)


def parse_freeze_rule(name: str, spec: Mapping[str, Any]) -> FreezeRule:
    """Raises MalformedDocument."""
    checked_name("Freeze", name)
    known = frozenset(field.encode_name for field in msgspec.structs.fields(_Spec))
    for key in sorted(set(spec) - known):
        raise malformed("Freeze", name, f"unknown key spec.{key[:40]}{nearest(key, known)}")
    try:
        read = msgspec.convert(spec, type=_Spec)
        first, last = _clock("from", read.starts), _clock("until", read.ends)
        zone = _zone(read.zone)
        rule = None if read.rule is None else parse_recurrence(read.rule)
    except msgspec.ValidationError as error:
        raise malformed("Freeze", name, str(error)[:300]) from None
    except NotARule as error:
        raise malformed("Freeze", name, f"recurrence: {error}") from None
    except ValueError as error:
        raise malformed("Freeze", name, str(error)) from None
    if not timedelta() < last - first <= _LENGTH_MAX:
        raise malformed("Freeze", name, f"until is after from, by {_LENGTH_MAX.days} days at most")
    if rule is not None and not begins_by_rule(first, rule):
        raise malformed("Freeze", name, "recurrence: from is not one of its days")
    if not 0 < len(read.reason) <= _REASON_CHARACTERS_MAX:
        raise malformed("Freeze", name, f"reason has 1 to {_REASON_CHARACTERS_MAX} characters")
    if max(len(read.environments), len(read.components)) > _NAMED_MAX:
        raise malformed("Freeze", name, f"it names more than {_NAMED_MAX}")
    return FreezeRule(
        name=name,
        first=first,
        last=last,
        zone=zone,
        reason=read.reason,
        recurrence=read.rule,
        rule=rule,
        environments=tuple(sorted(set(read.environments))),
        components=tuple(sorted(set(read.components))),
        enabled=read.enabled,
    )


def _clock(key: str, text: str) -> datetime:
    """A time on a clock on the wall: no zone of its own. Raises ValueError with words for people."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is not None or at.year not in _YEARS or at.second or at.microsecond:
        raise ValueError(f"{key} is a local time like 2030-12-20T18:00, without a zone")
    return at


def _zone(text: str) -> ZoneInfo:
    # Looked up by key alone; zoneinfo itself refuses keys that lead out of its directories.
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"there is no time zone {text[:60]!r}; it is like Europe/Berlin") from None
