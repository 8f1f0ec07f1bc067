"""Can it be reached? One of three answers, with the why."""

from dataclasses import dataclass
from enum import StrEnum


class Reach(StrEnum):
    """Static reachability. Unknown is no answer, and never passes for one."""

    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


class Method(StrEnum):
    """By what it was decided."""

    GO_FUNCTIONS = "go-functions"
    LIBRARIES = "libraries"


@dataclass(frozen=True, slots=True)
class ReachWhy:
    """How a finding came by its reachability. reason: for people.

    files: that decide it, absolute in the image, at most twenty. symbols: vulnerable functions that are
    linked, ``path.Type.Method``, at most twenty. chain: from the program that is run to the library.
    """

    method: Method
    reason: str
    files: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reached:
    """The answer. why: None where nobody has looked."""

    reach: Reach
    why: ReachWhy | None = None


NOT_ASKED = Reached(Reach.UNKNOWN)
