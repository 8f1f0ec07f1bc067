"""Newer advisories change findings without a scan: those alone that they speak of, told once."""

from pathlib import Path
from typing import Any

import pytest

from fixtures.control import Control
from stella.advisory import Snapshot, import_advisories, open_snapshot
from stella.app.heard import rematch_stale
from stella.finding.document import parse_findings
from stella.finding.rematch import says_the_same
from stella.finding.store import Scan, list_scans
from stella.kernel import Digest
from stella.record.tables import fact as fact_table

STRICT: dict[str, Any] = {"parameters": {"severityMax": "medium", "unmatched": "pass"}}


def osv(name: str, package: str, fixed: str) -> str:
    return (
        f'{{"id": "{name}", "modified": "2030-01-01T00:00:00Z", "aliases": ["CVE-2030-{name[-1]}"],'
        '"database_specific": {"severity": "CRITICAL"},'
        f'"affected": [{{"package": {{"ecosystem": "PyPI", "name": "{package}"}},'
        f'"ranges": [{{"type": "ECOSYSTEM", "events": [{{"introduced": "0"}}, {{"fixed": "{fixed}"}}]}}]}}]}}'
    )


class World:
    """A control plane, and the advisories that it is given one after the other."""

    def __init__(self, control: Control, folder: Path) -> None:
        self.control, self.folder, self.count = control, folder, 0
        self.snapshot: Snapshot | None = None
        object.__setattr__(control.services, "snapshot", lambda: self.snapshot)

    def know(self, *records: str) -> int:
        """The advisories are these now; how many scans have other findings by that."""
        self.count += 1
        feed = self.folder / f"feed-{self.count}.jsonl"
        feed.write_text("\n".join(records))
        made = import_advisories([feed], self.folder / f"snapshot-{self.count}")
        self.snapshot = open_snapshot(made.path)
        changed = rematch_stale(self.control.services)
        self.control.settle()
        return changed

    def scans(self) -> dict[str, Scan]:
        with self.control.database.read() as tx:
            return {one.reference.split("/")[-1]: one for one in list_scans(tx)}

    def facts(self, kind: str) -> list[dict[str, Any]]:
        import json

        with self.control.database.read() as tx:
            query = fact_table.select().where(fact_table.c.kind == kind).order_by(fact_table.c.id)
            return [json.loads(row["data"]) for row in tx.rows(query)]


@pytest.fixture
def world(control: Control, tmp_path: Path) -> World:
    return World(control, tmp_path)


def test_only_what_the_new_advisories_speak_of_changes(world: World) -> None:
    control = world.control
    control.environment("dev", **STRICT)
    release = control.sealed("2.0.0", {"requests": "2.32.5"})
    assert world.know(osv("A-1", "nothing-here", "1.0")) == 2  # from the demo's advisories to these
    before = world.scans()
    assert world.know(osv("A-1", "nothing-here", "1.0"), osv("A-2", "requests", "9.0")) == 1
    after = world.scans()
    changed = {name for name in after if before[name].findings != after[name].findings}
    assert len(changed) == 1
    assert {one.as_of for one in after.values()} == {world.snapshot and world.snapshot.digest.text}
    (appeared,) = [one for one in world.facts("FindingAppeared") if one["vulnerability"] == "A-2"]
    assert (appeared["purl"], appeared["severity"]) == ("pkg:pypi/requests@2.32.5", "critical")
    assert appeared["fixed"] == "9.0"

    radius = control.get("/vulnerabilities/cve-2030-2")
    assert [one["severity"] for one in radius["images"]] == ["critical"]
    assert [one["id"] for one in radius["releases"]] == [release["id"]]
    assert (radius["runsIn"], radius["more"]) == ([], False)

    assert world.know(osv("A-1", "nothing-here", "1.0")) == 1
    (resolved,) = [one for one in world.facts("FindingResolved") if one["vulnerability"] == "A-2"]
    assert resolved["purl"] == "pkg:pypi/requests@2.32.5"
    assert control.get("/vulnerabilities/A-2")["images"] == []
    assert rematch_stale(control.services) == 0


def test_what_waits_is_judged_by_what_is_known_now(world: World) -> None:
    control = world.control
    rules = {"approvals": [{"rule": "one", "approvers": ["ann"]}], **STRICT}
    control.environment("dev", **rules)
    world.know(osv("A-1", "nothing-here", "1.0"))
    waiting = control.asked(control.sealed("2.0.0", {"requests": "2.32.5"})["id"], "dev")
    assert waiting["state"] == "waiting"
    world.know(osv("A-2", "requests", "9.0"))
    blocked = control.get(f"/promotions/{waiting['id']}")
    assert blocked["state"] == "blocked"
    assert any("A-2" in str(gate) for gate in blocked["decision"]["gates"])


def test_where_it_runs_is_told_with_its_targets(world: World) -> None:
    control = world.control
    control.environment("dev", parameters={"unmatched": "pass"})
    world.know(osv("A-1", "nothing-here", "1.0"))
    control.sealed("2.0.0", {"requests": "2.32.5"})
    control.deployed("shop@2.0.0", "dev")
    world.know(osv("A-2", "requests", "9.0"))
    (runs,) = control.get("/vulnerabilities/A-2")["runsIn"]
    assert (runs["environment"], runs["release"]["version"]) == ("dev", "2.0.0")
    assert runs["targets"]


