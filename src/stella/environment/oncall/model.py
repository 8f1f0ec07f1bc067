"""On-call schedules: people who take turns, in layers, and the shifts somebody else took. Pure.

1. A layer is one rotation: its people follow each other in order, each from one handover to the next.
2. A layer that is for some hours only has nobody outside of them; its turns go on all the same.
3. Of layers that have somebody the last one counts, and what somebody took counts before all layers:
   of that the newest. So at any time one person is on call, or nobody.
"""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from stella.kernel import Digest, Json, canonical_json, digest_of

KIND = "OnCallSchedule"
PREFIX = "oncall:"
"""Before the name of a schedule, where whoever is on call by it is meant."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of a document: camel case outside, unknown keys refused."""


class Every(_Part, frozen=True):
    """How long a turn is. days: of the clock on the wall, be they 23 or 25 hours long."""

    days: int = 0
    hours: int = 0


class Hours(_Part, frozen=True):
    """A time of the day, ``HH:MM`` on the clock of the schedule, on ``days`` (MO to SU; none: on all).

    One that ends no later than it begins ends on the next day.
    """

    starts: str = msgspec.field(name="from")
    ends: str = msgspec.field(name="until")
    days: tuple[str, ...] = ()


class Layer(_Part, frozen=True):
    """People by their names, who take turns from ``starts`` on, a local time.

    handover: the rule by which turns begin, or ``every``: how long each is. only: none for always.
    """

    name: str
    people: tuple[str, ...]
    starts: str = msgspec.field(name="from")
    handover: str | None = None
    every: Every | None = None
    only: tuple[Hours, ...] = ()


class Override(_Part, frozen=True):
    """Somebody is on call in the place of others. Times: RFC 3339, in UTC."""

    person: str
    starts: str = msgspec.field(name="from")
    ends: str = msgspec.field(name="until")
    reason: str = ""


class Schedule(_Part, frozen=True, rename="camel"):
    """One document. Of layers the last one counts that has somebody, of overrides likewise."""

    time_zone: str
    layers: tuple[Layer, ...]
    overrides: tuple[Override, ...] = ()

    def spec(self) -> dict[str, Json]:
        """As it stands in a declarative document."""
        plain: dict[str, Json] = msgspec.to_builtins(self)
        return plain

    @property
    def digest(self) -> Digest:
        """Of its specification, as facts name it."""
        return digest_of(self.spec())

    @property
    def people(self) -> tuple[str, ...]:
        """Who takes turns in it, each once."""
        return tuple(dict.fromkeys(name for one in self.layers for name in one.people))


class Taken(_Part, frozen=True):
    """A shift that somebody took beside the document. id: its own."""

    id: str
    person: str
    starts: str = msgspec.field(name="from")
    ends: str = msgspec.field(name="until")


class Roster(_Part, frozen=True):
    """All that says who is on call: a schedule, and the shifts that were taken, the newest last."""

    name: str
    schedule: Schedule
    taken: tuple[Taken, ...] = ()

    def to_json(self) -> bytes:
        """As decisions and packets hold it, by the digest of these bytes."""
        return canonical_json(msgspec.to_builtins(self))


@dataclass(frozen=True, slots=True)
class Shift:
    """A time, UTC. person: who is on call, None for nobody. ends_at: None where no end is in sight.

    by: name of the layer, or id of what was taken; ``override`` for one of the document, empty where
    nobody is on call.
    """

    person: str | None
    starts_at: datetime
    ends_at: datetime | None
    by: str


def schedule_named(approver: str) -> str | None:
    """The schedule that an approver of a rule means; None where it is a user or a role."""
    return approver.removeprefix(PREFIX) if approver.startswith(PREFIX) else None
