"""What was measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sample:
    """value: a decimal number as text (``0.25``); ``NaN`` and infinities are no values."""

    value: str
    at: datetime
    labels: Mapping[str, str] = field(default_factory=dict)


class MetricSource(Protocol):
    """One source. All calls raise ``ServiceUnreachable``, ``ServiceRefused``."""

    def query(self, expression: str, at: datetime) -> tuple[Sample, ...]:
        """What the expression, in the source's own language, gives at that time; none is no zero.

        Raises ``BadQuery``; ``ServiceUnreachable`` also where the answer is only a part.
        """
        ...

    def check(self) -> str:
        """What it is, in a few words."""
        ...
