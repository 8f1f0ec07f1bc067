"""The lab is real, its hosts are separate, and nothing of it stays."""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from stella.kernel import Digest
from stella.lab import (
    BlobNotStored,
    CommandFailed,
    Host,
    Lab,
    LabRootInUse,
    ShopVersion,
    build_shop,
    cleanup,
    compose_file,
)
from stella.lab.cleanup import cgroup_directories, mounts_below
from stella.lab.network import bridges_within, free_port, link_names
from stella.lab.process import processes_of
from stella.lab.state import LabState, load_state

pytestmark = pytest.mark.lab

BUSYBOX = "/bin/busybox"


def push_busybox(lab: Lab, host: Host, name: str) -> Digest:
    """A one-file image pushed under ``name``; its manifest digest as the registry says it."""
    folder = lab.root / f"image-{name}"
    (folder / "bin").mkdir(parents=True)
    shutil.copy2(BUSYBOX, folder / "bin" / "busybox")
    (folder / "name").write_text(name)  # so that no two tests share a layer
    tar = shutil.make_archive(str(folder), "tar", folder)
    reference = f"{lab.registry.address}/test/{name}:1"
    host.run(["import", tar, reference])
    host.run(["push", "--quiet", reference])
    host.run(["image", "rm", reference])
    request = urllib.request.Request(
        f"http://{lab.registry.address}/v2/test/{name}/manifests/1",
        headers={"Accept": "application/vnd.docker.distribution.manifest.v2+json"},
    )
    with urllib.request.urlopen(request) as answer:
        return Digest(answer.headers["Docker-Content-Digest"])


class LabInAnotherProcess:
    """A lab, with a container and a network on host a, owned by a process that then waits."""

    PROGRAM = """
import shutil, sys
from stella.lab import Lab
lab = Lab()
lab.start()
tree = lab.root / "tree"
(tree / "bin").mkdir(parents=True)
shutil.copy2("/bin/busybox", tree / "bin" / "busybox")
host = lab.host("a")
host.run(["import", shutil.make_archive(str(tree), "tar", tree), "busy:1"])
host.run(["network", "create", "extra"])
host.run(["run", "--detach", "--network", "extra", "busy:1", "/bin/busybox", "sleep", "600"])
print(lab.root, flush=True)
sys.stdin.read()
lab.stop()
"""

    def __enter__(self) -> tuple["subprocess.Popen[str]", LabState]:
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.root = Path(self.process.stdout.readline().strip())
        return self.process, load_state(self.root)

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait(60)
        cleanup(self.root)


def traces(state: LabState) -> dict[str, object]:
    """Everything by which a lab could still be seen on this machine."""
    return {
        "processes": processes_of(state.root),
        "mounts": mounts_below(state.root),
        "bridges": sorted({*bridges_within(state.subnets), *state.bridges} & link_names()),
        "cgroups": cgroup_directories(state.cgroup),
        "directories": [
            name for name in [state.root, *state.empty_directories] if Path(name).exists()
        ],
    }


NO_TRACES = {"processes": {}, "mounts": [], "bridges": [], "cgroups": [], "directories": []}


def test_both_engines_answer_and_are_two(lab: Lab) -> None:
    identities = {host.run(["info", "--format", "{{.ID}}"]).strip() for host in lab.hosts}
    assert len(identities) == 2


def test_started_again_it_is_the_same_lab(lab: Lab) -> None:
    def programs() -> set[int]:
        """Those of the lab itself: what runs for containers comes and goes."""
        words = ("dockerd", "docker-registry")
        return {
            pid
            for pid in processes_of(lab.root)
            if any(word in Path(f"/proc/{pid}/cmdline").read_text() for word in words)
        }

    before = (lab.registry.address, lab.root, programs())
    lab.start()
    assert (lab.registry.address, lab.root, programs()) == before
    assert len(before[2]) >= 3


def test_compose_v2_answers_on_both_hosts(lab: Lab) -> None:
    for host in lab.hosts:
        assert host.compose(["version", "--short"]).strip().lstrip("v").startswith("2.")


@pytest.mark.outside
def test_an_image_pushed_by_one_host_is_pulled_by_digest_on_the_other(lab: Lab) -> None:
    digest = push_busybox(lab, lab.host("a"), "across")
    by_digest = f"{lab.registry.address}/test/across@{digest.text}"
    lab.host("b").run(["pull", "--quiet", by_digest])
    assert lab.host("b").run(["run", "--rm", by_digest, BUSYBOX, "cat", "/name"]) == "across"
    said_by_skopeo = subprocess.run(
        [
            "skopeo",
            "inspect",
            "--tls-verify=false",
            f"docker://{lab.registry.address}/test/across:1",
        ],
        capture_output=True,
        check=True,
    )
    assert json.loads(said_by_skopeo.stdout)["Digest"] == digest.text


