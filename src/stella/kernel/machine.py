"""A state machine held as data. Diagrams, the console's live buttons and tests derive from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from stella.kernel.errors import Fault, Remedy, StellaError

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


class IllegalMove(StellaError):
    """An event that the present state does not allow."""

    code = "ST-KER-002"
    fault = Fault.CONFLICT


@dataclass(frozen=True)
class Machine(Generic[S, E]):
    """A finite state machine held as a table: every move that is not listed is illegal."""

    name: str
    start: S
    moves: Mapping[tuple[S, E], S]

    def next(self, state: S, event: E) -> S:
        """The state after ``event``. Raises IllegalMove where the table has no such move."""
        try:
            return self.moves[state, event]
        except KeyError:
            live = ", ".join(self.events_from(state)) or "none, it is final"
            raise IllegalMove(
                f"{self.name} is {state}; {event} is not possible",
                remedy=Remedy(f"Possible now: {live}."),
                state=state,
                event=event,
            ) from None

    def events_from(self, state: S) -> tuple[E, ...]:
        """Every event that ``state`` allows, in the table's order."""
        return tuple(event for (origin, event) in self.moves if origin == state)

    def is_final(self, state: S) -> bool:
        """Whether nothing can happen any more."""
        return not self.events_from(state)
