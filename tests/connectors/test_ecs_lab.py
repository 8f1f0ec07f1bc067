"""The connector ``ecs`` with real containers, and served by a real agent."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from connectors.ecs_benches import EcsBench, QuickHost, lab_ecs_bench
from fixtures.aws_models import AwsModels
from fixtures.control_planes import Plane
from stella.fleet import OrderState
from stella.kernel import Digest
from stella.lab import Lab
from stella.plugin.contract.target import TargetIntent
from stella.plugin.order import Purpose
from stella.sdk.testing import TARGET_CHECKS, TargetBench

pytestmark = pytest.mark.lab

REAL = ("apply_runs_what_was", "changed_bytes_are_refused")
"""What a pretended engine could do otherwise; all of the kit is run there."""


@pytest.fixture
def at(
    lab: Lab, tmp_path: Path, aws_models: AwsModels, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EcsBench]:
    with lab_ecs_bench(lab, tmp_path, aws_models, monkeypatch) as bench:
        yield bench


@pytest.mark.parametrize(
    "check",
    [check for check in TARGET_CHECKS if check.__name__.startswith(REAL)],
    ids=lambda check: check.__name__,
)
def test_it_holds_what_the_kit_asks_with_real_containers(
    check: Callable[[TargetBench], None], at: EcsBench
) -> None:
    check(at.bench)


def test_a_real_agent_deploys_fails_comes_back_and_takes_down(
    at: EcsBench, plane: Plane, lab: Lab
) -> None:
    agent = plane.enroll()

    def real(project: str, log: Callable[[str], None], stop: Event) -> QuickHost:
        return QuickHost(agent.state.projects, project, log=log, stop=stop)

    def intent(deployment: str, digest: Digest) -> TargetIntent:
        return replace(at.intent(deployment, digest), config={**at.config, "desired_count": 2})

    with agent.running(open_host=real):
        first = plane.ended(plane.issue(intent("dep_1", at.bench.one), "ecs"), 60)
        assert first.state is OrderState.SUCCEEDED, first.result
        assert first.result is not None
        assert [one.digest for one in first.result.running] == [at.bench.one] * 2
        sick = plane.ended(plane.issue(intent("dep_2", at.bench.sick), "ecs"), 60)
        assert sick.result is not None
        assert (sick.state, sick.result.code) == (OrderState.FAILED, "ST-TGT-003")
        assert "ECS brought back shop:1, which serves" in sick.result.message
        assert [one.digest for one in sick.result.running] == [at.bench.one] * 2
        assert any("tasks failed to start" in line for line in plane.log("dep_2"))
        removal = intent("tkd_1", at.bench.one)
        gone = plane.ended(plane.issue(removal, "ecs", purpose=Purpose.TAKE_DOWN), 60)
    assert gone.state is OrderState.SUCCEEDED, gone.result
    left = lab.host("b").run(["ps", "--all", "--quiet", "--filter", "label=stand-in=ecs"])
    assert left.split() == []
