"""Leaves alone what fails again and again, and keeps to the limit of requests of an integration."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import ParamSpec, TypeVar

from stella.hub.errors import CircuitOpen, TooManyRequests
from stella.kernel import Now, Remedy, StellaError, time_text

P = ParamSpec("P")
T = TypeVar("T")
FAILURES_MAX = 5
OPEN_S = (5, 15, 60)
WAIT_S_MAX = 5.0


class Breaker:
    """Of one integration. Safe for threads.

    After FAILURES_MAX troubles in a row that another try may mend, calls are refused for a while;
    then one is let through, and its end decides. requests_per_s: 0 for no limit. wait: lets seconds
    pass; with it who asks too often waits for a turn, WAIT_S_MAX at most, and is refused without it.
    """

    def __init__(
        self,
        name: str,
        *,
        now: Now,
        requests_per_s: int = 0,
        wait: Callable[[float], None] | None = None,
    ) -> None:
        self._name = name
        self._now = now
        self._requests_per_s = requests_per_s
        self._wait = wait
        self._failures = 0
        self._opened = 0
        self._open_until: datetime | None = None
        self._tokens = float(requests_per_s)
        self._filled_at = now()
        self._lock = Lock()

    @property
    def open_until(self) -> datetime | None:
        """Until when it is left alone; None where it is not."""
        with self._lock:
            until = self._open_until
        return until if until is not None and until > self._now() else None

    def call(self, do: Callable[P, T], *given: P.args, **more: P.kwargs) -> T:
        """``do``, where it is its turn. Raises CircuitOpen, TooManyRequests, and what ``do`` raises."""
        self.begin()
        try:
            answer = do(*given, **more)
        except BaseException as error:
            self.end(error)
            raise
        self.end()
        return answer

    def begin(self) -> None:
        """Begin a turn that ``end`` ends, or that is left. Raises CircuitOpen, TooManyRequests."""
        wait_s = self._turn()
        if wait_s > 0 and self._wait is not None:
            self._wait(wait_s)

    def _turn(self) -> float:
        """In how many seconds it is one's turn, which is taken."""
        with self._lock:
            now = self._now()
            if self._open_until is not None:
                if now < self._open_until:
                    raise self._left_alone(self._open_until)
                # One may try; the others wait until it is known how that ended.
                self._open_until = now + timedelta(seconds=OPEN_S[0])
            return self._take_token(now) if self._requests_per_s else 0.0

    def _take_token(self, now: datetime) -> float:
        passed_s = max(0.0, (now - self._filled_at).total_seconds())  # a clock may be set back
        most = float(self._requests_per_s)
        self._tokens = min(most, self._tokens + passed_s * most)
        self._filled_at = now
        # Below nothing: what others wait for already. Each stands behind them.
        wait_s = max(0.0, (1 - self._tokens) / most)
        if wait_s > (WAIT_S_MAX if self._wait is not None else 0):
            raise TooManyRequests(
                f"{self._name} is asked more than {self._requests_per_s} times a second",
                remedy=Remedy("Try again in a second, or raise requestsPerS of the integration."),
                integration=self._name,
            )
        self._tokens -= 1
        return wait_s

    def end(self, error: BaseException | None = None) -> None:
        """How a turn went; None: well. A refusal that another try would not change is no trouble."""
        is_trouble = error.retry_may_help if isinstance(error, StellaError) else error is not None
        with self._lock:
            if not is_trouble:
                self._failures = self._opened = 0
                self._open_until = None
                return
            self._failures += 1
            if self._failures >= FAILURES_MAX:
                open_s = OPEN_S[min(self._opened, len(OPEN_S) - 1)]
                self._open_until = self._now() + timedelta(seconds=open_s)
                self._opened += 1

    def _left_alone(self, until: datetime) -> CircuitOpen:
        return CircuitOpen(
            f"{self._name} failed {self._failures} times in a row and is left alone until "
            f"{time_text(until)}",
            remedy=Remedy("See why.", f"stella integration test {self._name}"),
            integration=self._name,
        )
