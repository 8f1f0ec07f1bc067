"""Sends what is due to be told, beside everything else: a service that is down holds nothing up.

Each integration has one thread at a time, so that a slow one keeps only its own messages waiting. Its
turn ends with the first trouble that may pass by itself: the rest would meet the same.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from stella.api.services import Services
from stella.kernel import Remedy, StellaError
from stella.notify.commits import is_overtaken, tell_commits
from stella.notify.deliver import Delivery, claim_due, note_failed, note_sent, release
from stella.notify.store import due_messages
from stella.plugin.contract.core import Kind
from stella.plugin.contract.notifier import SentMessage
from stella.plugin.refusals import PluginErrored

_THREADS = 8
_BATCH = 50
_log = logging.getLogger("stella.courier")


class Courier:
    """Safe for one sweep at a time."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="courier")
        self._busy: set[str] = set()
        self._lock = Lock()

    def sweep(self) -> int:
        """Begin sending what is due; how many messages that is."""
        with self._lock:
            busy = frozenset(self._busy)
        database = self._services.database
        with database.read() as tx:
            if not due_messages(tx, 1):
                return 0
        with database.transaction(actor="system") as tx:
            claimed = claim_due(tx, _BATCH, busy)
        by_integration: dict[str, list[Delivery]] = {}
        for one in claimed:
            by_integration.setdefault(one.row.integration, []).append(one)
        for integration, deliveries in by_integration.items():
            with self._lock:
                self._busy.add(integration)
            self._pool.submit(self._turn, integration, deliveries)
        return len(claimed)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being sent."""
        with self._lock:
            return not self._busy

    def close(self) -> None:
        """Wait for what is being sent; what was only begun is due again after its lease."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _turn(self, integration: str, deliveries: Sequence[Delivery]) -> None:
        try:
            for at, one in enumerate(deliveries):
                if self._services.stopping.is_set():
                    self._free(deliveries[at:])
                    return
                if not deliver(self._services, one):
                    self._free(deliveries[at + 1 :])
                    return
        except Exception:  # noqa: BLE001 - the outermost edge of a thread; the lease ends by itself
            _log.exception("messages by %s", integration)
        finally:
            with self._lock:
                self._busy.discard(integration)

    def _free(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            with self._services.database.transaction(actor="system") as tx:
                for one in deliveries:
                    release(tx, one)


def deliver(services: Services, delivery: Delivery) -> bool:
    """One attempt, and how it ended; False where the service cannot be reached now."""
    masked, row = services.outside.masked, delivery.row
    refusal: StellaError | None = None
    try:
        is_of_commits = "commits" in row.content
        kind = Kind.SCM if is_of_commits else Kind.NOTIFIER
        made = services.outside.connected(kind, row.integration, environment=row.environment)
        if is_of_commits:
            with services.database.read() as tx:
                is_late = is_overtaken(tx, row)
            sent = SentMessage("") if is_late else tell_commits(made, row, masked)
        else:
            sent = made.send(delivery.message(masked))
    except StellaError as error:
        refusal = error
    except Exception as error:  # noqa: BLE001 - a connector's bug is its own, not the server's
        refusal = PluginErrored(
            f"the connector of {row.integration} broke: {type(error).__name__}",
            remedy=Remedy("Report it to who publishes the connector."),
        )
    with services.database.transaction(actor="system", cause=_cause(row.fact)) as tx:
        if refusal is None:
            note_sent(tx, delivery, sent)
        else:
            note_failed(tx, delivery, refusal, masked)
    return refusal is None or not refusal.retry_may_help


def _cause(fact: str) -> str | None:
    """A test of a rule follows from no fact."""
    return fact if fact.startswith("fct_") else None