def test_a_byte_changed_in_the_storage_makes_the_pull_refuse(lab: Lab) -> None:
    digest = push_busybox(lab, lab.host("a"), "tampered")
    manifest = json.loads(lab.registry.blob_path(digest).read_bytes())
    layer = Digest(manifest["layers"][0]["digest"])
    reference = f"{lab.registry.address}/test/tampered@{digest.text}"
    lab.registry.tamper_blob(layer)
    with pytest.raises(CommandFailed, match=r"(?i)digest|verif|checksum|gzip|flate"):
        lab.host("b").run(["pull", "--quiet", reference])
    lab.registry.tamper_blob(layer)
    lab.host("b").run(["pull", "--quiet", reference])


def test_a_blob_that_is_not_stored_cannot_be_tampered_with(lab: Lab) -> None:
    with pytest.raises(BlobNotStored):
        lab.registry.tamper_blob(Digest("sha256:" + "0" * 64))


def test_the_machines_firewall_is_left_as_it_was(lab: Lab) -> None:
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    assert not any(bridge in rules for bridge in load_state(lab.root).bridges)


def test_two_labs_at_once_share_no_network(lab: Lab) -> None:
    with LabInAnotherProcess() as (_, other):
        ours = load_state(lab.root)
        assert not set(ours.subnets) & set(other.subnets)
        assert not set(ours.bridges) & set(other.bridges)
        for host in lab.hosts:
            assert host.run(["info", "--format", "{{.ContainersRunning}}"]).strip() == "0"


def test_a_directory_with_files_of_the_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("the only copy")
    with pytest.raises(LabRootInUse):
        Lab(tmp_path).start()
    with pytest.raises(LabRootInUse):
        cleanup(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "the only copy"


def test_a_running_lab_of_another_process_is_not_cleaned_up() -> None:
    with LabInAnotherProcess() as (process, state):
        with pytest.raises(LabRootInUse, match=str(process.pid)):
            cleanup(state.root)
        assert state.root.exists()


def test_a_stopped_lab_leaves_no_trace() -> None:
    with Lab() as own:
        push_busybox(own, own.host("a"), "traceless")
        own.host("a").run(["network", "create", "extra"])
        state = load_state(own.root)
        assert processes_of(state.root)
    assert {**traces(state), "directories": []} == NO_TRACES
    assert not state.root.exists()


def test_what_a_killed_lab_left_is_removed_by_cleanup() -> None:
    with LabInAnotherProcess() as (process, state):
        process.send_signal(signal.SIGKILL)
        process.wait()
        left = traces(state)
        assert len(left["processes"]) >= 6, "registry, two engines and a container live on"
        assert left["bridges"]
        cleanup(state.root)
        assert {**traces(state), "directories": []} == NO_TRACES
        assert not state.root.exists()
        cleanup(state.root)


def test_the_shop_builds_and_runs_as_a_compose_project(lab: Lab, tmp_path: Path) -> None:
    old = build_shop(lab, ShopVersion.V1)
    fixed = build_shop(lab, ShopVersion.V2)
    project = tmp_path / "compose.yaml"
    project.write_text(compose_file())
    assert old.keys() == fixed.keys() == {"web", "worker"}
    for references, jinja in ((old, "3.1.2"), (fixed, "3.1.6")):
        port = str(free_port())
        settings = {
            "SHOP_WEB": references["web"],
            "SHOP_WORKER": references["worker"],
            "SHOP_PORT": port,
        }
        with pytest.MonkeyPatch.context() as environment:
            for name, value in settings.items():
                environment.setenv(name, value)
            lab.host("b").compose(["-f", str(project), "up", "--detach", "--wait"])
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/version") as answer:
                assert json.load(answer)["packages"]["jinja2"] == jinja
            lab.host("b").compose(["-f", str(project), "down", "--timeout", "5"])


def test_a_path_too_long_for_a_socket_is_refused_and_not_made(tmp_path: Path) -> None:
    root = tmp_path / ("x" * 80)
    with pytest.raises(LabRootInUse, match="longer than"):
        Lab(root).start()
    assert not root.exists()


def test_an_own_docker_of_the_user_is_not_what_the_hosts_talk_to(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    monkeypatch.setenv("DOCKER_CONTEXT", "of-the-user")
    assert lab.host("a").run(["info", "--format", "{{.DockerRootDir}}"]).startswith(str(lab.root))
    assert os.environ["DOCKER_HOST"] == "unix:///nowhere/docker.sock"
