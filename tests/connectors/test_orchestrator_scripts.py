"""What the generated script does of an orchestrator's plan by hand: the real argv, and what it leaves out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.ecs_benches import task_of
from connectors.nomad_benches import intent_of, job_of
from stella.deployment.artifacts import removal_script
from stella.deployment.plan import PlannedAction, PlannedRelease, PlannedTarget
from stella.kernel import Digest, Json
from stella.plugin.contract.target import TargetConnector
from stella_connectors.ecs import EcsTarget
from stella_connectors.nomad import NomadTarget

ONE = Digest.of(b"one")
ECS: dict[str, Json] = {"region": "eu-central-1", "service": "shop", "task": task_of()}
NOMAD: dict[str, Json] = {"job": job_of("shop", Canary=1)}


def script_of(connector: TargetConnector, config: dict[str, Json], file: Path) -> Path:
    plan = connector.plan(intent_of("127.0.0.1:5000", config, "dep_1", {"web": ONE}))
    actions = tuple(PlannedAction(one.verb, one.subject, one.argv) for one in plan.actions)
    target = PlannedTarget(
        plan.target, plan.connector, "agent", "shop", (), {}, actions, dict(plan.files)
    )
    release = PlannedRelease("rel_1", "shop", "1", ONE.text)
    file.write_bytes(removal_script("prod", release, target, simulated=False))
    return file


@pytest.mark.parametrize(
    ("connector", "config", "program", "ran", "left"),
    [
        (
            NomadTarget(),
            NOMAD,
            "nomad",
            ["job run -json -detach -namespace=default stella.nomad.job.json"],
            ["# verify web", "# promote shop", "# wait_healthy web"],
        ),
        (
            EcsTarget(),
            ECS,
            "aws",
            [
                "ecs --region eu-central-1 register-task-definition --cli-input-json file://",
                "ecs --region eu-central-1 update-service --cluster default --service shop",
                "ecs --region eu-central-1 wait services-stable --cluster default --services shop",
            ],
            ["# verify web"],
        ),
    ],
    ids=["nomad", "ecs"],
)
def test_a_script_runs_the_orchestrators_own_program_and_says_what_it_leaves_to_the_agent(
    tmp_path: Path,
    connector: TargetConnector,
    config: dict[str, Json],
    program: str,
    ran: list[str],
    left: list[str],
) -> None:
    script = script_of(connector, config, tmp_path / "deploy.stella.script.pyz")
    stand_in = tmp_path / "bin" / program
    stand_in.parent.mkdir()
    stand_in.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/ran\n')
    stand_in.chmod(0o755)
    path = f"{stand_in.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, script, "--run", tmp_path],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = (tmp_path / "ran").read_text().splitlines()
    assert len(lines) == len(ran)
    assert all(line.startswith(wanted) for line, wanted in zip(lines, ran, strict=True)), lines
    for one in left:
        assert f"{one} (the agent does this itself)" in done.stdout
    assert ONE.text in next(tmp_path.glob("stella.*.json")).read_text()
