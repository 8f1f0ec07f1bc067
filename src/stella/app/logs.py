"""The server's log: one line an event, on standard error, without any secret that was read."""

import logging
import sys
from collections import deque
from collections.abc import Callable

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_TAIL_LINES = 2000
_LINE_MAX = 2000
# Their own words at this level are about their insides.
_QUIET = ("alembic", "dbos", "httpx", "httpcore", "sqlalchemy")


def start_logs(level: str) -> None:
    """Log from ``level`` on: debug, info, warning, error."""
    logging.basicConfig(stream=sys.stderr, level=level.upper(), format=_FORMAT, force=True)
    logging.getLogger().addHandler(_tail)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def mask_logs(masked: Callable[[str], str]) -> None:
    """From now on every line goes through ``masked``, what an exception says among it."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_Masking(masked))


def log_tail() -> str:
    """The last lines, as they were logged, for a support bundle; empty where nothing was."""
    return "".join(f"{line}\n" for line in [*_tail.lines])


class _Tail(logging.Handler):
    """Keeps the last lines."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(_FORMAT))
        self.lines: deque[str] = deque(maxlen=_TAIL_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record)[:_LINE_MAX])


class _Masking(logging.Formatter):
    def __init__(self, masked: Callable[[str], str]) -> None:
        super().__init__(_FORMAT)
        self._masked = masked

    def format(self, record: logging.LogRecord) -> str:
        return self._masked(super().format(record))


_tail = _Tail()
