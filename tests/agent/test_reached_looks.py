"""Between orders a host that is reached is looked at, with what its target's newest order names."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from agent.test_broken_connectors import beside
from agent.test_order_secrets import Store
from fixtures.control_planes import EnrolledAgent, Plane, wait_until
from fixtures.ssh_hosts import SshHost
from stella.agent.errors import ControlPlaneRefused
from stella.agent.looks import Looks
from stella.agent.secrets import Remembered
from stella.agent.state import ProjectNote
from stella.api.services import Outside
from stella.app.deployed_secrets import DeployedSecrets
from stella.fleet import OrderState
from stella.fleet.errors import OrderIsOver, SecretNotNamed
from stella.fleet.order_secrets import ask_secrets
from stella.kernel import Remedy
from stella.plugin.contract.target import Host, Running, TargetIntent, TargetPlan
from stella.plugin.order import Purpose
from stella.plugin.refusals import SecretUnresolved
from stella.sdk.protocol import (
    GivenSecrets,
    ProjectState,
    SecretsReply,
    about_secrets,
    to_wire,
)
from stella.trust import seal_once

Intend = Callable[..., TargetIntent]
KEY = "vault://main/kv/hosts#deploy"


class Seeing:
    """A target whose one container is a file on the host."""

    def opened(self) -> "Seeing":
        return self

    def plan(self, intent: TargetIntent) -> TargetPlan:
        return TargetPlan("docker", intent.target, ())

    plan_removal = plan

    def apply(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        del plan
        host.write("runs", intent.deployment.encode())

    def remove(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        del intent, plan
        host.write("runs", b"")

    def inspect(self, project: str, host: Host) -> tuple[Running, ...]:
        runs = host.run(["cat", "runs"], timeout_s=5).decode()
        return (Running("web", f"{project}-web", "x", None, runs, None),) if runs else ()

    def engine(self, host: Host) -> str:
        del host
        return "1"


def test_it_is_looked_at_by_a_key_of_a_store_until_it_is_taken_down(
    plane: Plane, agent: EnrolledAgent, intend: Intend, ssh_host: SshHost
) -> None:
    store = Store({KEY: ssh_host.key.read_text()})
    plane.stop()
    plane.secrets = DeployedSecrets(cast("Outside", store), [plane.signer.public]).ask
    plane.start()
    reach, seeing = ssh_host.reach(key=KEY), Seeing()
    intent = replace(intend("dep_1", "1"), project="looked-at")

    def seen() -> list[Any]:
        report = plane.agent(agent.identity.agent).report
        return [] if report is None else list(report.projects)

    with agent.running(plugins=beside(cast("Any", seeing))):
        order = plane.issue(intent, planned=seeing.plan(intent), reach=reach)
        assert plane.ended(order).state is OrderState.SUCCEEDED, plane.order(order).result
        wait_until(lambda: seen() and seen()[0].running)
        asked = len(store.asked)
        assert asked == 2  # for the order, and for the looks after it
        (ssh_host.projects / "looked-at" / "runs").write_text("changed by hand")
        wait_until(lambda: seen()[0].running[0].state == "changed by hand")
        assert len(store.asked) == asked
        held = [one for one in agent.state.root.rglob("*") if one.is_file()]
        body = ssh_host.key.read_bytes().splitlines()[1]
        assert [one for one in held if body in one.read_bytes()] == []

        with plane.database.transaction(actor="system") as tx:
            who, keys = plane.agent(agent.identity.agent), [plane.signer.public]

            def ask(order_id: str, *references: str) -> str:
                return ask_secrets(tx, who, order_id, 1, keys, references=references, registries=())

            assert ask(order.id, KEY) == "dev"
            with pytest.raises(SecretNotNamed):
                ask(order.id, "vault://main/kv/other")

        second = replace(intent, deployment="tkd_1")
        taken = plane.issue(
            second, purpose=Purpose.TAKE_DOWN, planned=seeing.plan(second), reach=reach
        )
        assert plane.ended(taken).state is OrderState.SUCCEEDED, plane.order(taken).result
        wait_until(lambda: not seen())
    with plane.database.transaction(actor="system") as tx, pytest.raises(OrderIsOver):
        ask_secrets(tx, who, order.id, 1, keys, references=[KEY], registries=())


def test_one_host_that_is_silent_keeps_no_other_waiting(tmp_path: Path) -> None:
    go_on = threading.Event()

    def look(note: ProjectNote) -> ProjectState:
        if note.project == "silent":
            go_on.wait(10)
        return ProjectState(note.project, note.connector, note.target)

    notes = [ProjectNote(one, "docker", one) for one in ("silent", "b", "c")]
    looks = Looks(look, wait_s=0.2)
    first = {one.project: one.problem for one in looks.at(notes)}
    assert first == {"silent": "what it runs on has not answered yet", "b": None, "c": None}
    go_on.set()
    assert {one.problem for one in looks.at(notes)} == {None}


def test_what_an_order_was_given_is_remembered_for_that_order_alone() -> None:
    """Another may name the same secret, and be refused it: as one of dev that names what prod has."""
    asked: list[str] = []

    class Given:
        """Gives to the order of prod."""

        def post(self, path: str, content: Any, *_: object, **__: object) -> SecretsReply:
            asked.append(path.split("/")[-2])
            if asked[-1] != "ord_prod":
                raise ControlPlaneRefused("nothing of it is for dev", remedy=Remedy("Let it."))
            given = to_wire(GivenSecrets({KEY: "of prod"}))
            about = about_secrets(asked[-1], content.fence)
            return SecretsReply(seal_once(content.key, json.dumps(given).encode(), about))

    remembered = Remembered(cast("Any", Given()), lambda _: None)
    for _ in range(2):
        assert remembered.of("ord_prod")([KEY], []).values == {KEY: "of prod"}
    with pytest.raises(SecretUnresolved):
        remembered.of("ord_dev")([KEY], [])
    remembered.forget("ord_dev")
    assert remembered.of("ord_prod")([KEY], []).values == {KEY: "of prod"}
    assert asked == ["ord_prod", "ord_dev"]
    remembered.forget("ord_prod")
    assert remembered.of("ord_prod")([KEY], []).values == {KEY: "of prod"}
    assert asked == ["ord_prod", "ord_dev", "ord_prod"]


@pytest.mark.parametrize("why", ["secret", "login"])
def test_where_nobody_was_let_in_nothing_is_looked_at(
    why: str, plane: Plane, agent: EnrolledAgent, intend: Intend, ssh_host: SshHost
) -> None:
    values = {KEY: ssh_host.stranger.read_text()} if why == "login" else {}
    plane.stop()
    plane.secrets = DeployedSecrets(cast("Outside", Store(values)), [plane.signer.public]).ask
    plane.start()
    seeing, intent = Seeing(), replace(intend("dep_1", "1"), project="not-let-in")
    with agent.running(plugins=beside(cast("Any", seeing))):
        order = plane.issue(intent, planned=seeing.plan(intent), reach=ssh_host.reach(key=KEY))
        ended = plane.ended(order)
    assert ended.result is not None
    assert ended.result.code == ("ST-TGT-012" if why == "secret" else "ST-AGT-016")
    assert agent.state.project_notes() == ()


class Far(Seeing):
    """It sees what runs by asking a service, which does not answer."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self.go_on = threading.Event()

    def inspect(self, project: str, host: Host) -> tuple[Running, ...]:
        del project, host
        self.asked.release()
        self.go_on.wait(30)
        return ()


