"""Orders for targets of a stranger's plugin: signed only while that may do what was approved."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.test_strangers import DOCKER_AS_A_STRANGER, boat_wheel
from fixtures.control import Control, running
from fixtures.databases import Clock
from stella.plugin.order import OrderOutcome
from stella.plugin.store import delete_version

pytestmark = pytest.mark.apart

GRANTS = [{"capability": "docker", "hosts": []}]


def install(control: Control, version: str, code: str = DOCKER_AS_A_STRANGER) -> None:
    content = base64.b64encode(boat_wheel(code, version=version)).decode()
    control.post("/plugins", {"wheel": content}, by="root")
    control.post("/plugins/boat/grant", {"granted": GRANTS}, by="root")
    control.post("/plugins/boat/enable", {"version": version}, by="root")


def apply(control: Control, connector: str) -> None:
    documents: list[dict[str, Any]] = [
        {"apiVersion": "stella/v1", "kind": "Environment", "name": "dev", "spec": {}}
    ]
    for host, component in (("a", "web"), ("b", "worker")):
        spec = {
            "environment": "dev",
            "connector": connector,
            "agent": f"host-{host}",
            "project": "shop",
            "components": [component],
        }
        documents.append(
            {"apiVersion": "stella/v1", "kind": "Target", "name": f"dev-{host}", "spec": spec}
        )
    done = control.apply(*documents)
    assert done.is_success, done.text


def targets(control: Control, promotion: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = control.get(f"/deployments/{promotion['deployment']}")["targets"]
    return found


@pytest.fixture
def plane(clock: Clock, tmp_path: Path) -> Iterator[Control]:
    """A control plane on which boats are deployed to."""
    with running(tmp_path / "control", clock) as control:
        install(control, "1.0.0")
        apply(control, "boat")
        yield control
        control.services.plugging.close()
        control.services.close_policies()


def ungrant(control: Control) -> None:
    control.post("/plugins/boat/grant", {"granted": []}, by="root")


def replace_wheel(control: Control) -> None:
    """No route lets it happen while a deployment needs it; a database that was restored may."""
    with control.services.database.transaction(actor="system") as tx:
        delete_version(tx, "boat", "1.0.0")
    control.services.plugging.forget("boat", "1.0.0")
    install(control, "1.0.0", f"{DOCKER_AS_A_STRANGER}\nANOTHER = True\n")


def remove_version(control: Control) -> None:
    with control.services.database.transaction(actor="system") as tx:
        delete_version(tx, "boat", "1.0.0")


CHANGES: dict[str, tuple[Callable[[Control], None], str]] = {
    "a grant that was taken back": (ungrant, "is not granted docker any more"),
    "the same version from another wheel": (replace_wheel, "from another wheel now"),
    "a version that was removed": (remove_version, "that version was removed"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_order_is_signed_for_a_plugin_that_is_not_what_was_approved(
    plane: Control, change: str
) -> None:
    waiting = plane.asked(plane.sealed("2.0.0")["id"], "dev")
    do, why = CHANGES[change]
    do(plane)
    plane.finish("host-a")

    assert plane.get(f"/promotions/{waiting['id']}")["state"] == "errored"
    first, second = targets(plane, waiting)
    assert (first["state"], second["state"]) == ("succeeded", "errored")
    assert second["code"] == "ST-PLG-010"
    assert why in second["message"]
    assert plane.take("host-b") is None


def test_no_order_to_go_back_is_signed_for_it_either(plane: Control) -> None:
    assert plane.deployed(plane.sealed("1.0.0")["id"], "dev")["state"] == "deployed"
    waiting = plane.asked(plane.sealed("2.0.0")["id"], "dev")
    plane.finish("host-a")
    ungrant(plane)
    plane.finish("host-b", OrderOutcome.FAILED, "it is unhealthy")

    assert plane.get(f"/promotions/{waiting['id']}")["state"] == "errored"
    told = [(one["purpose"], one["state"], one["code"]) for one in targets(plane, waiting)]
    assert told[-1] == ("undo", "errored", "ST-PLG-010")
    assert plane.take("host-a") is None


def test_a_wider_grant_and_another_version_in_use_hold_up_no_order(plane: Control) -> None:
    waiting = plane.asked(plane.sealed("2.0.0")["id"], "dev")
    install(plane, "2.0.0")
    more = [*GRANTS, {"capability": "network", "hosts": ["boats.example"]}]
    plane.post("/plugins/boat/grant", {"granted": more}, by="root")
    plane.finish("host-a")
    plane.finish("host-b")
    assert plane.get(f"/promotions/{waiting['id']}")["state"] == "deployed"


def users(control: Control, method: str, path: str) -> list[str]:
    """What a refusal to switch a plugin off, or to remove it, says to need it."""
    refusal = control.ask(method, path, by="root").json()
    assert refusal["code"] == "ST-PLG-008", refusal
    named: list[str] = refusal["facts"]["used_by"]
    return named


TARGETS = ["target dev-a", "target dev-b"]


def test_what_a_deployment_still_orders_is_neither_switched_off_nor_removed(
    plane: Control,
) -> None:
    waiting = plane.asked(plane.sealed("2.0.0")["id"], "dev")
    deployment = f"deployment {waiting['deployment']}"
    assert users(plane, "POST", "/plugins/boat/disable") == [*TARGETS, deployment]
    install(plane, "2.0.0")
    assert users(plane, "DELETE", "/plugins/boat/versions/1.0.0") == [deployment]
    plane.finish("host-a")
    plane.finish("host-b")
    assert plane.get(f"/promotions/{waiting['id']}")["state"] == "deployed"
    plane.ask("DELETE", "/plugins/boat/versions/1.0.0", by="root").raise_for_status()
    assert users(plane, "POST", "/plugins/boat/disable") == TARGETS


def test_what_a_deployment_may_go_back_to_is_needed_as_long_as_it_runs(plane: Control) -> None:
    assert plane.deployed(plane.sealed("1.0.0")["id"], "dev")["state"] == "deployed"
    install(plane, "2.0.0")
    waiting = plane.asked(plane.sealed("2.0.0")["id"], "dev")
    needs_it = users(plane, "DELETE", "/plugins/boat/versions/1.0.0")
    assert needs_it == [f"deployment {waiting['deployment']}"]
    plane.finish("host-a")
    plane.finish("host-b", OrderOutcome.FAILED, "it is unhealthy")
    plane.finish("host-a")
    assert plane.get(f"/promotions/{waiting['id']}")["state"] == "failed"
    plane.ask("DELETE", "/plugins/boat/versions/1.0.0", by="root").raise_for_status()
