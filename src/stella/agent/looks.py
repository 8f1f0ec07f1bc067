"""What is seen of projects: each by a thread of its own, so that one whose host or service is away keeps
neither the others nor the agent from being heard.
"""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from stella.agent.machine import Stopped
from stella.agent.state import ProjectNote
from stella.sdk.protocol import ProjectState

Look = Callable[[ProjectNote], ProjectState]
"""Never raises: what goes wrong is the state's problem."""

_WAIT_S = 5.0
_AT_ONCE_MAX = 16
_SILENT = "what it runs on has not answered yet"


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
        if one.broken is not None:
            raise one.broken
        if one.found is None:
            return ProjectState(note.project, note.connector, note.target, problem=_SILENT)
        del self._under_way[note]
        return one.found


class _UnderWay:
    def __init__(self, note: ProjectNote, look: Look, free: threading.Semaphore) -> None:
        self.found: ProjectState | None = None
        self.broken: BaseException | None = None
        self.thread = threading.Thread(
            target=self._run, args=(note, look, free), name="look", daemon=True
        )
        self.thread.start()

    def _run(self, note: ProjectNote, look: Look, free: threading.Semaphore) -> None:
        try:
            # At a stop nobody asks any more.
            with free, suppress(Stopped):
                self.found = look(note)
        except BaseException as bug:  # noqa: BLE001 - it is raised again, by who asks
            self.broken = bug
