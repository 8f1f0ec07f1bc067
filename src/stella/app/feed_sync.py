"""Feeds that integrations name are synced by the server, and become the snapshot that it matches by.

Observations are kept below ``data/feeds``, snapshots below ``data/advisories``; both are the server's
own. A feed that fails changes nothing: what was known of it stays, with its age.
"""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from stella.advisory import SUFFIX, Snapshot, open_snapshot
from stella.advisory.observation import Observations, read_advisories
from stella.api.services import Services
from stella.app.feed_round import FeedRound
from stella.kernel import Remedy
from stella.plugin.refusals import PluginErrored

_FREEZE_S = 900
_DETAIL_MAX = 300


class FeedSync:
    """One sweep brings every feed up to date whose time has come. every: between two looks at one."""

    def __init__(self, services: Services, every: timedelta) -> None:
        self._services = services
        self._round = FeedRound(
            services,
            services.data / "feeds",
            every,
            lambda one: not one.brings_vex,
            read_advisories,
        )

    def sweep(self) -> bool:
        """Whether there is another snapshot now."""
        if not self._round.names():
            return False
        with Observations(self._round.store) as store:
            before = store.generation
            deque(self._round.look(store), maxlen=0)
            is_other = store.generation != before or not list(_snapshots(self._services.data))
            if not is_other or not store.generation or self._services.stopping.is_set():
                return False
        _freeze(self._round.store, own_advisories(self._services.data))
        return True


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
