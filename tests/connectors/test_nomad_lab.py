"""The connector ``nomad`` with real containers, and served by a real agent."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from connectors.nomad_benches import SECOND, NomadBench, lab_nomad_bench
from connectors.test_nomad import openapi as openapi  # noqa: PLC0414 - a fixture
from fixtures.control_planes import Plane
from fixtures.openapi import OpenApi
from stella.agent.host import RealHost
from stella.fleet import OrderState
from stella.lab import Lab
from stella.plugin.order import Purpose
from stella.sdk.testing import TARGET_CHECKS, TargetBench

pytestmark = pytest.mark.lab


@pytest.fixture
def at(lab: Lab, tmp_path: Path, openapi: OpenApi | None) -> Iterator[NomadBench]:
    with lab_nomad_bench(lab, tmp_path, openapi) as bench:
        yield bench


REAL = ("apply_runs_what_was", "changed_bytes_are_refused", "what_is_sick_is_taken")
"""What a pretended engine could do otherwise; all of the kit is run there."""


@pytest.mark.parametrize(
    "check",
    [check for check in TARGET_CHECKS if check.__name__.startswith(REAL)],
    ids=lambda check: check.__name__,
)
def test_it_holds_what_the_kit_asks_with_real_containers(
    check: Callable[[TargetBench], None], at: NomadBench
) -> None:
    check(at.bench)


def test_a_real_agent_deploys_fails_comes_back_and_takes_down(
    at: NomadBench, plane: Plane, lab: Lab
) -> None:
    agent = plane.enroll()

    def real(project: str, log: Callable[[str], None], stop: Event) -> RealHost:
        return RealHost(agent.state.projects, project, log=log, stop=stop)

    job = at.job(AutoRevert=True, count=2, HealthyDeadline=60 * SECOND)
    config = {"address": at.nomad.address, "job": job}

    def intent(deployment: str, digest: object) -> object:
        return replace(at.bench.intent(deployment, {"web": digest}), config=config)

    with agent.running(open_host=real):
        first = plane.ended(plane.issue(intent("dep_1", at.bench.one), "nomad"), 60)
        assert first.state is OrderState.SUCCEEDED, first.result
        assert first.result is not None
        assert [one.digest for one in first.result.running] == [at.bench.one] * 2
        sick = plane.ended(plane.issue(intent("dep_2", at.bench.sick), "nomad"), 60)
        assert sick.result is not None
        assert (sick.state, sick.result.code) == (OrderState.FAILED, "ST-TGT-003")
        assert "Nomad brought back version 0 as version 2, which serves" in sick.result.message
        assert [one.digest for one in sick.result.running] == [at.bench.one] * 2
        assert any("rolling back to job version 0" in line for line in plane.log("dep_2"))
        with at.nomad.cluster.changed:
            at.nomad.cluster.scale("shop", "web", 1)
        refused = plane.ended(plane.issue(intent("dep_3", at.bench.two), "nomad"), 60)
        assert refused.result is not None
        assert (refused.state, refused.result.code) == (OrderState.FAILED, "ST-TGT-020")
        assert {one.state for one in refused.result.running} == {"running", "changed"}
        removal = intent("tkd_1", at.bench.one)
        gone = plane.ended(plane.issue(removal, "nomad", purpose=Purpose.TAKE_DOWN), 60)
    assert gone.state is OrderState.SUCCEEDED, gone.result
    left = lab.host("b").run(["ps", "--all", "--quiet", "--filter", "label=stand-in=nomad"])
    assert left.split() == []
