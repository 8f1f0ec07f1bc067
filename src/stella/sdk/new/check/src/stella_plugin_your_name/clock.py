"""A check of the doctor: whether the server's clock is that of another host.

It works as it stands. Replace what is asked (``_URL``, ``_their_time``) and what is judged
(``_judged``) by what you want to know; keep how it fails.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from stella.sdk import Connection, Found, Outcome
from stella.sdk.http import Connections, HttpTrouble

# Its host stands in the manifest under needs.hosts: the host of the plugin opens no other.
# Plain HTTP: whoever stands on the way can make this check lie, but learns and changes nothing.
_URL = "http://example.com/"
_DRIFT_S_MAX = 30.0


class ClockCheck:
    """``stella.sdk.DoctorCheck``. now: the clock that is examined.

    A connection of a check has no endpoint, configuration or credentials: only ``connect``.
    """

    def __init__(
        self, connection: Connection, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._http = Connections.of(connection)
        self._now = now

    def close(self) -> None:
        """Called where it is not needed any more."""
        self._http.close()

    def examine(self) -> tuple[Found, ...]:
        """One finding. A host that does not answer is no finding about our clock: unknown."""
        try:
            theirs = self._their_time()
        except HttpTrouble as trouble:
            return (_unknown(f"{_URL} does not answer: {trouble}"),)
        if theirs is None:
            return (_unknown(f"{_URL} tells no time"),)
        return (_judged((self._now() - theirs).total_seconds()),)

    def _their_time(self) -> datetime | None:
        answer = self._http.send("HEAD", _URL, {"User-Agent": "stella-ops"})
        try:
            told = parsedate_to_datetime(answer.headers.get("date", ""))
        except ValueError:
            return None
        finally:
            answer.close()
        return told if told.tzinfo is not None else told.replace(tzinfo=UTC)


def _judged(drift_s: float) -> Found:
    """Pure, so that it is tested without any host."""
    if abs(drift_s) <= _DRIFT_S_MAX:
        return Found(Outcome.PASS, f"the clock is right within {_DRIFT_S_MAX:.0f} s")
    side = "ahead" if drift_s > 0 else "behind"
    return Found(
        Outcome.BLOCKED,
        f"the clock is {abs(drift_s):.0f} s {side}",
        "Let a time service set it: timedatectl set-ntp true",
    )


def _unknown(detail: str) -> Found:
    return Found(Outcome.UNKNOWN, detail, "Let the server reach it, or name another host.")
