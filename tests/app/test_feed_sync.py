"""A server syncs the feeds that integrations name, and matches by what it made of them."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fixtures.control import Control
from stella.app.feed_sync import FeedSync, own_advisories, own_snapshot
from stella.app.heard import rematch_stale
from stella.app.settings import Settings
from stella.app.wiring import snapshot_opener
from stella.hub.apply import apply_integration
from stella.plugin.contract.core import Contribution, Kind
from stella.record.tables import fact as fact_table
from stella.sdk.testing import SimulatedFeed

BROUGHT = {(Kind.FEED, "played"): Contribution(Kind.FEED, "played", "Played", {"type": "object"})}
FEED = {"kind": "feed", "connector": "played", "endpoint": "https://feed.example"}


def record(name: str, package: str, fixed: str) -> bytes:
    told = {
        "id": name,
        "modified": "2030-01-01T00:00:00Z",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": package},
                "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}
                ],
            }
        ],
    }
    return json.dumps(told).encode()


class Served:
    """A control plane with one feed, whose data lies in a directory of its own."""

    def __init__(self, control: Control, data: Path) -> None:
        self.control, self.data, self.feed = control, data, SimulatedFeed()
        with control.database.transaction(actor="test") as tx:
            apply_integration(tx, "osv", FEED, BROUGHT)
        outside = replace(control.services.outside, connected=lambda *_, **__: self.feed)
        services = replace(
            control.services, data=data, outside=outside, snapshot=own_snapshot(data)
        )
        self.services = services
        self.sync = FeedSync(services, timedelta(hours=1))

    def facts(self, kind: str) -> list[dict[str, Any]]:
        with self.control.database.read() as tx:
            query = fact_table.select().where(fact_table.c.kind == kind)
            return [json.loads(row["data"]) for row in tx.rows(query)]


@pytest.fixture
def served(control: Control, tmp_path: Path) -> Served:
    return Served(control, tmp_path / "own")


def test_what_a_feed_says_becomes_findings(served: Served) -> None:
    control = served.control
    control.sealed("2.0.0", {"requests": "2.32.5"})
    assert served.services.snapshot() is None
    served.feed.documents = {"a.json": record("A-1", "requests", "9.0")}
    assert served.sync.sweep()
    snapshot = served.services.snapshot()
    assert snapshot is not None
    assert [one.name for one in snapshot.feeds()] == ["osv"]
    assert rematch_stale(served.services) == 2
    object.__setattr__(control.services, "snapshot", served.services.snapshot)
    known = control.get("/advisories")
    assert (known["snapshot"], known["ecosystems"]) == (snapshot.digest.text, ["PyPI"])
    assert [(one["name"], one["documents"]) for one in known["feeds"]] == [("osv", 1)]
    assert [one["scan"] for one in control.get("/vulnerabilities/A-1")["images"]]

    assert not served.sync.sweep(), "its time has not come"
    served.feed.documents["b.json"] = record("B-1", "urllib3", "9.0")
    control.clock.go_on(hours=2)
    assert served.sync.sweep()
    newer = served.services.snapshot()
    assert newer is not None
    assert newer.digest != snapshot.digest
    assert len(list(own_advisories(served.data).iterdir())) == 1
    assert [(one["changed"], one["items"]) for one in served.facts("FeedSynced")] == [
        (1, 1),
        (1, 2),
    ]


def test_a_feed_that_breaks_changes_nothing_and_is_told_once(served: Served) -> None:
    served.feed.documents = {"a.json": record("A-1", "requests", "9.0")}
    assert served.sync.sweep()
    before = served.services.snapshot()
    served.feed.documents["b.json"] = record("B-1", "urllib3", "9.0")
    served.feed.is_broken = True
    for _ in range(3):
        served.control.clock.go_on(hours=2)
        served.sync.sweep()
    assert served.services.snapshot() is before
    (failed,) = served.facts("FeedFailed")
    assert failed["code"].startswith("ST-")
    served.feed.is_broken = False
    served.control.clock.go_on(minutes=11)
    assert served.sync.sweep()
    assert len(served.facts("FeedSynced")) == 2


def test_what_is_switched_off_is_not_asked(served: Served) -> None:
    with served.control.database.transaction(actor="test") as tx:
        apply_integration(tx, "osv", {**FEED, "enabled": False}, BROUGHT)
    served.feed.documents = {"a.json": record("A-1", "requests", "9.0")}
    assert not served.sync.sweep()
    assert served.services.snapshot() is None


def test_the_settings_name_another_snapshot_or_none(served: Served, tmp_path: Path) -> None:
    served.feed.documents = {"a.json": record("A-1", "requests", "9.0")}
    served.sync.sweep()
    own = snapshot_opener(Settings(data_directory=str(served.data)))()
    assert own is not None
    assert own.digest == served.services.snapshot().digest  # type: ignore[union-attr]
    assert snapshot_opener(Settings(data_directory=str(tmp_path / "empty")))() is None
