"""Sends an order's log lines while it runs; while nobody listens, they wait."""

import threading
from collections.abc import Callable

from stella.kernel import Now, StellaError
from stella.sdk.protocol import LogReply, LogRequest, SentLine

LINES_MAX = 19_000
_BATCH_MAX = 200
_LINE_LENGTH_MAX = 4_000

Send = Callable[[LogRequest], LogReply | None]


class LogPump:
    """Lines of one order under one fence, each with its number, sent in order and once."""

    def __init__(self, fence: int, now: Now) -> None:
        self._fence = fence
        self._now = now
        self._lines: list[SentLine] = []
        self._sent = 0
        self._lock = threading.Lock()
        self.has_more = threading.Event()

    def add(self, line: str) -> None:
        """One more line; beyond the bound they are dropped, and that is said once."""
        with self._lock:
            if len(self._lines) > LINES_MAX:
                return
            text = line if len(self._lines) < LINES_MAX else "(the rest of the log is left out)"
            self._lines.append(SentLine(self._now(), text[:_LINE_LENGTH_MAX]))
        self.has_more.set()

    def send(self, send: Send) -> None:
        """Send what has not arrived yet. Raises what ``send`` raises; nothing is lost by that."""
        while True:
            with self._lock:
                self.has_more.clear()
                first, batch = self._sent, self._lines[self._sent : self._sent + _BATCH_MAX]
            if not batch:
                return
            try:
                reply = send(LogRequest(self._fence, first + 1, tuple(batch)))
            except StellaError:
                self.has_more.set()
                raise
            with self._lock:
                self._sent = first + len(batch) if reply is None else max(reply.next - 1, 0)
