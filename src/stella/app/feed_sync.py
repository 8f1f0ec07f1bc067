"""Feeds that integrations name are synced by the server, and become the snapshot that it matches by.

Observations are kept below ``data/feeds``, snapshots below ``data/advisories``; both are the server's
own. A feed that fails changes nothing: what was known of it stays, with its age.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from stella.advisory import SUFFIX, Snapshot, open_snapshot
from stella.advisory.facts import FeedFailed, FeedSynced
from stella.advisory.observation import Observations, sync_feed
from stella.api.services import Services
from stella.hub.store import list_integrations
from stella.kernel import Remedy, StellaError, parse_time, time_text
from stella.plugin.contract.core import Kind
from stella.plugin.refusals import PluginErrored

_FREEZE_S = 900
_AGAIN = timedelta(minutes=10)
_DETAIL_MAX = 300


@dataclass(slots=True)
class FeedSync:
    """One sweep brings every feed up to date whose time has come. every: between two looks at one.

    failed: feed -> how it failed the last time, so that a fact is left where it becomes otherwise.
    """

    services: Services
    every: timedelta
    failed: dict[str, str] = field(default_factory=dict)
    tried: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Path:
        """Where observations are kept."""
        return self.services.data / "feeds"

    def sweep(self) -> bool:
        """Whether there is another snapshot now."""
        with self.services.database.read() as tx:
            names = [
                one.integration.name
                for one in list_integrations(tx)
                if one.integration.kind is Kind.FEED and one.integration.enabled
            ]
        if not names:
            return False
        with Observations(self.store) as store:
            before = store.generation
            for name in names:
                if self.services.stopping.is_set():
                    return False
                if self._is_due(store, name):
                    self._sync(store, name)
            is_other = store.generation != before or not list(_snapshots(self.services.data))
            if not is_other or not store.generation:
                return False
        _freeze(self.store, own_advisories(self.services.data))
        return True

    def _is_due(self, store: Observations, name: str) -> bool:
        now = self.services.database.now()
        tried = self.tried.get(name)
        if tried and now - parse_time(tried) < _AGAIN:
            return False
        checked = store.feed(name).checked_at
        return not checked or now - parse_time(checked) >= self.every

    def _sync(self, store: Observations, name: str) -> None:
        services = self.services
        now = time_text(services.database.now())
        self.tried[name] = now
        try:
            feed = services.outside.connected(Kind.FEED, name)
            done = sync_feed(store, name, feed, now=now)
        except StellaError as refusal:
            self._fail(name, refusal)
            return
        except Exception as error:  # noqa: BLE001 - a connector's bug is its own, not the server's
            broke = f"the connector of {name} broke: {type(error).__name__}"
            self._fail(name, PluginErrored(broke, remedy=Remedy("Report it to who publishes it.")))
            return
        self.tried.pop(name)
        was_failed = self.failed.pop(name, "")
        if done.changed or done.removed or was_failed:
            items = store.feed(name).items
            with services.database.transaction(actor="system") as tx:
                tx.add(FeedSynced(name, len(done.changed), len(done.removed), items))

    def _fail(self, name: str, refusal: StellaError) -> None:
        detail = self.services.outside.masked(f"{refusal} ({refusal.code})")[:_DETAIL_MAX]
        if self.failed.get(name) != refusal.code:
            with self.services.database.transaction(actor="system") as tx:
                tx.add(FeedFailed(name, refusal.code, detail))
        self.failed[name] = refusal.code


def own_advisories(data: Path) -> Path:
    """Where a server keeps the snapshots that it makes itself."""
    return data / "advisories"


def own_snapshot(data: Path) -> Callable[[], Snapshot | None]:
    """The newest snapshot that the server made itself; None where there is none."""
    opened = lru_cache(maxsize=1)(lambda path, _mark: open_snapshot(path))

    def snapshot() -> Snapshot | None:
        found = max(_snapshots(data), key=_made_at, default=None)
        return None if found is None else opened(found, _made_at(found))

    return snapshot


def _snapshots(data: Path) -> Iterator[Path]:
    return own_advisories(data).glob(f"*{SUFFIX}")


def _made_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0  # a newer one took its place just now


def _freeze(store: Path, into: Path) -> None:
    """In a process of its own: it computes for seconds, and others ask this one meanwhile."""
    command = [sys.executable, "-m", "stella.cli.main", "advisory", "freeze"]
    command += ["--store", str(store), "--into", str(into)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_FREEZE_S, check=False)
    made = Path(done.stdout.strip())
    if done.returncode or not made.is_file():
        raise PluginErrored(
            f"no snapshot could be made: {done.stderr.strip()[-_DETAIL_MAX:]}",
            remedy=Remedy("Try it by hand.", " ".join(("stella", *command[3:]))),
        )
    os.utime(made)  # one that was made before may be the newest again
    for path in into.glob(f"*{SUFFIX}"):
        if path != made:
            path.unlink(missing_ok=True)
