"""What is seen on hosts that are reached: each by a thread of its own, so that one that is away keeps
neither the others nor the agent from being heard.
"""

import threading
import time
from collections.abc import Callable, Iterable

from stella.agent.state import ProjectNote
from stella.sdk.protocol import ProjectState

Look = Callable[[ProjectNote], ProjectState]
"""Never raises: what goes wrong is the state's problem."""

_WAIT_S = 5.0
_AT_ONCE_MAX = 16
_SILENT = "its host has not answered yet"


class Looks:
    """For one thread that asks. What comes too late is told at the next time."""

    def __init__(self, look: Look, *, wait_s: float = _WAIT_S) -> None:
        self._look = look
        self._wait_s = wait_s
        self._under_way: dict[ProjectNote, _UnderWay] = {}
        self._free = threading.Semaphore(_AT_ONCE_MAX)

    def at(self, notes: Iterable[ProjectNote]) -> tuple[ProjectState, ...]:
        """What each shows now; a problem, where it has not answered within ``wait_s`` seconds."""
        wanted = list(notes)
        for note in wanted:
            if note not in self._under_way:
                self._under_way[note] = _UnderWay(note, self._look, self._free)
        deadline = time.monotonic() + self._wait_s
        return tuple(self._state(one, max(0.0, deadline - time.monotonic())) for one in wanted)

    def _state(self, note: ProjectNote, wait_s: float) -> ProjectState:
        one = self._under_way[note]
        one.thread.join(wait_s)
        if one.found is None:
            return ProjectState(note.project, note.connector, note.target, problem=_SILENT)
        del self._under_way[note]
        return one.found


class _UnderWay:
    def __init__(self, note: ProjectNote, look: Look, free: threading.Semaphore) -> None:
        self.found: ProjectState | None = None
        self.thread = threading.Thread(
            target=self._run, args=(note, look, free), name="look", daemon=True
        )
        self.thread.start()

    def _run(self, note: ProjectNote, look: Look, free: threading.Semaphore) -> None:
        with free:
            self.found = look(note)
