"""Simulations are asked apart from decisions: in a policy process of their own, one at a time.

What a draft costs is its author's matter; nobody who promotes waits for it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Event, Lock

from stella.app.policy_process import PolicyProcess
from stella.kernel import Remedy
from stella.promotion.errors import SimulationIsBusy
from stella.promotion.simulate import Turn

SIMULATION_S = 60.0
"""After so long a simulation asks nothing more. One question more may take COMPUTING_S besides."""
_WAIT_S = 5.0
_WAITING_MAX = 4
"""Each of them holds a thread that answers requests."""


class Simulating:
    """The turns of simulations. Safe for threads.

    stopping: set when the server ends. limit_s, wait_s: seconds, those of a turn by ``now_s``.
    """

    def __init__(
        self,
        stopping: Event,
        *,
        limit_s: float = SIMULATION_S,
        wait_s: float = _WAIT_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policies, self._stopping = PolicyProcess(), stopping
        self._limit_s, self._wait_s, self._now_s = limit_s, wait_s, now_s
        self._held, self._waiting = Lock(), BoundedSemaphore(_WAITING_MAX)

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """The one turn there is, after waiting a little for it. Raises SimulationIsBusy."""
        if not self._wait():
            raise SimulationIsBusy(
                "another simulation is under way",
                remedy=Remedy(f"Try again; it ends within {SIMULATION_S:.0f} s."),
            )
        try:
            ends_s = self._now_s() + self._limit_s
            yield Turn(self._policies.ask, lambda: self._why_over(ends_s))
        finally:
            self._held.release()

    def close(self) -> None:
        """End the process; another simulation would begin a new one."""
        self._policies.close()

    def _why_over(self, ends_s: float) -> str:
        if self._stopping.is_set():
            return "the server ends"
        return "" if self._now_s() < ends_s else f"its time of {self._limit_s:g} s was over"

    def _wait(self) -> bool:
        if not self._waiting.acquire(blocking=False):
            return False
        try:
            return self._held.acquire(timeout=self._wait_s)
        finally:
            self._waiting.release()
