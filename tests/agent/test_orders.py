"""Agents and the control plane over real TLS, on simulated engines."""

from collections.abc import Callable
from datetime import timedelta

from fixtures.benches import simulated_layer
from fixtures.control_planes import EnrolledAgent, Plane, now, wait_until
from stella.fleet import AgentState, OrderState
from stella.plugin.contract.target import TargetIntent
from stella.plugin.order import Purpose

Intend = Callable[..., TargetIntent]


def test_an_order_is_carried_out_and_everything_about_it_is_told(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    intent = intend("dep_1", "1")
    with agent.running():
        order = plane.ended(plane.issue(intent))
    assert order.state is OrderState.SUCCEEDED
    assert order.result is not None
    (running,) = order.result.running
    assert running.digest == intent.services[0].digest
    sticker = agent.state.projects / "shop" / "stella.version.json"
    assert sticker.read_text() == '{"release":"rel_1"}'
    log = plane.log("dep_1")
    assert any("docker pull" in line for line in log)
    assert log[-1] == "[simulated] deploy succeeded"
    assert plane.facts(order.id) == ["OrderIssued", "OrderTaken", "OrderFinished"]


def test_a_waiting_agent_is_woken_by_its_order(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    with agent.running():
        wait_until(lambda: plane.agent(agent.identity.agent).report is not None)
        begun = now()
        plane.ended(plane.issue(intend("dep_1", "1")))
        assert now() - begun < timedelta(seconds=1.8), "it did not sit out the long poll"


def test_a_heartbeat_tells_versions_and_what_runs(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    intent = intend("dep_1", "1")

    def reported() -> bool:
        report = plane.agent(agent.identity.agent).report
        return report is not None and any(project.running for project in report.projects)

    with agent.running():
        plane.ended(plane.issue(intent))
        wait_until(reported)
    known = plane.agent(agent.identity.agent)
    assert known.state is AgentState.ONLINE
    assert known.report is not None
    assert [(one.kind, one.engine) for one in known.report.connectors] == [
        ("compose", "simulated, compose simulated"),
        ("docker", "simulated"),
    ]
    (project,) = known.report.projects
    assert (project.project, project.target) == ("shop", "host")
    assert project.running[0].digest == intent.services[0].digest


def test_a_tampered_image_fails_and_the_old_serves(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    with agent.running():
        plane.ended(plane.issue(intend("dep_1", "1")))
        tampered = intend("dep_2", "2")
        agent.engine.registry.tamper_blob(simulated_layer("2"))
        order = plane.ended(plane.issue(tampered))
    assert order.result is not None
    assert (order.state, order.result.code) == (OrderState.FAILED, "ST-TGT-001")
    assert "digest mismatch" in str(order.result.message)
    assert [one.deployment for one in order.result.running] == ["dep_1"]


def test_what_is_sick_fails_and_an_undo_is_an_order_like_any_other(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    with agent.running():
        plane.ended(plane.issue(intend("dep_1", "1")))
        order = plane.ended(plane.issue(intend("dep_2", "2", healthy=False)))
        assert order.state is OrderState.FAILED
        undo = plane.ended(plane.issue(intend("dep_2", "1"), purpose=Purpose.UNDO))
    assert undo.state is OrderState.SUCCEEDED
    assert plane.log("dep_2")[-1] == "[simulated] undo succeeded"
