"""A full disk under an agent: it says so once for each order, begins nothing, and goes on with room."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixtures.control_planes import EnrolledAgent, Plane, now, wait_until
from stella.agent.enroll import enroll_here
from stella.agent.errors import StateUnusable
from stella.agent.state import Phase, StateDirectory
from stella.cli.main import main
from stella.fleet import OrderState
from stella.plugin.contract.target import TargetIntent

Intend = Callable[..., TargetIntent]


class Disk:
    """A small disk of its own. It is filled to the last byte, and freed again."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self) -> None:
        with (self.path / "filling").open("wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    continue
            except OSError:
                return

    def free(self) -> None:
        (self.path / "filling").unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(path)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()} (needs root)")
    yield Disk(path)
    subprocess.run(["umount", "--lazy", str(path)], check=True)


def test_an_enrolment_on_a_full_disk_is_one_refusal_and_works_once_there_is_room(
    plane: Plane, disk: Disk
) -> None:
    state = StateDirectory(disk.path / "agent")
    state.create()
    token = plane.token()

    def enrol() -> str:
        fingerprint = plane.authority.fingerprint
        return enroll_here(
            state, url=plane.url, token=token, fingerprint=fingerprint, name="host-a", now=now
        ).agent

    disk.fill()
    with pytest.raises(StateUnusable, match="No space left on device") as refusal:
        enrol()
    assert "Free space" in refusal.value.remedy.advice
    assert not (state.root / "agent.key").exists()
    disk.free()
    assert plane.agent(enrol()).name == "host-a"


def test_an_order_on_a_full_disk_is_told_as_errored_and_the_next_one_is_carried_out(
    plane: Plane, agent: EnrolledAgent, intend: Intend, disk: Disk
) -> None:
    moved = disk.path / "agent"
    subprocess.run(["cp", "-a", str(agent.state.root), str(moved)], check=True)
    agent.state = StateDirectory(moved)
    (agent.state.projects / "shop").mkdir()
    with agent.running():
        disk.fill()
        full = plane.ended(plane.issue(intend("dep_1", "1")))
        assert full.result is not None
        assert (full.state, full.result.code) == (OrderState.ERRORED, "ST-TGT-017")
        assert "No space left on device" in str(full.result.message)
        assert "Free space" in str(full.result.message)
        assert full.result.running == ()
        disk.free()
        after = plane.ended(plane.issue(intend("dep_2", "1")))
        wait_until(lambda: _phase(agent, after.id) is Phase.TOLD)
    assert after.state is OrderState.SUCCEEDED
    assert not list(moved.rglob(".*.new"))


def _phase(agent: EnrolledAgent, order: str) -> Phase | None:
    note = agent.state.order(order)
    return note.phase if note else None


def test_half_a_file_of_a_command_is_not_left_on_a_full_disk(
    disk: Disk, capfd: pytest.CaptureFixture[str]
) -> None:
    disk.fill()
    target = disk.path / "sbom.json"
    words = ["scan", f"dir:{Path(sys.prefix)}", "-o", "cyclonedx-json", "--to", str(target)]
    assert main(words) == 1
    said = capfd.readouterr().err
    assert "No space left on device" in said
    assert "ST-CLI-001" in said
    assert not target.exists()
