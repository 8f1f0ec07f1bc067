"""Reachability by the server: scanned, listed, told with its why, judged, kept, and read of packets."""

import json
from typing import Any

import pytest

from fixtures.control import Control
from image.images import DEBIAN, build, dpkg_status, push
from reach.elf_files import elf_file
from sbom.test_programs import programs
from stella.app.heard import rematch_stale
from stella.finding.store import scan, scan_by_id
from stella.kernel import Digest
from stella.replay import replay_packet

FILES = {
    "app/run": elf_file("libc.so.6", interpreter="/lib64/ld-linux-x86-64.so.2"),
    "etc/os-release": DEBIAN,
    "usr/lib/libc.so.6": elf_file(),
    "var/lib/dpkg/status": dpkg_status(
        ("libc6", "2.36-9", "glibc"), ("libc-bin", "2.36-9", "glibc")
    ),
    "var/lib/dpkg/info/libc6.list": b"/usr/lib/libc.so.6\n",
    "var/lib/dpkg/info/libc-bin.list": b"/usr/bin/getent\n",
}


@pytest.fixture
def world(control: Control) -> tuple[Control, Any]:
    """A release of one image whose program loads a library of a vulnerable package."""
    control.environment(
        "dev", approvals=[], parameters={"severityMax": "critical", "knownExploited": "pass"}
    )
    image = build(programs(FILES), Entrypoint=["/app/run"])
    reference = str(push(control.registry, image, "shop/web", "1"))
    release = control.post(
        "/releases",
        {"name": "shop", "version": "1", "components": {"web": reference, "worker": reference}},
    )
    control.settle()
    return control, release


def findings(control: Control, **query: Any) -> dict[str, Any]:
    return {one["component"]: one for one in control.get("/findings", **query)["items"]}


def test_a_finding_says_whether_it_is_reachable_and_by_what(world: tuple[Control, Any]) -> None:
    control, _ = world
    listed = findings(control)
    assert list(listed) == ["libc6", "libc-bin"]
    assert [one["reach"] for one in listed.values()] == ["reachable", "unknown"]
    assert list(findings(control, reach="reachable")) == ["libc6"]
    assert list(findings(control, reach="unknown,unreachable")) == ["libc-bin"]
    of = listed["libc6"]["scan"]
    shown = {
        one["component"]: one["reachWhy"] for one in control.get(f"/scans/{of}/findings")["items"]
    }
    assert shown["libc6"]["chain"] == ["/app/run", "/usr/lib/libc.so.6"]
    assert shown["libc-bin"]["reason"].startswith("no file of it is loaded")
    assert (
        control.get(f"/scans/{of}/findings", reach="reachable")["items"][0]["component"] == "libc6"
    )


def test_a_decision_rests_on_it_and_its_packet_replays(world: tuple[Control, Any]) -> None:
    control, release = world
    done = control.deployed(release["id"], "dev")
    (ref,) = control.get("/evidence", subject=done["id"])["items"]
    packet = control.ask("GET", f"/evidence/{ref['id']}/packet").content
    found = replay_packet(packet)
    assert found.verdict == "identical", found
    entries = control.get(f"/evidence/{ref['id']}")
    assert any("reached/" in json.dumps(one) for one in entries["entries"])


def test_it_is_kept_where_newer_advisories_are_met(world: tuple[Control, Any]) -> None:
    control, _ = world
    of = findings(control)["libc6"]["scan"]
    with control.database.transaction(actor="system") as tx:
        before = scan_by_id(tx, of)
        assert before is not None
        assert before.linked is not None
        tx.connection.execute(
            scan.update().where(scan.c.id == of),
            {"as_of": None, "findings": None, "advisories": None, "reached": None},
        )
    rematch_stale(control.services)
    with control.database.read() as tx:
        after = scan_by_id(tx, of)
    assert after is not None
    assert (after.findings, after.reached) == (before.findings, before.reached)
    assert b"libc-bin" not in control.services.blobs.get(Digest(after.reached or ""))
    assert findings(control)["libc6"]["reach"] == "reachable"
