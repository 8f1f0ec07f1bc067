"""Who sends requests where: weights of backends behind one route."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Weight:
    """permille: of the requests, 0 to 1,000."""

    backend: str
    permille: int


class Router(Protocol):
    """One router. All calls raise ``ServiceUnreachable``, ``ServiceRefused``, ``NotThere``."""

    def weights(self, route: str) -> tuple[Weight, ...]:
        """As they are now, by backend; together 1,000."""
        ...

    def set_weights(self, route: str, weights: tuple[Weight, ...]) -> tuple[Weight, ...]:
        """Every backend named, together 1,000: as they are afterwards.

        No request is lost by it. Raises ``NotSupported``, and changes nothing, where the router
        cannot divide just so, or they are no division of all backends.
        """
        ...

    def check(self) -> str:
        """What it is, in a few words."""
        ...
