"""Wakes the agents that wait for an order, by one question for all of them."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from anyio import to_thread
from sqlalchemy import select

from stella.fleet.lifecycle import OrderState
from stella.fleet.store import target_order
from stella.kernel import time_text
from stella.record import Database

# Orders that another process issued ring no bell here.
_LOOK_S = 1.0


class OrderBoard:
    """Who waits, on the running event loop. One look at the database serves every waiter."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._rung: asyncio.Event | None = None
        self._looker: asyncio.Task[None] | None = None
        self._unlisten: Callable[[], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False

    async def wait(self, agent: str, seconds: float) -> None:
        """Return once an order may be there for ``agent``, or after ``seconds``."""
        loop = self._loop = asyncio.get_running_loop()
        if self._is_closed:
            return
        if self._looker is None or self._looker.done():
            self._begin(loop)
        woken: asyncio.Future[None] = loop.create_future()
        self._waiting.setdefault(agent, set()).add(woken)
        assert self._rung is not None
        self._rung.set()
        try:
            await asyncio.wait_for(woken, seconds)
        except TimeoutError:
            return
        finally:
            mine = self._waiting.get(agent, set())
            mine.discard(woken)
            if not mine:
                self._waiting.pop(agent, None)

    def close(self) -> None:
        """Let everybody go, from any thread; nobody waits here any more."""
        self._is_closed = True
        if self._unlisten is not None:
            self._unlisten()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._let_go)

    def _let_go(self) -> None:
        if self._looker is not None:
            self._looker.cancel()
        self._wake(set(self._waiting))

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        rung = self._rung = asyncio.Event()
        if self._unlisten is not None:
            self._unlisten()

        def ring() -> None:
            loop.call_soon_threadsafe(rung.set)

        self._unlisten = self._database.bell.listen(ring)
        self._looker = loop.create_task(self._look(rung))

    async def _look(self, rung: asyncio.Event) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(rung.wait(), _LOOK_S if self._waiting else None)
            rung.clear()
            if self._waiting:
                self._wake(await to_thread.run_sync(self._addressed))

    def _addressed(self) -> set[str]:
        waiting = target_order.c
        with self._database.read() as tx:
            query = select(waiting.agent).where(
                waiting.state == OrderState.ISSUED.value, waiting.expires_at > time_text(tx.now)
            )
            return {row["agent"] for row in tx.rows(query.distinct())}

    def _wake(self, agents: set[str]) -> None:
        for agent in agents & self._waiting.keys():
            for woken in self._waiting[agent]:
                if not woken.done():
                    woken.set_result(None)
