"""Asks a URL until it answers as expected, or its time is over: a smoke test."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from stella.sdk import Connection, Json, Remedy, StepCall, StepFailed, StepResult
from stella.sdk.http import Connections, HttpTrouble, bounded

_BODY_BYTES_MAX = 256 * 1024
_ANSWER_S_MAX = 10


class HttpCheck:
    """``stella.sdk.Step``. clock: seconds that only grow. wait: lets seconds pass."""

    def __init__(
        self,
        connection: Connection,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        bounded_connection = replace(connection, timeout_s=min(connection.timeout_s, _ANSWER_S_MAX))
        self._http = Connections.of(bounded_connection)
        self._clock = clock
        self._wait = wait

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def run(self, call: StepCall) -> StepResult:
        """Ask until it answers as expected. Raises StepFailed where it does not in its time."""
        asked = _asked(call.inputs)
        ends_at, count = self._clock() + asked.within_s, 0
        while True:
            count += 1
            status, why = self._once(asked)
            if not why:
                times = "at once" if count == 1 else f"the {count}. time"
                return StepResult(
                    f"{asked.place} answered HTTP {status} {times}",
                    {"status": status, "asked": count},
                )
            if self._clock() + asked.every_s > ends_at:
                raise StepFailed(
                    f"{asked.place} did not answer as expected within {asked.within_s} s: {why}",
                    remedy=Remedy("See its log; or give it more time with `withinS`."),
                    asked=count,
                )
            self._wait(asked.every_s)

    def undo(self, call: StepCall) -> None:
        """Nothing: asking changes nothing."""

    def _once(self, asked: "_Asked") -> tuple[int, str]:
        """The status, and why that is not what is expected; nothing where it is."""
        try:
            answer = self._http.send("GET", asked.url, {"User-Agent": "stella-ops"})
            try:
                body = bounded(answer, _BODY_BYTES_MAX) if asked.contains else b""
            finally:
                answer.close()
        except HttpTrouble as trouble:
            return 0, str(trouble)
        if answer.status_code not in asked.status:
            return answer.status_code, f"HTTP {answer.status_code}"
        if asked.contains and asked.contains.encode() not in body:
            return answer.status_code, f"its answer does not contain {asked.contains[:60]!r}"
        return answer.status_code, ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of it. place: the URL without what may be a secret in it."""

    url: str
    place: str
    status: tuple[int, ...]
    contains: str
    within_s: int
    every_s: int


def _asked(inputs: Mapping[str, Json]) -> _Asked:
    """``inputs`` hold to the manifest's schema."""
    url, contains = inputs["url"], inputs.get("contains", "")
    status, within_s = inputs.get("status", [200]), inputs.get("withinS", 60)
    every_s = inputs.get("everyS", 2)
    assert isinstance(url, str)
    assert isinstance(contains, str)
    assert isinstance(status, list | tuple)
    assert isinstance(within_s, int)
    assert isinstance(every_s, int)
    parts = urlsplit(url)
    return _Asked(
        url=url,
        place=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}",
        status=tuple(one for one in status if isinstance(one, int)),
        contains=contains,
        within_s=within_s,
        every_s=every_s,
    )
