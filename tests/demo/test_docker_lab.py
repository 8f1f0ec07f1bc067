"""The demonstration of a user without root, on a Docker Engine that runs something else too."""

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.plain_users import PlainUser
from stella.lab import Host, Lab
from stella.lab.process import programs_naming

pytestmark = pytest.mark.lab

BUSYBOX = "/bin/busybox"
DEADLINE_S = 240


def everything_on(host: Host) -> dict[str, set[str]]:
    return {
        "containers": set(host.run(["ps", "--all", "--quiet", "--no-trunc"]).split()),
        "images": set(host.run(["image", "ls", "--all", "--quiet", "--no-trunc"]).split()),
        "networks": set(host.run(["network", "ls", "--quiet", "--no-trunc"]).split()),
        "volumes": set(host.run(["volume", "ls", "--quiet"]).split()),
    }


def eventually(found: Any) -> Any:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
        time.sleep(0.2)
    raise AssertionError("it did not happen in time")


@pytest.fixture
def engine(lab: Lab, tmp_path: Path) -> Iterator[Host]:
    """Host a, open to everybody, on which a stranger's container runs before and after."""
    host = lab.host("a")
    for directory in (lab.root, host.socket.parent):
        directory.chmod(0o711)
    host.socket.chmod(0o666)
    (tmp_path / "tree" / "bin").mkdir(parents=True)
    shutil.copy2(BUSYBOX, tmp_path / "tree" / "bin" / "busybox")
    tar = shutil.make_archive(str(tmp_path / "stranger"), "tar", tmp_path / "tree")
    host.run(["import", tar, "stranger:1"])
    name = host.run(["run", "--detach", "stranger:1", BUSYBOX, "sleep", "3600"]).strip()
    before = everything_on(host)
    yield host
    assert host.run(["inspect", "--format", "{{.State.Running}}", name]).strip() == "true"
    assert everything_on(host) == before
    host.run(["rm", "--force", name])
    host.run(["image", "rm", "--force", "stranger:1"])


@pytest.fixture
def user(plain_user: PlainUser, engine: Host) -> PlainUser:
    return replace(plain_user, more={"DOCKER_HOST": engine.url})


@pytest.mark.timeout(900)
def test_it_walks_the_whole_path_and_leaves_the_engine_as_it_was(
    user: PlainUser, engine: Host
) -> None:
    code, screen = user.stella("demo", "--docker", "--summary", "summary.json")
    assert code == 0, screen[-6000:]
    shown = json.loads((user.home / "summary.json").read_text())
    assert not shown["simulated"]
    assert "your own Docker Engine" in screen
    assert set(shown["releases"]) == {"1.0.0", "2.0.0", "3.0.0"}
    assert shown["refusal"]["exitCode"] == 6
    reason = next(one for one in shown["refusal"]["reasons"] if one["finding"])
    assert reason["finding"]["why"]["paths"]
    assert reason["fix"]
    assert "digest mismatch" in shown["tamper"]["message"]
    assert "removed from the engine after their push" in screen
    assert shown["tamper"]["serving"] == shown["rollback"]["serving"] == "2.0.0"
    assert shown["tag_moved"]["tag"] == "2.0.0"
    assert len(shown["packets"]) == len(shown["verify"]) == len(shown["replay"]) == 19
    assert all(one["good"] for one in shown["verify"])
    assert all(one["identical"] for one in shown["replay"])
    assert user.stella("demo", "--stop")[0] == 3, "nothing is left to end"


@pytest.mark.timeout(900)
def test_what_a_killed_one_left_is_ended_by_stop_and_nothing_else_is(
    user: PlainUser, engine: Host
) -> None:
    process = user.start("demo", "--docker")
    try:
        labelled = ["ps", "--quiet", "--filter=label=stella.demo", "--filter=health=healthy"]
        eventually(lambda: engine.run(labelled).split() or process.poll() is not None)
        (file,) = (user.home / ".local/state/stella").glob("demo-*.json")
        note = json.loads(file.read_text())
        os.kill(note["owner_pid"], signal.SIGKILL)
    finally:
        process.kill()
        screen = process.communicate()[0]
    assert engine.run(labelled).split(), screen
    code, said = user.stella("demo", "--stop")
    assert code == 0, said
    assert not Path(note["directory"]).exists()
    for names in (("python",), ("docker-registry",)):
        assert programs_naming(Path(note["directory"]), names) == {}
    assert user.stella("demo", "--stop")[0] == 3


def test_an_engine_that_may_not_be_used_is_said_and_simulated(
    user: PlainUser, engine: Host
) -> None:
    engine.socket.chmod(0o600)
    code, screen = user.stella("demo", "--docker")
    assert code == 0, screen[-3000:]
    assert "SIMULATED" in screen
    assert "permission denied" in screen
