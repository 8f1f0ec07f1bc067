"""A check of the doctor."""

from dataclasses import dataclass
from typing import Protocol

from stella.kernel import Outcome


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that a check looked at. fix: one sentence or command; empty where it passed."""

    outcome: Outcome
    detail: str
    fix: str = ""


class DoctorCheck(Protocol):
    """Something that ``stella doctor`` looks at."""

    def examine(self) -> tuple[Found, ...]:
        """What was found, one thing at least; nothing is changed by looking. What cannot be looked at is
        ``Outcome.UNKNOWN`` or a refusal (any ``StellaError``), never a pass.
        """
        ...
