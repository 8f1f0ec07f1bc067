"""The real demonstration, looked at by tools that are not ours: docker, skopeo, cosign."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from stella.client import Client
from stella.evidence.packet import read_packet
from stella.evidence.verify import verify_packet
from stella.lab import probe
from stella.lab.process import processes_of
from stella.trust import TrustRoot

pytestmark = pytest.mark.lab


@dataclass(frozen=True)
class Kept:
    """A demonstration that was left running. state: what ``--keep`` noted."""

    summary: dict[str, Any]
    state: dict[str, Any]
    screen: str
    directory: Path
    client: Client

    def docker(self, host: str, *words: str) -> str:
        lab = Path(self.state["lab"])
        environment = {
            **os.environ,
            "DOCKER_HOST": f"unix://{lab}/{host}/docker.sock",
            "DOCKER_CONFIG": str(lab / "docker"),
        }
        return run("docker", *words, environment=environment)


def run(*words: str, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        words,
        env=environment or dict(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def stella(directory: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "stella.cli.main", *words],
        env={**os.environ, "XDG_STATE_HOME": str(directory), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    missing = probe()
    if missing:
        pytest.skip("the lab cannot run here: " + "; ".join(item.what for item in missing))
    directory = tmp_path_factory.mktemp("demo")
    summary = directory / "summary.json"
    done = stella(directory, "demo", "--keep", "--summary", str(summary))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    state = json.loads((directory / "stella" / "demo.json").read_text())
    password = done.stdout.split("password: ")[1].splitlines()[0].strip()
    with Client(state["url"]) as nobody:
        login = nobody.post("/login", {"name": "admin", "password": password}, token=True)
    with Client(state["url"], login["token"]) as client:
        shown = json.loads(summary.read_text())
        yield Kept(shown, state, done.stdout, directory, client)
    ended = stella(directory, "demo", "--stop")
    assert ended.returncode == 0, ended.stderr
    assert not Path(state["directory"]).exists()
    assert not Path(state["lab"]).exists()
    assert processes_of(Path(state["lab"])) == {}
    assert stella(directory, "demo", "--stop").returncode == 3


def test_the_whole_path_was_walked(kept: Kept) -> None:
    shown = kept.summary
    assert not shown["simulated"]
    assert shown["refusal"]["exitCode"] == 6
    assert shown["tamper"]["code"] == "ST-TGT-001"
    assert shown["tamper"]["serving"] == shown["rollback"]["serving"] == "2.0.0"
    assert all(one["good"] for one in shown["verify"])
    assert all(one["identical"] for one in shown["replay"])
    assert len(shown["packets"]) == 19


def test_docker_says_that_exactly_the_releases_digests_run(kept: Kept) -> None:
    for host, project, version in (
        ("a", "shop-dev", "3.0.0"),
        ("a", "shop-prod", "2.0.0"),
        ("b", "shop-stage", "3.0.0"),
        ("b", "shop-prod", "2.0.0"),
    ):
        release = kept.client.get(f"/releases/shop@{version}")
        wanted = {one["name"]: one["digest"] for one in release["components"]}
        names = kept.docker(
            host, "ps", "--quiet", f"--filter=label=stella.project={project}"
        ).split()
        running = {}
        for one in json.loads(kept.docker(host, "inspect", *names)):
            assert one["State"]["Health"]["Status"] == "healthy"
            (image,) = json.loads(kept.docker(host, "image", "inspect", one["Image"]))
            digests = {text.rpartition("@")[2] for text in image["RepoDigests"]}
            component = one["Config"]["Labels"]["stella.component"]
            assert wanted[component] in digests
            running[component] = one["Config"]["Image"].rpartition("@")[2]
        assert running == wanted, (host, project)


@pytest.mark.outside
def test_skopeo_reads_the_same_digests_from_the_registry(kept: Kept) -> None:
    for version in ("1.0.0", "3.0.0"):
        for one in kept.client.get(f"/releases/shop@{version}")["components"]:
            manifest = run(
                "skopeo", "inspect", "--tls-verify=false", "--raw", f"docker://{one['reference']}"
            )
            assert f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}" == one["digest"]


@pytest.mark.outside
def test_cosign_verifies_the_sbom_that_is_attached_to_each_image(
    kept: Kept, cosign: Path, tmp_path: Path
) -> None:
    root = TrustRoot.from_json(kept.client.content("/trust/root"))
    key, nobody = tmp_path / "sbom.pub", tmp_path / "nobody.json"
    key.write_bytes(root.keys["sbom"].pem)
    # Names nobody: it only keeps cosign from asking the network for one.
    nobody.write_text('{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}')
    for one in kept.client.get("/releases/shop@2.0.0")["components"]:
        repository = one["reference"].rpartition(":")[0]
        run(
            str(cosign),
            "verify-attestation",
            f"--key={key}",
            "--new-bundle-format",
            f"--trusted-root={nobody}",
            "--insecure-ignore-tlog",
            "--private-infrastructure",
            "--allow-http-registry",
            "--type=cyclonedx",
            f"{repository}@{one['platforms'][0]['digest']}",
        )


def test_the_sticker_on_the_host_is_the_signed_one(kept: Kept) -> None:
    deployment = kept.summary["rollback"]["deployment"]
    packet = read_packet(kept.client.content(f"/evidence/{deployment}/packet"))
    for target, host, project in (
        ("prod-a", "host-a", "shop-prod"),
        ("prod-b", "host-b", "shop-prod"),
    ):
        placed = list(
            Path(kept.state["directory"], f"agent-{host}").rglob(f"{project}/stella.version.json")
        )
        assert len(placed) == 1
        signed = packet.entries[f"deployment/artifacts/{target}/stella.version.json"]
        assert placed[0].read_bytes() == signed


def test_a_refusal_and_a_failure_have_their_evidence(kept: Kept) -> None:
    root = TrustRoot.from_json(kept.client.content("/trust/root"))
    refused = kept.client.content(f"/evidence/{kept.summary['refusal']['promotion']}/packet")
    failed = kept.client.content(f"/evidence/{kept.summary['tamper']['deployment']}/packet")
    assert verify_packet(refused, root).good
    assert verify_packet(failed, root).good
    entries = read_packet(failed).entries
    assert b"digest mismatch" in entries["deployment/deployment.json"]
    assert json.loads(read_packet(refused).entries["decision/record.json"])["outcome"] == "blocked"


def test_the_script_artifact_does_by_hand_what_the_agent_did(kept: Kept, tmp_path: Path) -> None:
    deployment = kept.client.get("/environments/dev")["current"]["deployment"]
    packet = read_packet(kept.client.content(f"/evidence/{deployment}/packet"))
    script = tmp_path / "deploy.stella.script.pyz"
    script.write_bytes(packet.entries[f"deployment/artifacts/dev-a/{script.name}"])
    of_dev = ("ps", "--quiet", "--filter=label=stella.project=shop-dev")
    before = kept.docker("a", *of_dev).split()
    assert "docker pull" in run(sys.executable, str(script), str(tmp_path))
    assert kept.docker("a", *of_dev).split() == before

    kept.docker("a", "rm", "--force", *before)
    lab = Path(kept.state["lab"])
    environment = {
        **os.environ,
        "DOCKER_HOST": f"unix://{lab}/a/docker.sock",
        "DOCKER_CONFIG": str(lab / "docker"),
    }
    run(sys.executable, str(script), "--run", str(tmp_path), environment=environment)

    after = kept.docker("a", *of_dev).split()
    assert len(after) == len(before)
    assert not set(after) & set(before)


def test_the_console_is_served_and_the_audit_chain_holds(kept: Kept) -> None:
    page = httpx.get(kept.state["url"], timeout=10)
    assert page.status_code == 200
    assert "<title>" in page.text
    assert kept.client.get("/audit/verify")["good"]
    checks = kept.client.get("/doctor")["checks"]
    assert {one["outcome"] for one in checks} <= {"pass", "unknown"}, checks
