"""The way in: deliveries of webhooks are verified by their connector, then stored together.

Each is answered when it is durable. What arrives while one transaction is stored becomes the next.
"""

import asyncio
import logging
import time
from asyncio import Future
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from stella.hub.deliveries import add_refusals, take_deliveries
from stella.hub.delivery import Arrived, Taken, arrived
from stella.hub.errors import IntegrationDisabled, UnknownIntegration, WebhookNotTaken
from stella.hub.facts import WebhookFailed, WebhookHandled, WebhookRetried
from stella.kernel import Now, Remedy, StellaError, time_text
from stella.plugin.contract.webhook import Webhook
from stella.plugin.refusals import WebhookForged, WebhookMalformed, WebhookTooOld
from stella.record import Bell, Database
from stella.record.errors import DatabaseUnusable

_THREADS = 32
_OF_ONE_MAX = 24
"""How many of one integration are verified at once: a store that is slow must leave some."""
_WAITING_MAX = 2000
_OPENED_S = 1.0
_OPENED_MAX = 1000
_TOGETHER_MAX = 500

_OURS = frozenset({WebhookHandled.__name__, WebhookFailed.__name__, WebhookRetried.__name__})
"""Facts of deliveries: hundreds a second, and no integration is another by them."""

_log = logging.getLogger("stella.webhooks")

Open = Callable[[str], Webhook]
"""Name -> the connector of that integration. Raises what ``Hub.connected`` raises."""


@dataclass(slots=True)
class _Turn:
    """Who may verify deliveries of one integration now. users: who holds it or waits for it."""

    free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_OF_ONE_MAX))
    users: int = 0


@dataclass(frozen=True, slots=True)
class _Opened:
    """A webhook as it was opened. rung: which ring told last of facts that may concern it."""

    webhook: Webhook
    rung: int
    at_s: float


