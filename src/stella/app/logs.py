"""The server's log: one line an event, on standard error, without any secret that was read."""

import logging
import sys
from collections.abc import Callable

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# Their own words at this level are about their insides.
_QUIET = ("alembic", "dbos", "httpx", "httpcore", "sqlalchemy")


def start_logs(level: str) -> None:
    """Log from ``level`` on: debug, info, warning, error."""
    logging.basicConfig(stream=sys.stderr, level=level.upper(), format=_FORMAT, force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def mask_logs(masked: Callable[[str], str]) -> None:
    """From now on every line goes through ``masked``, what an exception says among it."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_Masking(masked))


class _Masking(logging.Formatter):
    def __init__(self, masked: Callable[[str], str]) -> None:
        super().__init__(_FORMAT)
        self._masked = masked

    def format(self, record: logging.LogRecord) -> str:
        return self._masked(super().format(record))
