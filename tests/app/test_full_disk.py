"""A disk that is full, under a real server: one refusal each, nothing half-written, and then on."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fixtures.hosts import Host, free_port, password_in
from stella.client import Client, Refused
from stella.demo.simulated import SimulatedGround
from stella.demo.stage import Stage
from stella.demo.summary import Summary, Teller
from stella.demo.walk import Walk
from stella.evidence import verify_packet
from stella.lab import ShopVersion
from stella.trust import TrustRoot

WAIT_S = 60
FULL_CODES = {"ST-REC-001", "ST-BLB-003"}
ENV_POLICY = {
    "apiVersion": "stella/v1",
    "kind": "Policy",
    "name": "mine",
    "spec": {
        "rego": (
            "package stella.policy\n"
            'results contains {"rule": "r", "outcome": "pass", "message": "fine"} if true\n'
        )
    },
}


@dataclass(frozen=True)
class Disk:
    """A small disk of its own. It is filled to the last byte, and freed again."""

    path: Path

    def fill(self, left: int = 0) -> None:
        """Fill it but for ``left`` bytes."""
        filling = self.path / "filling"
        with filling.open("wb", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                try:
                    while file.write(b"x" * size):
                        continue
                except OSError:
                    continue
        os.truncate(filling, max(0, filling.stat().st_size - left))

    def free(self) -> None:
        (self.path / "filling").unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=60m,mode=700", "tmpfs", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()} (needs root)")
    yield Disk(path)
    subprocess.run(["umount", "--lazy", str(path)], check=True)


def until(holds: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + WAIT_S
    while not (found := holds()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)
    return found


@pytest.mark.demo
def test_a_full_disk_is_one_refusal_and_the_server_goes_on(disk: Disk) -> None:
    host = Host(disk.path / "data", free_port(), free_port())
    with host.serving() as serving:
        password = password_in(host.command("serve", "--reset-admin").stdout)
        with host.login(password) as client:
            client.post("/users", {"name": "before", "roles": ["viewer"]})
            disk.fill()
            for path, body in (
                ("/users", {"name": "during", "roles": ["viewer"]}),
                ("/tokens", {"name": "during"}),
                ("/scans", {"reference": "127.0.0.1:1/a:b"}),
                ("/apply", {"documents": [ENV_POLICY]}),
                ("/login", {"name": "admin", "password": password}),
            ):
                with pytest.raises(Refused) as refusal:
                    client.post(path, body)
                assert refusal.value.code in FULL_CODES, path
                assert "Free space" in refusal.value.remedy.advice
            # What only reads goes on, and the doctor names the trouble.
            assert {one["name"] for one in client.items("/users")} == {"admin", "before"}
            checks = {one["name"]: one["outcome"] for one in client.get("/doctor")["checks"]}
            assert checks["disk"] == checks["blobs"] == "blocked"
            disk.free()
            client.post("/users", {"name": "after", "roles": ["viewer"]})
            client.post("/apply", {"documents": [ENV_POLICY]})
            names = {one["name"] for one in client.items("/users")}
            assert names == {"admin", "before", "after"}
            until(lambda: list(client.items("/facts", kind="PolicyApplied")))
            assert client.get("/audit/verify")["good"]
        assert not list((disk.path / "data").rglob(".new-*"))
        code, _, _ = serving.end()
    assert code == 0


@pytest.mark.demo
def test_a_server_does_not_start_on_a_full_disk_and_starts_once_there_is_room(disk: Disk) -> None:
    host = Host(disk.path / "data", free_port(), free_port())
    (disk.path / "data").mkdir()
    # With room for the first file, for a few, for all but the workflows' tables.
    for left in (0, 100_000, 400_000, 700_000):
        disk.fill(left)
        refused = host.command("serve")
        disk.free()
        assert refused.returncode == 1, left
        assert "ST-" in refused.stderr
        assert "Traceback" not in refused.stderr, refused.stderr
    with host.serving() as serving:
        code, out, _ = serving.end()
    assert code == 0
    assert out.count("password: ") == 1


@pytest.fixture
def walk(disk: Disk, tmp_path: Path) -> Iterator[Walk]:
    """A shop on simulated hosts, whose server writes to the small disk."""
    summary = Summary(simulated=True)
    directory = disk.path / "stage"
    directory.mkdir()
    stage = Stage(SimulatedGround(("a test",)), directory=directory)
    made = Walk(stage, summary, Teller(summary, colours=False), tmp_path / "packets")
    try:
        made.start()
        made.apply()
        made.build(ShopVersion.V2)
        made.release(ShopVersion.V2)
        yield made
    finally:
        stage.stop()


@pytest.mark.demo
def test_what_was_under_way_on_a_full_disk_ends_right_once_there_is_room(
    disk: Disk, walk: Walk
) -> None:
    scan = walk.admin.post("/scans", {"reference": f"{walk.stage.ground.registry}/shop/web:2.0.0"})
    asked = walk.request(ShopVersion.V2, "dev")
    disk.fill()
    time.sleep(8)  # longer than any single step waits
    disk.free()

    def ended(path: str, under_way: frozenset[str]) -> dict[str, Any] | None:
        found: dict[str, Any] = walk.admin.get(path)
        return None if found["state"] in under_way else found

    scanned = until(lambda: ended(f"/scans/{scan['id']}", frozenset({"pending"})))
    assert scanned["state"] == "done", scanned
    waiting = frozenset({"evaluating", "approved", "deploying"})
    done = until(lambda: ended(f"/promotions/{asked['id']}", waiting))
    assert done["state"] == "deployed", done
    root = TrustRoot.from_json(walk.admin.content("/trust/root"))
    for subject in (done["id"], done["deployment"]):
        assert verify_packet(walk.packet_of(subject), root).good
    assert walk.admin.get("/audit/verify")["good"]


@pytest.mark.demo
def test_a_server_with_a_full_disk_ends_and_goes_on_at_the_next_start(
    disk: Disk, walk: Walk
) -> None:
    asked = walk.request(ShopVersion.V2, "dev")
    disk.fill()
    time.sleep(3)
    process = walk.stage.processes["server"]
    process.terminate()
    process.wait(60)
    del walk.stage.processes["server"]
    disk.free()
    walk.stage.run_server()
    states = {"deployed"}
    done = until(lambda: _in(walk.admin, asked["id"], states))
    assert verify_packet(walk.packet_of(done["deployment"])).good


def _in(client: Client, promotion: str, states: set[str]) -> dict[str, Any] | None:
    found: dict[str, Any] = client.get(f"/promotions/{promotion}")
    return found if found["state"] in states else None
