"""A trigger, what it hears of, and what became of that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from stella.kernel import Json
from stella.workflow.definition.model import Part
from stella.workflow.shapes import INT, STRING, Shape

KIND = "Trigger"
PER_HOUR_MAX = 1000


class Missed(StrEnum):
    """What follows where the server did not run when a scheduled time came."""

    ONCE = "once"  # one run, for the last of the times that were missed
    SKIP = "skip"  # none: the next time counts


class Schedule(Part, frozen=True):
    """cron: five fields. timezone: of the IANA database; in it a wall clock says when."""

    cron: str
    timezone: str = "UTC"
    missed: Missed = Missed.ONCE


class On(Part, frozen=True):
    """Either something that happens, by the name of an event type, or times."""

    event: str = ""
    schedule: Schedule | None = None


class Trigger(Part, frozen=True):
    """One document. inputs: of the run; may have expressions over ``event``.

    condition: asked of each event; where it does not hold, nothing follows. per_hour: at most so many
    runs within an hour, however much happens.
    """

    workflow: str
    on: On
    condition: str | None = msgspec.field(default=None, name="if")
    inputs: dict[str, Any] = msgspec.field(default_factory=dict, name="with")
    description: str = ""
    per_hour: int = 60
    enabled: bool = True

    def spec(self) -> dict[str, Json]:
        """As it stands in a declarative document."""
        plain: dict[str, Json] = msgspec.to_builtins(self)
        return plain


@dataclass(frozen=True, slots=True)
class EventType:
    """Something that can happen. fields: what is known of it then, each with its shape."""

    name: str
    words: str
    fields: Mapping[str, Shape] = field(default_factory=dict)


Events: TypeAlias = Mapping[str, EventType]
"""What triggers can hear of, by name."""

SCHEDULE = EventType("schedule", "a scheduled time has come", {"at": STRING, "late_s": INT})
"""``at``: the time itself. late_s: how many seconds after it the run is asked for."""
COMMON: Mapping[str, Shape] = {"kind": STRING, "subject": STRING, "actor": STRING, "cause": STRING}
"""What is known of every event, beside its own fields."""


@dataclass(frozen=True, slots=True)
class Happened:
    """An event. key: of this one, so that it starts one run of a trigger, however often it is told. at:
    when it happened, RFC 3339. run: the one that did it, if one did.
    """

    type: str
    key: str
    subject: str = ""
    data: Mapping[str, Json] = field(default_factory=dict)
    at: str = ""
    run: str = ""


class Outcome(StrEnum):
    """What became of an event that a trigger heard of."""

    STARTED = "started"
    REFUSED = "refused"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Firing:
    """One event that a trigger answered. run: which was started; code, message: why none was."""

    id: str
    trigger: str
    key: str
    event: str
    subject: str
    at: str
    outcome: Outcome
    run: str = ""
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class KnownTrigger:
    """A trigger as it is stored.

    by, roles: who lent it rights last, and which: its runs may do what those roles allow; none where
    nobody has since it was changed. lent: workflow -> digest of the version that this was done for.
    next_at: when its schedule's next time is; set_at: when that was worked out.
    held_back: events that came when it had started ``per_hour`` runs; held_back_at: the last of them.
    """

    name: str
    trigger: Trigger
    by: str
    roles: tuple[str, ...]
    changed_at: str
    lent: Mapping[str, str] = field(default_factory=dict)
    next_at: str | None = None
    set_at: str | None = None
    held_back: int = 0
    held_back_at: str | None = None


def names_of_event(found: EventType) -> dict[str, Shape]:
    """``event.NAME`` -> its shape, as expressions see it."""
    names = found.fields if found is SCHEDULE else {**COMMON, **found.fields}
    return {f"event.{name}": shape for name, shape in names.items()}
