"""Agents and the control plane over real TLS, on simulated engines."""

import signal
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fixtures.benches import intent_maker, push_simulated, simulated_layer
from fixtures.control_planes import EnrolledAgent, Plane, now, wait_until
from stella.agent.carry_out import accept
from stella.agent.errors import (
    AnotherAgentRuns,
    ControlPlaneRefused,
    ExpiredOrder,
    ForeignOrder,
    NotEnrolled,
    ReplayedOrder,
)
from stella.agent.run import Settings, run_agent
from stella.agent.state import OrderNote, Phase, StateDirectory
from stella.fleet import AgentState, OrderState, expire_orders, revoke
from stella.fleet.store import change_order
from stella.plugin import load_plugins
from stella.plugin.contract import TargetIntent
from stella.plugin.order import OrderOutcome, Purpose
from stella.sdk.protocol import NextReply
from stella.sdk.testing import SimulatedHost
from stella.trust import BadSignature, new_signer


@pytest.fixture
def agent(plane: Plane) -> EnrolledAgent:
    return plane.enroll()


@pytest.fixture
def intend(agent: EnrolledAgent) -> Callable[..., TargetIntent]:
    """(deployment, version, healthy) -> that version of the service ``web``."""
    registry = agent.engine.registry
    make = intent_maker("docker", registry.host, "shop")

    def intend_it(deployment: str, version: str, *, healthy: bool = True) -> TargetIntent:
        return make(deployment, {"web": push_simulated(registry, version, healthy=healthy)})

    return intend_it


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


# ------------------------------------------------------------ what is not carried out


def given(plane: Plane, order_id: str, bundle: bytes) -> NextReply:
    return NextReply(order_id, bundle.decode(), 1, 60)


def test_an_order_of_another_key_is_refused_and_reported(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    order = plane.issue(intend("dep_1", "1"), signer=new_signer())
    with pytest.raises(BadSignature):
        accept(given(plane, order.id, order.bundle), agent.identity, None, now())
    with agent.running():
        ended = plane.ended(order)
    assert ended.result is not None
    assert (ended.state, ended.result.code) == (OrderState.FAILED, "ST-TRU-003")
    assert agent.engine.run(["docker", "ps", "--filter=label=stella.project=shop"], Path()) == ""


def test_an_order_stolen_from_another_agent_is_refused_and_reported(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    thief = plane.enroll("host-b")
    order = plane.issue(intend("dep_1", "1"))
    with pytest.raises(ForeignOrder):
        accept(given(plane, order.id, order.bundle), thief.identity, None, now())
    with plane.database.transaction(actor="system") as tx:
        change_order(tx, order.id, agent=thief.identity.agent)  # a control plane gone wrong
    with thief.running():
        ended = plane.ended(order)
    assert ended.result is not None
    assert ended.result.code == "ST-AGT-007"


def test_an_order_is_carried_out_once(plane: Plane, agent: EnrolledAgent, intend: Intend) -> None:
    with agent.running():
        order = plane.ended(plane.issue(intend("dep_1", "1")))
        wait_until(lambda: _phase(agent, order.id) is Phase.TOLD)
    again = given(plane, order.id, order.bundle)
    with pytest.raises(ReplayedOrder):
        accept(again, agent.identity, agent.state.order(order.id), now())
    with plane.database.transaction(actor="system") as tx:
        change_order(tx, order.id, state="issued", result=None)
    with agent.running():
        ended = plane.ended(order)
    assert ended.result is not None
    assert ended.result.code == "ST-AGT-009"
    (container,) = _containers(agent)
    assert container["Simulated"]["starts"] == 1


def test_an_order_whose_time_is_over_here_is_refused(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    order = plane.issue(intend("dep_1", "1"), seconds=60)
    asked = given(plane, order.id, order.bundle)
    later = now() + timedelta(seconds=61)
    with pytest.raises(ExpiredOrder):
        accept(asked, agent.identity, None, later)
    begun = OrderNote(order.id, Phase.BEGUN, 1, order.expires_at, now())
    assert accept(asked, agent.identity, begun, later).content.order == order.id


def test_a_revoked_agent_gets_nothing_and_says_why(
    plane: Plane, agent: EnrolledAgent, intend: Intend, caplog: pytest.LogCaptureFixture
) -> None:
    order = plane.issue(intend("dep_1", "1"))
    with plane.database.transaction(actor="usr_1") as tx:
        revoke(tx, agent.identity.agent, "sold")
    with agent.running():
        wait_until(lambda: "was revoked: sold" in caplog.text)
    assert plane.order(order).state is OrderState.ISSUED


def test_a_clock_that_is_off_is_told_by_how_much(
    plane: Plane, agent: EnrolledAgent, caplog: pytest.LogCaptureFixture
) -> None:
    def ahead() -> datetime:
        return now() + timedelta(minutes=5)

    with agent.running(clock=ahead):
        wait_until(lambda: "this host's clock is +" in caplog.text)


def test_a_certificate_of_another_agent_does_not_go_with_the_signature(
    plane: Plane, agent: EnrolledAgent, caplog: pytest.LogCaptureFixture
) -> None:
    other = plane.enroll("host-b")
    (agent.state.root / "agent.crt").write_bytes(other.state.certificate())
    key = (agent.state.root / "agent.key").read_bytes()
    (agent.state.root / "agent.key").write_bytes((other.state.root / "agent.key").read_bytes())
    from stella.agent.control_plane import ControlPlane
    from stella.sdk.protocol import NEXT_PATH, NextRequest

    plane_of_thief = ControlPlane(agent.state, agent.identity, now)
    (agent.state.root / "agent.key").write_bytes(key)
    plane_of_thief._key = agent.state.key()
    with pytest.raises(ControlPlaneRefused, match="certificate is not"):
        plane_of_thief.post(NEXT_PATH, NextRequest(0), NextReply)
    plane_of_thief.close()


# ------------------------------------------------------------ bad luck


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
                from stella.agent.host import Stopped

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
