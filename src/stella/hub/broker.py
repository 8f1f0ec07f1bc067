"""The credential broker: a reference becomes its secret at the last moment, for one use.

What was read is kept for a short while, so that a busy hour does not become the store's; of a
thousand who ask at once, one asks the store.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from stella.hub.reference import Reference
from stella.kernel import Now
from stella.plugin.contract.secret_store import Secret

KEEP_S = 60
_BEFORE_END = timedelta(seconds=30)
_KEPT_MAX = 10_000

Read = Callable[[Reference], Secret]
"""Reads a secret where it lies. Raises UnresolvedReference and what a secret store raises."""


@dataclass(frozen=True, slots=True)
class _Kept:
    secret: Secret
    until: datetime


class Broker:
    """Safe for threads. read: where secrets are read. seen: told of every value, so that it can be
    masked wherever it would show.
    """

    def __init__(
        self, read: Read, *, now: Now, seen: Callable[[str], None], keep_s: int = KEEP_S
    ) -> None:
        self._read = read
        self._now = now
        self._seen = seen
        self._keep = timedelta(seconds=keep_s)
        self._kept: dict[str, _Kept] = {}
        self._asked: dict[str, Future[Secret]] = {}
        self._lock = Lock()

    def secret(self, reference: Reference) -> Secret:
        """The secret, at most ``keep_s`` old and never past its end. Raises what reading raises."""
        with self._lock:
            kept = self._kept.get(reference.text)
            if kept is not None and self._now() < kept.until:
                return kept.secret
            asked = self._asked.get(reference.text)
            if asked is None:
                mine = self._asked[reference.text] = Future()
        if asked is not None:
            return asked.result()
        return self._ask(reference, mine)

    def forget(self, reference: Reference | None = None) -> None:
        """Read it anew at the next use: it was changed, or the other side refused it. None: all.

        What is being read at this moment is for those who wait for it already.
        """
        with self._lock:
            for held in (self._kept, self._asked):
                if reference is None:
                    held.clear()
                else:
                    held.pop(reference.text, None)

    def _ask(self, reference: Reference, mine: "Future[Secret]") -> Secret:
        try:
            secret = self._read(reference)
        except BaseException as error:
            with self._lock:
                self._end(reference, mine)
            mine.set_exception(error)
            raise
        self._seen(secret.value)
        with self._lock:
            if self._end(reference, mine):
                if len(self._kept) >= _KEPT_MAX:
                    self._kept.clear()
                self._kept[reference.text] = _Kept(secret, self._until(secret))
        mine.set_result(secret)
        return secret

    def _end(self, reference: Reference, mine: "Future[Secret]") -> bool:
        """Whether what was read may be kept: nobody has said meanwhile that it is to be read anew."""
        if self._asked.get(reference.text) is not mine:
            return False
        del self._asked[reference.text]
        return True

    def _until(self, secret: Secret) -> datetime:
        until = self._now() + self._keep
        return until if secret.expires_at is None else min(until, secret.expires_at - _BEFORE_END)
