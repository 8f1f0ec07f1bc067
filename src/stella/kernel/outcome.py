"""The three outcomes of a rule, a gate or a check. There is no fourth, and no None."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """``unknown`` blocks like ``blocked``, but says what is missing."""

    PASS = "pass"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a check of the doctor saw of one thing.

    fix: one sentence or command; empty where it passed. about: which one, where there are several.
    """

    outcome: Outcome
    detail: str
    fix: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that is not known, and why; never None, never a number that reads as safe."""

    reason: str


def worst(outcomes: "list[Outcome]") -> Outcome:
    """Blocked beats unknown beats pass. No outcome at all is unknown: no data never passes."""
    for outcome in (Outcome.BLOCKED, Outcome.UNKNOWN):
        if outcome in outcomes:
            return outcome
    return Outcome.PASS if outcomes else Outcome.UNKNOWN
