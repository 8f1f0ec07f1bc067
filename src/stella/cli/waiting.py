"""Look again until something has ended; say what changes on the way."""

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from stella.cli.output import say
from stella.client import ServerUnreachable

T = TypeVar("T")

_PAUSE_S = 0.1
_PAUSE_S_MAX = 1.0


def follow(
    look: Callable[[], T],
    *,
    is_over: Callable[[T], bool],
    tell: Callable[[T], Iterable[str]],
    timeout_s: float,
) -> T:
    """The last that was seen: how it ended, or how it stood when ``timeout_s`` had passed.

    tell: lines for standard error, each of which is said once. A server that is gone after the
    first look may come back: it is asked again until the time is up.
    """
    deadline = time.monotonic() + timeout_s
    told: set[str] = set()
    seen, pause_s = look(), _PAUSE_S
    while True:
        for line in tell(seen):
            if line not in told:
                told.add(line)
                say(line)
        left_s = deadline - time.monotonic()
        if is_over(seen) or left_s <= 0:
            return seen
        time.sleep(min(pause_s, left_s))
        pause_s = min(pause_s * 1.5, _PAUSE_S_MAX)
        try:
            seen = look()
        except ServerUnreachable as trouble:
            if str(trouble) not in told:
                told.add(str(trouble))
                say(f"{trouble}; trying again")
