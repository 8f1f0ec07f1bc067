"""Tells who waits that something was written, so that nobody polls fast."""

from collections.abc import Callable, Collection
from threading import Condition


class Bell:
    """Rung after each commit in this process. Other processes are met by the waiters' time limit."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._rung = 0
        self._rung_of: dict[str, int] = {}
        self._listeners: set[Callable[[], None]] = set()

    @property
    def rung(self) -> int:
        """How often it has rung; what ``wait`` compares with."""
        with self._condition:
            return self._rung

    def rung_beside(self, kinds: frozenset[str]) -> int:
        """The number of its last ring that was not of ``kinds`` alone."""
        with self._condition:
            return max((at for kind, at in self._rung_of.items() if kind not in kinds), default=0)

    def ring(self, kinds: Collection[str] = ()) -> None:
        """Wake every waiter and call every listener. kinds: of the facts that were stored, if any."""
        with self._condition:
            self._rung += 1
            self._rung_of |= dict.fromkeys(kinds or ("",), self._rung)
            self._condition.notify_all()
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()

    def wait(self, seen: int, timeout_s: float) -> int:
        """Return once it rang after ``seen``, or after ``timeout_s`` seconds: the present count."""
        with self._condition:
            self._condition.wait_for(lambda: self._rung != seen, timeout_s)
            return self._rung

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` at each ring, in the ringing thread; what is returned ends that."""
        with self._condition:
            self._listeners.add(listener)

        def end() -> None:
            with self._condition:
                self._listeners.discard(listener)

        return end
