"""The whole demonstration where no engine can run: the same server, agents and connectors."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stella.evidence.packet import read_packet


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict:
    directory = tmp_path_factory.mktemp("demo")
    summary = directory / "summary.json"
    done = subprocess.run(
        [sys.executable, "-m", "stella.cli.main", "demo", "--simulated", "--summary", str(summary)],
        env={**os.environ, "XDG_STATE_HOME": str(directory), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {**json.loads(summary.read_text()), "screen": done.stdout}


@pytest.mark.demo
def test_it_says_everywhere_that_it_is_simulated(shown: dict) -> None:
    assert shown["simulated"]
    assert "SIMULATED" in shown["screen"]
    assert all(read_packet(Path(packet)).about.simulated for packet in shown["packets"])
    assert b"Simulated." in read_packet(Path(shown["packets"][0])).entries["report.html"]


@pytest.mark.demo
@pytest.mark.parametrize("verb", [("evidence", "verify"), ("replay",)], ids=" ".join)
def test_who_proves_a_packet_is_told_that_it_is_simulated(
    shown: dict, verb: tuple[str, ...]
) -> None:
    packet = next(one for one in shown["packets"] if "deployment" in one)
    program = [sys.executable, "-m", "stella.cli.main", *verb, packet]
    for_people = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    assert "simulated: no real host was changed" in for_people.splitlines()
    for_programs = subprocess.run([*program, "-o", "json"], capture_output=True, check=True).stdout
    assert json.loads(for_programs)["simulated"] is True


@pytest.mark.demo
def test_the_artifacts_of_a_target_say_that_they_are_simulated(shown: dict, tmp_path: Path) -> None:
    seen = set()
    for packet in shown["packets"]:
        for name, content in read_packet(Path(packet)).entries.items():
            kind = Path(name).name
            if "/artifacts/" not in name or kind == "stella.labels":
                continue
            seen.add(kind)
            if kind == "deploy.stella.script.pyz":
                file = tmp_path / kind
                file.write_bytes(content)
                said = subprocess.run([sys.executable, str(file)], capture_output=True, check=True)
                assert said.stdout.startswith(b"# SIMULATED")
            elif kind == "compose.stella.lock.yml":
                assert b"image: registry.simulated/" in content
            else:
                assert b'"simulated":true' in content.replace(b" ", b""), (packet, name)
    assert seen == {
        "compose.stella.lock.yml",
        "deploy.stella.script.pyz",
        "release.evidence.json",
        "stella.version.json",
    }


@pytest.mark.demo
def test_it_walks_the_whole_path(shown: dict) -> None:
    assert set(shown["releases"]) == {"1.0.0", "2.0.0", "3.0.0"}
    assert shown["refusal"]["exitCode"] == 6
    reason = next(one for one in shown["refusal"]["reasons"] if one["finding"])
    assert reason["finding"]["why"]["paths"]
    assert reason["fix"]
    assert "digest mismatch" in shown["tamper"]["message"]
    assert shown["tamper"]["serving"] == "2.0.0"
    assert shown["rollback"]["serving"] == "2.0.0"
    assert shown["tag_moved"]["tag"] == "2.0.0"
    assert len(shown["packets"]) == len(shown["verify"]) == len(shown["replay"]) > 10
    assert all(one["good"] for one in shown["verify"])
    assert all(one["identical"] for one in shown["replay"])