def test_components_are_found_over_all_images(world: World) -> None:
    control = world.control
    control.sealed("1.0.0", {"requests": "2.31.0"})
    control.sealed("2.0.0", {"requests": "2.32.5"})
    found = control.get("/components", name="Requests")["items"]
    assert [one["purl"] for one in found] == [
        "pkg:pypi/requests@2.31.0",
        "pkg:pypi/requests@2.32.5",
    ]
    one = control.get("/components", name="requests", version="2.31.0")["items"]
    assert [it["version"] for it in one] == ["2.31.0"]
    first = control.get("/components", name="requests", limit=1)
    assert first["next"]
    rest = control.get("/components", name="requests", limit=1, cursor=first["next"])["items"]
    assert rest == found[1:]
    for cursor in ("c2NuXzE", "OTk5" * 20):
        refusal = control.refused("GET", f"/components?name=requests&cursor={cursor}")
        assert refusal == "ST-API-007"


def test_what_vex_settled_stays_so_where_a_scan_is_brought_to_its_own_advisories(
    world: World,
) -> None:
    control = world.control
    control.sealed("2.0.0", {"requests": "2.30.0"})
    (found,) = [
        one
        for scan in world.scans().values()
        for one in parse_findings(control.services.blobs.get(Digest(scan.findings))).findings
    ]
    said = {"vulnerability": found.id, "products": [found.purl], "status": "not_affected"}
    control.post("/vex/statements", {**said, "justification": "component_not_present"}, by="olga")
    control.settle()

    def counts() -> list[bool]:
        return [one["counts"] for one in control.get(f"/vulnerabilities/{found.id}")["images"]]

    assert (counts(), {one.as_of for one in world.scans().values()}) == ([False], {None})
    world.snapshot = control.work.snapshot()
    assert rematch_stale(control.services) == 0
    assert counts() == [False]


def test_an_image_that_was_scanned_without_advisories_gets_its_findings(world: World) -> None:
    control = world.control
    world.snapshot = None
    object.__setattr__(control.work, "snapshot", lambda: world.snapshot)
    control.sealed("2.0.0", {"requests": "2.32.5"})
    assert {one.findings for one in world.scans().values()} == {None}
    world.know(osv("A-2", "requests", "9.0"))
    assert all(one.findings for one in world.scans().values())
    assert len(control.get("/vulnerabilities/A-2")["images"]) == 1


def test_people_can_be_told_of_what_appeared(world: World) -> None:
    control = world.control
    hook = {
        "kind": "notifier",
        "connector": "webhook-out",
        "endpoint": "https://chat.example",
        "credentials": {"signing_secret": "env://STELLA_SECRET_SIGN"},
    }
    rule = {"on": ["FindingsAppeared"], "integration": "chat"}
    for kind, name, spec in (("Integration", "chat", hook), ("Notification", "news", rule)):
        told = {"apiVersion": "stella/v1", "kind": kind, "name": name, "spec": spec}
        assert control.apply(told).is_success
    world.know(osv("A-1", "nothing-here", "1.0"))
    control.sealed("2.0.0", {"requests": "2.32.5"})
    world.know(osv("A-2", "requests", "9.0"))
    (message,) = control.get("/notifications/sent")["items"]
    assert message["title"] == "1 new finding in registry.test/shop/web"


def test_what_runs_already_is_judged_by_what_is_known_now(world: World) -> None:
    control = world.control
    control.environment("dev", **STRICT)
    world.know(osv("A-1", "nothing-here", "1.0"))
    control.sealed("2.0.0", {"requests": "2.32.5"})
    control.deployed("shop@2.0.0", "dev")

    def standing() -> Any:
        (column,) = control.get("/matrix")["environments"]
        return column["standing"]

    assert (standing()["outcome"], standing()["reasons"]) == ("pass", [])
    world.know(osv("A-2", "requests", "9.0"))
    assert standing()["outcome"] == "blocked"
    assert any("A-2" in one for one in standing()["reasons"])
    (changed,) = world.facts("StandingChanged")
    assert (changed["outcome"], changed["release"]) == ("blocked", changed["release"])
    assert control.get("/deployments")["items"][0]["state"] == "succeeded"  # nothing was stopped

    control.environment("dev", parameters={**STRICT["parameters"], "severityMax": "critical"})
    control.settle()
    assert standing()["outcome"] == "pass"
    world.know(osv("A-1", "nothing-here", "1.0"))
    assert [one["outcome"] for one in world.facts("StandingChanged")] == ["blocked", "pass"]
    assert control.get("/matrix", at="2030-01-01T00:00:00Z")["environments"][0]["standing"] is None


def cut(at: str, feed: str = "osv") -> bytes:
    packages = '{"PyPI":{}}'
    feeds = f'[{{"name":"{feed}","at":"{at}","documents":3}}]'
    return f'{{"ecosystems":["PyPI"],"feeds":{feeds},"packages":{packages},"snapshot":"{at}"}}'.encode()


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (cut("2030-01-01T11:00:00Z"), True),
        (cut("2030-01-01T12:00:00Z"), False),
        (cut("2030-01-01T00:00:00Z", "kev"), False),
        (b'{"ecosystems":["PyPI"],"packages":{"PyPI":{}}}', False),
    ],
    ids=["hours", "half a day", "another feed", "no feeds"],
)
def test_documents_are_renewed_before_their_feeds_look_old(other: bytes, same: bool) -> None:
    assert says_the_same(cut("2030-01-01T00:00:00Z"), other) is same