class Intake:
    """Of one server. ``bell`` rings when something was queued."""

    def __init__(self, database: Database, open_webhook: Open, *, now: Now) -> None:
        self.bell = Bell()
        self._database = database
        self._open = open_webhook
        self._now = now
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="webhook")
        self._turns: dict[str, _Turn] = {}
        self._under_way = 0  # users of all turns together
        self._storer = ThreadPoolExecutor(1, thread_name_prefix="webhook-store")
        self._waiting: list[tuple[Arrived, Future[Taken]]] = []
        self._is_storing = False
        self._lock = Lock()
        self._opened: dict[str, _Opened] = {}
        self._refused: Counter[tuple[str, str]] = Counter()
        self._refused_at = ""

    async def receive(
        self, name: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Taken, str]:
        """How the delivery was taken, and what its service wants as answer.

        Raises WebhookForged, also where there is no such webhook; WebhookTooOld, WebhookMalformed;
        WebhookNotTaken where it cannot be verified now.
        """
        received_at = self._now()
        async with self._turn(name):
            one, reply = await asyncio.get_running_loop().run_in_executor(
                self._pool, self._verified, name, headers, body, received_at
            )
        return await self._put(one), reply

    def flush_refusals(self) -> None:
        """Store how many were refused; many are one row's change."""
        with self._lock:
            refused, self._refused = self._refused, Counter()
            at = self._refused_at
        if refused:
            with self._database.transaction(actor="system") as tx:
                for (name, code), count in refused.items():
                    add_refusals(tx, name, code, count, at)

    def close(self) -> None:
        """Nothing is taken any more."""
        for pool in (self._pool, self._storer):
            pool.shutdown(wait=False, cancel_futures=True)

    @asynccontextmanager
    async def _turn(self, name: str) -> AsyncIterator[None]:
        if self._under_way >= _WAITING_MAX:
            raise _not_now("too many deliveries are waiting")
        # After that: a name that is refused, perhaps of no webhook at all, is not kept.
        turn = self._turns.setdefault(name, _Turn())
        turn.users += 1
        self._under_way += 1
        try:
            async with turn.free:
                yield
        finally:
            turn.users -= 1
            self._under_way -= 1
            if turn.users == 0:
                del self._turns[name]

    def _verified(
        self, name: str, headers: Mapping[str, str], body: bytes, received_at: datetime
    ) -> tuple[Arrived, str]:
        """What arrived, and what its service wants as answer."""
        try:
            webhook = self._webhook(name)
        except UnknownIntegration:
            # Answered as a wrong signature is: nobody learns which webhooks there are.
            raise _forged() from None
        except IntegrationDisabled as refusal:
            self._count(name, refusal)
            raise _forged() from None
        except StellaError as refusal:
            raise self._no_way(name, refusal) from None
        try:
            received = webhook.receive(headers, body, received_at)
            return arrived(name, received), received.reply
        except WebhookForged as refusal:
            self._count(name, refusal)
            raise _forged() from None
        except (WebhookTooOld, WebhookMalformed) as refusal:
            self._count(name, refusal)
            raise
        except StellaError as refusal:
            raise self._no_way(name, refusal) from None
        except Exception as error:  # noqa: BLE001 - a connector's bug is its own, not the server's
            _log.warning("the webhook %s broke: %s", name, type(error).__name__)
            raise self._no_way(name, WebhookNotTaken("", remedy=Remedy("-"))) from None

    def _webhook(self, name: str) -> Webhook:
        """The connector, opened anew once a fact was stored since: its integration may be another.

        What another server changed is met a moment later.
        """
        rung, now_s = self._database.bell.rung_beside(_OURS), time.monotonic()
        kept = self._opened.get(name)
        if kept is not None and kept.rung == rung and now_s - kept.at_s < _OPENED_S:
            return kept.webhook
        webhook = self._open(name)
        if len(self._opened) >= _OPENED_MAX:
            self._opened.clear()
        self._opened[name] = _Opened(webhook, rung, now_s)
        return webhook

    def _put(self, one: Arrived) -> "Future[Taken]":
        """What becomes known once it is stored, with all who wait by then."""
        how: Future[Taken] = asyncio.get_running_loop().create_future()
        with self._lock:
            if len(self._waiting) >= _WAITING_MAX:
                raise _not_now("too many deliveries are waiting")
            self._waiting.append((one, how))
            if not self._is_storing:
                self._is_storing = True
                self._storer.submit(self._store)
        return how

    def _store(self) -> None:
        while True:
            with self._lock:
                together, self._waiting = (
                    self._waiting[:_TOGETHER_MAX],
                    self._waiting[_TOGETHER_MAX:],
                )
                if not together:
                    self._is_storing = False
                    return
            # Whose sender has gone is not stored: they send it again.
            heard = [(one, how) for one, how in together if not how.cancelled()]
            told: Sequence[Taken | Exception]
            try:
                with self._database.transaction(actor="webhook") as tx:
                    told = take_deliveries(tx, [one for one, _ in heard])
            except Exception as error:  # noqa: BLE001 - it is each of theirs, and raised for each
                told = [_not_stored(error) for _ in heard]
            else:
                self.bell.ring()
            _tell([how for _, how in heard], told)

    def _no_way(self, name: str, refusal: StellaError) -> WebhookNotTaken:
        _log.warning("the webhook %s takes nothing now: %s", name, refusal.code)
        self._count(name, refusal)
        return _not_now("it cannot be verified at this moment")

    def _count(self, name: str, refusal: StellaError) -> None:
        with self._lock:
            self._refused[name, refusal.code] += 1
            self._refused_at = time_text(self._now())


def _tell(hows: "Sequence[Future[Taken]]", told: Sequence[Taken | Exception]) -> None:
    """Answer all of a loop together: to wake it for each of them costs as much as to store it."""
    of_loop: dict[asyncio.AbstractEventLoop, list[tuple[Future[Taken], Taken | Exception]]] = {}
    for how, one in zip(hows, told, strict=True):
        of_loop.setdefault(how.get_loop(), []).append((how, one))
    for loop, answers in of_loop.items():
        with suppress(RuntimeError):  # closed: its server has ended, and nobody hears
            loop.call_soon_threadsafe(_settle, answers)


def _settle(answers: "Sequence[tuple[Future[Taken], Taken | Exception]]") -> None:
    for how, told in answers:
        if how.done():
            continue  # whose sender has gone meanwhile
        if isinstance(told, Exception):
            how.set_exception(told)
        else:
            how.set_result(told)


def _forged() -> WebhookForged:
    return WebhookForged(
        "there is no such webhook, or the delivery is not signed with its secret",
        remedy=Remedy("See its address, and that both sides have the same secret."),
    )


def _not_now(why: str) -> WebhookNotTaken:
    return WebhookNotTaken(why, remedy=Remedy("Send it again in a minute."))


def _not_stored(error: Exception) -> Exception:
    return error if isinstance(error, DatabaseUnusable) else _not_now("it cannot be stored now")