def test_services_that_do_not_answer_keep_no_heartbeat_waiting(
    plane: Plane, agent: EnrolledAgent
) -> None:
    """Looked at one after the other, six would take six times as long as one."""
    for number in range(6):
        agent.state.create()
        agent.state.note_project(ProjectNote(f"far-{number}", "docker", f"far-{number}"))
    far = Far()
    with agent.running(plugins=beside(cast("Any", far))):
        begun = time.monotonic()
        assert all(far.asked.acquire(timeout=10) for _ in range(6))
        assert time.monotonic() - begun < 10
        wait_until(lambda: plane.agent(agent.identity.agent).report)
        report = plane.agent(agent.identity.agent).report
        assert report is not None
        assert {one.problem for one in report.projects} == {"what it runs on has not answered yet"}
        far.go_on.set()


def test_a_look_that_breaks_is_a_bug_that_is_seen() -> None:
    def look(_: ProjectNote) -> ProjectState:
        raise AssertionError("a bug")

    with pytest.raises(AssertionError, match="a bug"):
        Looks(look).at([ProjectNote("a", "docker", "a")])


class Slow(Seeing):
    """The first time that it is applied, its command does not end by itself."""

    def apply(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        script = "[ -e pid ] && exit; echo $$ > x; mv x pid; exec sleep 60"
        host.run(["sh", "-c", script], timeout_s=60)
        super().apply(intent, plan, host)


def test_what_is_reached_is_given_up_once_no_lease_is_held_and_gone_on_with(
    plane: Plane, agent: EnrolledAgent, intend: Intend, ssh_host: SshHost
) -> None:
    """Nothing on the host tells two agents apart: an agent that nobody answers ends by itself."""
    slow, intent = Slow(), replace(intend("dep_1", "1"), project="given-up")
    place = ssh_host.projects / "given-up"
    with agent.running(plugins=beside(cast("Any", slow))):
        order = plane.issue(intent, planned=slow.plan(intent), reach=ssh_host.reach())
        wait_until((place / "pid").exists)
        plane.stop()
        pid = Path("/proc", (place / "pid").read_text().strip())
        assert pid.exists()
        begun = time.monotonic()
        wait_until(lambda: not pid.exists())
        assert time.monotonic() - begun < 15
        assert not (place / "runs").exists()
        plane.start()
        assert plane.ended(order).state is OrderState.SUCCEEDED, plane.order(order).result
        assert plane.order(order).fence > 1
    assert (place / "runs").exists()
