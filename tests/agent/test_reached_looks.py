"""Between orders a host that is reached is looked at, with what its target's newest order names."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from agent.test_broken_connectors import beside
from agent.test_order_secrets import Store
from fixtures.control_planes import EnrolledAgent, Plane, wait_until
from fixtures.ssh_hosts import SshHost
from stella.agent.looks import Looks
from stella.agent.state import ProjectNote
from stella.api.services import Outside
from stella.app.deployed_secrets import DeployedSecrets
from stella.fleet import OrderState
from stella.fleet.errors import OrderIsOver, SecretNotNamed
from stella.fleet.order_secrets import ask_secrets
from stella.plugin.contract.target import Host, Running, TargetIntent, TargetPlan
from stella.plugin.order import Purpose
from stella.sdk.protocol import ProjectState

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
    import threading

    go_on = threading.Event()

    def look(note: ProjectNote) -> ProjectState:
        if note.project == "silent":
            go_on.wait(10)
        return ProjectState(note.project, note.connector, note.target)

    notes = [ProjectNote(one, "docker", one) for one in ("silent", "b", "c")]
    looks = Looks(look, wait_s=0.2)
    first = {one.project: one.problem for one in looks.at(notes)}
    assert first == {"silent": "its host has not answered yet", "b": None, "c": None}
    go_on.set()
    assert {one.problem for one in looks.at(notes)} == {None}
