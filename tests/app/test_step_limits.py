"""A step that hangs in the server's own process costs its deployment, and no more."""

from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from fixtures.road import InlineRuns, connect_nowhere, connected_nowhere
from fixtures.steps import Stage, step_manifest
from stella.app import step_calls
from stella.app.carrying import ServerStops
from stella.app.flows import steps_of
from stella.app.plugin_host import PluginHost
from stella.app.step_calls import StepCaller
from stella.deployment.lifecycle import StepState
from stella.deployment.step_store import StepRun, list_steps
from stella.deployment.store import list_deployments
from stella.plugin import Plugins
from stella.plugin.contract.core import Plugin
from stella.sdk import StepCall, StepResult
from stella.sdk.testing import SimulatedStep

pytestmark = pytest.mark.long


def first_step(stage: Stage) -> StepRun:
    with stage.road.database.read() as tx:
        (deployment,) = list_deployments(tx)
        return list_steps(tx, deployment.id)[0]


class Stuck(SimulatedStep):
    def run(self, call: StepCall) -> StepResult:
        Event().wait(30)
        return super().run(call)


def caller(stage: Stage, *, timeout_s: int, stopping: bool = False) -> StepCaller:
    """Of a step that hangs."""
    made = step_manifest("open-change")
    manifest = replace(made, limits=replace(made.limits, timeout_s=timeout_s))
    plugin = Plugin(steps={"open-change": Stuck().opened})
    plugins = Plugins({"played": manifest}, load=lambda _: plugin)
    host = PluginHost(Path("nowhere"), stage.road.database, plugins, required=())
    event = Event()
    if stopping:
        event.set()
    return StepCaller(host, lambda _: connect_nowhere, connected_nowhere, lambda text: text, event)


def test_a_step_that_hangs_is_left_behind_at_its_limit(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_calls, "_MARGIN_S", 0.0)
    stage.environment()
    release = stage.road.release("2.0.0")
    work = replace(stage.road.work, call_step=caller(stage, timeout_s=1))
    stage.road.runs = InlineRuns(steps_of(work))
    stage.road.promote(release, "dev")
    change = first_step(stage)
    assert change.state is StepState.ERRORED
    assert "it was not done after 1 s" in (change.message or "")


def test_a_step_does_not_hold_up_the_end_of_a_server(stage: Stage) -> None:
    stage.environment()
    release = stage.road.release("2.0.0")
    work = replace(stage.road.work, call_step=caller(stage, timeout_s=60, stopping=True))
    work.stopping.set()
    stage.road.runs = InlineRuns(steps_of(work))
    with pytest.raises(ServerStops):
        stage.road.promote(release, "dev")
    change = first_step(stage)
    assert (change.state, change.attempts) == (StepState.RUNNING, 1)
