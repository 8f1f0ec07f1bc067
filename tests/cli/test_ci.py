"""The pipelines that `stella ci template` prints are ones: what they say to stella is taken by it."""

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from fixtures.buildbots import PLACE
from stella.cli.ci import Server, app, pipeline
from stella.cli.commands import load
from stella.cli.nouns import NOUNS

VERBS = [["scan"], ["release", "create"], ["promote"]]
BY_TOKEN = [["scan"], ["login"], ["release", "create"], ["promote"], ["logout"]]
SIGNED = (Server.GITHUB, Server.GITLAB)
"""Whose jobs are let in by a token that their server signs."""


def said_to_stella(server: Server) -> list[list[str]]:
    """The command lines that begin with stella, as the shell parts them."""
    found = re.findall(r"^[\s-]*(?:run: )?(stella .+)$", pipeline(server), re.MULTILINE)
    return [shlex.split(line) for line in found]


@pytest.mark.parametrize("server", Server)
def test_every_command_is_one_with_options_that_it_has(server: Server) -> None:
    lines = said_to_stella(server)
    verbs = []
    for _, noun, *words in lines:
        command: Any = load(noun, NOUNS[noun])
        verb = [noun]
        if hasattr(command, "commands"):
            verb.append(words.pop(0))
            command = command.commands[verb[-1]]
        context = command.make_context(noun, [*words], resilient_parsing=False)
        assert context.params or verb == ["logout"], (
            verb
        )  # typer itself has read the words: what it does not know it refuses
        verbs.append(verb)
    assert verbs == (BY_TOKEN if server in SIGNED else VERBS)


@pytest.mark.parametrize("server", Server)
def test_it_is_printed_and_labels_the_image_with_its_source(server: Server) -> None:
    ended = CliRunner().invoke(app, ["template", server.value])
    assert ended.exit_code == 0
    assert ended.output == pipeline(server)
    for label in ("org.opencontainers.image.source", "org.opencontainers.image.revision"):
        assert label in ended.output
    assert ("STELLA_TOKEN" in ended.output) is (server not in SIGNED)


def test_what_signs_tokens_for_its_jobs_stores_no_secret() -> None:
    """What is no secret of theirs is made by the server for each job."""
    workflow = yaml.safe_load(pipeline(Server.GITHUB))
    assert workflow["permissions"]["id-token"] == "write"
    assert "secrets." not in pipeline(Server.GITHUB)
    assert set(re.findall(r"\$\{\{ (\w+)\.", pipeline(Server.GITHUB))) == {
        "github",
        "inputs",
        "vars",
    }
    (login,) = [one for one in workflow["jobs"]["release"]["steps"] if one.get("name") == "Log in"]
    assert "ACTIONS_ID_TOKEN_REQUEST_URL&audience=$STELLA_URL" in login["run"]
    jobs = yaml.safe_load(pipeline(Server.GITLAB))
    assert jobs["release"]["id_tokens"] == {"STELLA_ID_TOKEN": {"aud": "$STELLA_URL"}}
    named = set(re.findall(r"\$\{?([A-Z_]+)", pipeline(Server.GITLAB)))
    assert {one for one in named if one[:3] != "CI_"} == {
        "IMAGE",
        "RELEASE",
        "STELLA_URL",
        "VERSION",
    }


def test_the_id_token_is_taken_out_of_what_github_answers(tmp_path: Path) -> None:
    """The step itself, run: curl and stella are played, the shell and Python are real."""
    workflow = yaml.safe_load(pipeline(Server.GITHUB))
    (login,) = [one for one in workflow["jobs"]["release"]["steps"] if one.get("name") == "Log in"]
    for name, text in (
        ("curl", 'echo "$@" > asked; echo \'{"count": 1, "value": "head.body.sign"}\''),
        ("stella", 'echo "$STELLA_ID_TOKEN $@" > said'),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "STELLA_URL": "https://stella.example.com",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://github.example/token?v=1",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "asking",
    }
    subprocess.run(["sh", "-ec", login["run"]], check=True, cwd=tmp_path, env=environment)
    assert (tmp_path / "said").read_text() == (
        "head.body.sign login --oidc-token-env STELLA_ID_TOKEN\n"
    )
    asked = (tmp_path / "asked").read_text()
    assert "https://github.example/token?v=1&audience=https://stella.example.com" in asked


def test_they_are_written_in_their_servers_languages() -> None:
    workflow = yaml.safe_load(pipeline(Server.GITHUB))
    assert workflow["run-name"].startswith("${{ inputs.stella_key")
    assert workflow["jobs"]["release"]["steps"]
    jobs = yaml.safe_load(pipeline(Server.GITLAB))
    assert jobs["release"]["stage"] in jobs["stages"]
    compile(pipeline(Server.BUILDBOT), "master.cfg", "exec")
    for parameter in ("REF", "STELLA_KEY"):
        assert f"name: '{parameter}'" in pipeline(Server.JENKINS)


@pytest.mark.parametrize("server", [Server.GITHUB, Server.GITLAB])
def test_their_shell_is_shell(server: Server) -> None:
    found = yaml.safe_load(pipeline(server))
    scripts = (
        [one["run"] for one in found["jobs"]["release"]["steps"] if "run" in one]
        if server is Server.GITHUB
        else found["build"]["script"] + found["release"]["script"]
    )
    for script in scripts:
        subprocess.run(["sh", "-n", "-c", script], check=True)


@pytest.mark.stores
def test_a_real_buildbot_takes_its_part_of_the_configuration(tmp_path: Path) -> None:
    if not (PLACE / "buildbot").exists():
        pytest.skip("buildbot is missing: python3 tools/setup.py --for test")
    before = (
        "from buildbot.plugins import worker\n"
        'c = BuildmasterConfig = {"builders": [], "schedulers": [], "protocols": {}}\n'
        'c["workers"] = [worker.Worker("worker", "pass")]\n'
        'c["protocols"]["pb"] = {"port": "tcp:0"}\n'
        'c["buildbotNetUsageData"] = None\n'
    )
    (tmp_path / "secrets").mkdir(mode=0o700)
    (tmp_path / "master.cfg").write_text(before + pipeline(Server.BUILDBOT))
    done = subprocess.run(
        [PLACE / "buildbot", "checkconfig", "master.cfg"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Config file is good" in done.stdout
