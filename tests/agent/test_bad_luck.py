"""Agents that are killed, cut off, out of time or doubled."""

import signal
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from fixtures.benches import intent_maker, push_simulated
from fixtures.control_planes import EnrolledAgent, Plane, now, wait_until
from stella.agent.errors import (
    AnotherAgentRuns,
    NotEnrolled,
)
from stella.agent.run import Settings, run_agent
from stella.agent.state import Phase, StateDirectory
from stella.fleet import OrderState, expire_orders
from stella.fleet.store import change_order
from stella.plugin import load_plugins
from stella.plugin.contract.target import TargetIntent
from stella.plugin.order import OrderOutcome
from stella.sdk.testing import SimulatedHost

Intend = Callable[..., TargetIntent]


def test_a_reply_that_was_lost_is_told_again_and_changes_nothing(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    with agent.running():
        order = plane.ended(plane.issue(intend("dep_1", "1")))
        wait_until(lambda: _phase(agent, order.id) is Phase.TOLD)
    note = agent.state.order(order.id)
    assert note is not None
    from dataclasses import replace

    agent.state.note_order(replace(note, phase=Phase.DONE))  # as if the answer had been lost
    with agent.running():
        wait_until(lambda: _phase(agent, order.id) is Phase.TOLD)
    assert plane.facts(order.id).count("OrderFinished") == 1
    assert plane.order(order).result == order.result


def test_a_result_waits_on_disk_while_the_control_plane_is_away(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    def stop_the_server(argv: Sequence[str]) -> None:
        if argv[:2] == ["docker", "run"] or tuple(argv[:2]) == ("docker", "run"):
            plane.stop()

    def open_host(project: str, log: Callable[[str], None], stop: threading.Event) -> SimulatedHost:
        return SimulatedHost(
            agent.engine, agent.state.projects, project, log=log, stop=stop, fail_at=stop_the_server
        )

    order = plane.issue(intend("dep_1", "1"))
    with agent.running(open_host=open_host):
        wait_until(lambda: _phase(agent, order.id) is Phase.DONE)
    assert plane.order(order).result is None
    plane.start()
    with agent.running():
        ended = plane.ended(order)
    assert ended.state is OrderState.SUCCEEDED
    (container,) = _containers(agent)
    assert container["Simulated"]["starts"] == 1


def test_a_killed_agent_goes_on_with_the_same_order(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    gate = agent.state.root / "gate"

    class Killed(BaseException):
        pass

    def kill(argv: Sequence[str]) -> None:
        if tuple(argv[:3]) == ("docker", "container", "inspect") and not gate.exists():
            gate.touch()
            raise Killed

    def open_host(project: str, log: Callable[[str], None], stop: threading.Event) -> SimulatedHost:
        return SimulatedHost(
            agent.engine, agent.state.projects, project, log=log, stop=stop, fail_at=kill
        )

    order = plane.issue(intend("dep_1", "1"))
    threading.excepthook, hook = (lambda _: None), threading.excepthook
    try:
        with agent.running(open_host=open_host):
            wait_until(lambda: _phase(agent, order.id) is Phase.BEGUN)
            wait_until(gate.exists)
    finally:
        threading.excepthook = hook
    with agent.running():
        ended = plane.ended(order)
    assert ended.state is OrderState.SUCCEEDED
    assert ended.fence == 2
    (container,) = _containers(agent)
    assert container["Simulated"]["starts"] == 1


def test_an_order_that_ended_elsewhere_is_given_up(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    waiting = threading.Event()

    def open_host(project: str, log: Callable[[str], None], stop: threading.Event) -> SimulatedHost:
        def hang(argv: Sequence[str]) -> None:
            if tuple(argv[:2]) == ("docker", "run"):
                waiting.set()
                assert stop.wait(15), "the lost lease stops it"
                from stella.agent.machine import Stopped

                raise Stopped

        return SimulatedHost(
            agent.engine, agent.state.projects, project, log=log, stop=stop, fail_at=hang
        )

    order = plane.issue(intend("dep_1", "1"), seconds=1)
    with agent.running(open_host=open_host):
        assert waiting.wait(10)
        with plane.database.transaction(actor="system") as tx:
            change_order(tx, order.id, lease_until="2000-01-01T00:00:00.000000Z")

        def expired() -> bool:
            with plane.database.transaction(actor="system") as tx:
                return expire_orders(tx) == 1

        wait_until(expired)
        wait_until(lambda: _phase(agent, order.id) is Phase.BEGUN)
        second = plane.issue(intend("dep_2", "2"))
        wait_until(lambda: plane.order(second).state is OrderState.TAKEN)
    assert plane.order(order).state is OrderState.EXPIRED


def test_a_certificate_is_renewed_in_time_and_the_agent_goes_on(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    from stella.trust import issue_certificate, make_csr

    short = issue_certificate(
        plane.authority,
        make_csr(agent.state.key(), "host-a"),
        subject=agent.identity.agent,
        now=now() - timedelta(hours=2),
        hours=1,
    )
    (agent.state.root / "agent.crt").write_bytes(short)
    with agent.running():
        wait_until(lambda: "AgentCertificateRenewed" in plane.facts(agent.identity.agent))
        ended = plane.ended(plane.issue(intend("dep_1", "1")))
    assert ended.state is OrderState.SUCCEEDED


def test_two_processes_do_not_run_one_agent(plane: Plane, agent: EnrolledAgent) -> None:
    with agent.running():
        wait_until(lambda: plane.agent(agent.identity.agent).report is not None)
        with pytest.raises(AnotherAgentRuns):
            _run_here(agent.state)


def test_who_is_not_enrolled_does_not_run(tmp_path: Path) -> None:
    with pytest.raises(NotEnrolled):
        _run_here(StateDirectory(tmp_path / "empty"))


def test_two_agents_of_one_machine_each_get_their_own(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    other = plane.enroll("host-b")
    make = intent_maker("compose", other.engine.registry.host, "shop")
    digest = push_simulated(other.engine.registry, "1")
    with agent.running(), other.running():
        first = plane.ended(plane.issue(intend("dep_1", "1")))
        second = plane.ended(plane.issue(make("dep_2", {"web": digest}), "compose", agent="host-b"))
    assert (first.state, second.state) == (OrderState.SUCCEEDED, OrderState.SUCCEEDED)
    assert first.result is not None
    assert first.result.outcome is OrderOutcome.SUCCEEDED


def test_the_program_ends_cleanly_on_a_signal(plane: Plane, agent: EnrolledAgent) -> None:
    process = agent.process()
    wait_until(lambda: plane.agent(agent.identity.agent).report is not None)
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0


def test_the_program_killed_while_idle_comes_back(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    process = agent.process()
    wait_until(lambda: plane.agent(agent.identity.agent).report is not None)
    process.kill()
    process.wait(10)
    again = agent.process()
    try:
        assert plane.ended(plane.issue(intend("dep_1", "1"))).state is OrderState.SUCCEEDED
    finally:
        again.terminate()
        again.wait(15)


def _run_here(state: StateDirectory) -> None:
    stop = threading.Event()
    run_agent(
        Settings(
            state=state,
            plugins=load_plugins(),
            open_host=lambda *_: pytest.fail("no host is needed"),
            open_reached=lambda *_: pytest.fail("no host is needed"),
            now=now,
            stop=stop,
        )
    )


def _phase(agent: EnrolledAgent, order: str) -> Phase | None:
    note = agent.state.order(order)
    return note.phase if note else None


def _containers(agent: EnrolledAgent) -> list[dict[str, dict[str, int]]]:
    with agent.engine.changed() as state:
        return list(state["containers"].values())
