"""Orders that an agent does not carry out: it says so, and touches nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fixtures.control_planes import EnrolledAgent, Plane, now, wait_until
from stella.agent.carry_out import accept
from stella.agent.errors import (
    ControlPlaneRefused,
    ExpiredOrder,
    ForeignOrder,
    ReplayedOrder,
)
from stella.agent.state import OrderNote, Phase
from stella.fleet import OrderState, revoke
from stella.fleet.store import change_order
from stella.plugin.contract.target import TargetIntent
from stella.sdk.protocol import NextReply
from stella.trust import BadSignature, new_signer

Intend = Callable[..., TargetIntent]


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


def _phase(agent: EnrolledAgent, order: str) -> Phase | None:
    note = agent.state.order(order)
    return note.phase if note else None


def _containers(agent: EnrolledAgent) -> list[dict[str, dict[str, int]]]:
    with agent.engine.changed() as state:
        return list(state["containers"].values())
