"""The stream of facts, as server-sent events: first where it stands, then each new fact."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock

from starlette.concurrency import run_in_threadpool

from stella.api.errors import ServerBusy
from stella.api.services import Services
from stella.identity import Principal, still_holds
from stella.kernel import Remedy
from stella.record import StoredFact, facts_after, head_position

_BATCH = 200
# Another server's sealer rings no bell here.
_POLL_S = 1.0
_PING_S = 15.0


class Streams:
    """How many streams are open, and whose. Each asks the database every second."""

    def __init__(self, *, all_max: int = 1000, each_max: int = 50) -> None:
        self._all_max, self._each_max = all_max, each_max
        self._open: Counter[str] = Counter()
        self._lock = Lock()

    def refuse_beyond(self, user: str) -> None:
        """Return where ``user`` may open one more. Raises ServerBusy."""
        with self._lock:
            theirs, everybodys = self._open[user], self._open.total()
        if theirs >= self._each_max:
            raise _too_many(f"{theirs} event streams of yours are open")
        if everybodys >= self._all_max:
            raise _too_many(f"{everybodys} event streams are open")

    @contextmanager
    def counting(self, user: str) -> Iterator[None]:
        """One more of ``user``, as long as it lasts."""
        self._add(user, 1)
        try:
            yield
        finally:
            self._add(user, -1)

    def _add(self, user: str, number: int) -> None:
        with self._lock:
            self._open[user] += number
            if not self._open[user]:
                del self._open[user]


def _too_many(why: str) -> ServerBusy:
    return ServerBusy(why, remedy=Remedy("Close some, or read the facts page by page."))


async def fact_stream(
    services: Services, streams: Streams, principal: Principal, after: int | None
) -> AsyncIterator[str]:
    """Events from ``after`` on, or from now where it is None.

    It ends when the server stops, and when the token of who listens no longer holds.
    """
    with streams.counting(principal.id):
        async for text in _events(services, principal, after):
            yield text


async def _events(
    services: Services, principal: Principal, after: int | None
) -> AsyncIterator[str]:
    loop, woken = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        with suppress(RuntimeError):  # the loop has ended: nobody reads any more
            loop.call_soon_threadsafe(woken.set)

    end = services.sealed.listen(wake)
    try:
        revision = await run_in_threadpool(_head, services)
        # A restored backup may be shorter than what the client saw: it goes on from the end.
        position, silent_s = revision if after is None else min(after, revision), 0.0
        yield _event("synced", {"revision": revision})
        while not services.stopping.is_set():
            woken.clear()
            facts = await run_in_threadpool(_facts, services, principal, position)
            if facts is None:
                return
            for fact in facts:
                assert fact.position is not None, "a sealed fact without a place"
                position, silent_s = fact.position, 0.0
                yield _event("fact", _data(fact), position)
            if facts:
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), _POLL_S)
            silent_s += _POLL_S
            if silent_s >= _PING_S:
                silent_s = 0.0
                yield ": still here\n\n"
    finally:
        end()


def _head(services: Services) -> int:
    with services.database.read() as tx:
        return head_position(tx)


def _facts(services: Services, principal: Principal, position: int) -> Sequence[StoredFact] | None:
    """What comes after ``position``; None where ``principal`` may no longer see it."""
    with services.database.read() as tx:
        if not still_holds(tx, principal):
            return None
        return facts_after(tx, position, limit=_BATCH)


def _data(fact: StoredFact) -> dict[str, object]:
    data: dict[str, object] = {
        "position": fact.position,
        "kind": fact.kind,
        "subject": fact.subject,
        "at": fact.at,
    }
    if "environment" in fact.data:
        data["environment"] = fact.data["environment"]
    return data


def _event(name: str, data: dict[str, object], position: int | None = None) -> str:
    place = f"id: {position}\n" if position is not None else ""
    return f"event: {name}\n{place}data: {json.dumps(data, separators=(',', ':'))}\n\n"
