"""The server's log: one line an event, on standard error."""

import logging
import sys

# Their own words at this level are about their insides.
_QUIET = ("alembic", "dbos", "httpx", "httpcore", "sqlalchemy")


def start_logs(level: str) -> None:
    """Log from ``level`` on: debug, info, warning, error."""
    logging.basicConfig(
        stream=sys.stderr,
        level=level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        force=True,
    )
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
