"""The one shape of a measurement."""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Row:
    """``ours`` and ``theirs`` in ``unit``; ``goal`` is the limit of ``ours``, where there is one.

    An empty ``theirs`` means that there is nothing to measure beside; ``note`` says how it ran.
    """

    what: str
    unit: str
    ours: float
    goal: float | None = None
    theirs: float | None = None
    theirs_name: str = ""
    note: str = ""

    def print(self) -> None:
        """One line of JSON on standard output."""
        print(json.dumps(asdict(self)))


def median_s(action: Callable[[], object], *, runs: int) -> float:
    """The median time of ``action`` in seconds over ``runs``, after one that warms up."""
    action()
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        action()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)
