"""The feeds that integrations name, looked at: whose time has come is brought up to date, or says why not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from stella.advisory.facts import FeedFailed, FeedSynced
from stella.advisory.observation import Observations, ReadDocument, sync_feed
from stella.api.services import Services
from stella.hub.model import Integration
from stella.hub.store import list_integrations
from stella.kernel import Remedy, StellaError, parse_time, time_text
from stella.plugin.contract.core import Kind
from stella.plugin.refusals import PluginErrored

_AGAIN = timedelta(minutes=10)
_DETAIL_MAX = 300


@dataclass(frozen=True, slots=True)
class Looked:
    """A feed that was looked at. trouble: why nothing of it was taken over, or ""."""

    name: str
    trouble: str = ""


@dataclass(slots=True)
class FeedRound:
    """Feeds of one content. store: where what was observed of them is kept. every: between two looks.

    is_mine: which integrations it is about. read: checks what was brought. failed: feed -> how it failed
    the last time, so that a fact is left where it becomes otherwise.
    """

    services: Services
    store: Path
    every: timedelta
    is_mine: Callable[[Integration], bool]
    read: ReadDocument
    failed: dict[str, str] = field(default_factory=dict)
    tried: dict[str, str] = field(default_factory=dict)

    def names(self) -> list[str]:
        """The feeds that there are, by name, be they switched off."""
        return [one.name for one in self._integrations()]

    def look(self, store: Observations, asked: frozenset[str] = frozenset()) -> Iterator[Looked]:
        """Each feed whose time has come, or that is asked for; ends early where the server does."""
        for one in self._integrations():
            if self.services.stopping.is_set():
                return
            if one.enabled and (one.name in asked or self._is_due(store, one.name)):
                yield self._looked(store, one.name)

    def _integrations(self) -> list[Integration]:
        with self.services.database.read() as tx:
            known = [one.integration for one in list_integrations(tx)]
        return [one for one in known if one.kind is Kind.FEED and self.is_mine(one)]

    def _is_due(self, store: Observations, name: str) -> bool:
        now = self.services.database.now()
        tried = self.tried.get(name)
        if tried and now - parse_time(tried) < _AGAIN:
            return False
        checked = store.feed(name).checked_at
        return not checked or now - parse_time(checked) >= self.every

    def _looked(self, store: Observations, name: str) -> Looked:
        services = self.services
        now = time_text(services.database.now())
        self.tried[name] = now
        try:
            feed = services.outside.connected(Kind.FEED, name)
            done = sync_feed(store, name, feed, now=now, read=self.read)
        except StellaError as refusal:
            return self._failed(name, refusal)
        except Exception as error:  # noqa: BLE001 - a connector's bug is its own, not the server's
            broke = f"the connector of {name} broke: {type(error).__name__}"
            remedy = Remedy("Report it to who publishes it.")
            return self._failed(name, PluginErrored(broke, remedy=remedy))
        self.tried.pop(name)
        was_failed = self.failed.pop(name, "")
        if done.changed or done.removed or was_failed:
            items = store.feed(name).items
            with services.database.transaction(actor="system") as tx:
                tx.add(FeedSynced(name, len(done.changed), len(done.removed), items))
        return Looked(name)

    def _failed(self, name: str, refusal: StellaError) -> Looked:
        detail = self.services.outside.masked(f"{refusal} ({refusal.code})")[:_DETAIL_MAX]
        if self.failed.get(name) != refusal.code:
            with self.services.database.transaction(actor="system") as tx:
                tx.add(FeedFailed(name, refusal.code, detail))
        self.failed[name] = refusal.code
        return Looked(name, detail)
