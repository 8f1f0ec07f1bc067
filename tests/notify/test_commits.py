"""Commits are told how the releases that were built from them stand: by a rule, once, and not undone."""

from dataclasses import replace
from typing import Any

import pytest

from fixtures.control import Control
from fixtures.road import BASE
from image.images import build, push
from notify.test_notifications import idle
from stella.app.courier import Courier
from stella.hub.apply import apply_integration
from stella.notify.store import find_message
from stella.plugin.contract.core import Contribution, Kind
from stella.plugin.contract.scm import StatusState
from stella.release.source import REVISION_LABEL, URL_LABEL
from stella.sdk.testing import SimulatedScm
from stella.sdk.testing.scm import SimulatedRepository

BROUGHT = {(Kind.SCM, "forge"): Contribution(Kind.SCM, "forge", "Forge", {"type": "object"})}
FORGE = {"kind": "scm", "connector": "forge", "endpoint": "https://forge.example"}
EVERY = ["PromotionRequested", "PromotionBlocked", "DeploymentStarted", "DeploymentSucceeded"]


class Forge:
    """A control plane, a forge, and what the forge was told of one commit."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.scm = SimulatedScm()
        self.repository: SimulatedRepository = self.scm.repository("shop/web")
        self.commit = self.repository.commit("Say what is sold").id
        with control.database.transaction(actor="test") as tx:
            apply_integration(tx, "forge", FORGE, BROUGHT)

    def rule(self, *on: str, **spec: Any) -> Any:
        told = {"on": list(on or EVERY), "integration": "forge", **spec}
        document = {"apiVersion": "stella/v1", "kind": "Notification", "name": "r", "spec": told}
        return self.control.apply(document)

    def sealed(self, version: str, url: str = "https://forge.example/shop/web.git") -> str:
        image = build(BASE, Labels={URL_LABEL: url, REVISION_LABEL: self.commit})
        push(self.control.registry, image, "shop/web", version)
        components = {
            "web": f"registry.test/shop/web:{version}",
            "worker": self.control.push("worker", version, {}),
        }
        body = {"name": "shop", "version": version, "components": components}
        made = self.control.post("/releases", body)
        return str(made["id"])

    def sweep(self) -> None:
        services = self.control.services
        outside = replace(services.outside, connected=lambda *_, **__: self.scm)
        courier = Courier(replace(services, outside=outside))
        courier.sweep()
        idle(courier)
        courier.close()

    @property
    def statuses(self) -> dict[str, StatusState]:
        found = self.repository.statuses.get(self.commit, {})
        return {context: one.state for context, one in found.items()}


@pytest.fixture
def forge(control: Control) -> Forge:
    return Forge(control)


def test_a_commit_is_told_how_its_release_goes_on(forge: Forge) -> None:
    control = forge.control
    control.environment("dev")
    assert forge.rule().is_success
    promotion = control.asked(forge.sealed("1.0.0"), "dev")
    forge.sweep()
    assert forge.statuses == {"stella/dev": StatusState.PENDING}
    control.finish("host-a")
    control.finish("host-b")
    forge.sweep()
    assert forge.statuses == {"stella/dev": StatusState.SUCCESS}
    (status,) = forge.repository.statuses[forge.commit].values()
    assert status.description == "shop 1.0.0 runs in dev"
    assert status.url == f"{control.services.url}/promotions/{promotion['id']}"
    (note,) = forge.repository.deployments[forge.commit].values()
    assert (note.environment, note.state) == ("dev", StatusState.SUCCESS)


def test_what_is_tried_again_undoes_nothing_that_was_said_since(forge: Forge) -> None:
    control = forge.control
    control.environment("dev")
    forge.rule("PromotionRequested", "DeploymentSucceeded")
    control.asked(forge.sealed("1.0.0"), "dev")
    forge.scm.is_out = True
    forge.sweep()
    control.finish("host-a")
    control.finish("host-b")
    forge.scm.is_out = False
    forge.sweep()
    assert forge.statuses == {"stella/dev": StatusState.SUCCESS}
    control.clock.go_on(minutes=20)
    forge.sweep()
    assert forge.statuses == {"stella/dev": StatusState.SUCCESS}
    sent = control.get("/notifications/sent")["items"]
    assert {one["state"] for one in sent} == {"sent"}


def test_nothing_is_told_of_what_came_from_elsewhere(forge: Forge) -> None:
    forge.control.environment("dev")
    forge.rule()
    forge.control.asked(forge.sealed("1.0.0", "https://other.example/shop/web"), "dev")
    forge.control.finish("host-a")
    forge.control.finish("host-b")
    forge.control.asked(forge.control.sealed("2.0.0")["id"], "dev")
    assert forge.control.get("/notifications/sent")["items"] == []


def test_a_forge_is_told_of_promotions_and_deployments_alone(forge: Forge) -> None:
    refused = forge.rule("AgentWentOffline", "PromotionBlocked")
    (reason,) = refused.json()["facts"]["reasons"]
    assert reason == "on: AgentWentOffline: commits are told of promotions and deployments alone"


def test_a_test_asks_the_forge_who_we_are_there(forge: Forge) -> None:
    forge.rule()
    made = forge.control.ask("POST", "/notifications/r/test", by="olga").json()
    forge.scm.is_shut = True
    forge.sweep()
    with forge.control.database.read() as tx:
        assert "ST-SVC" in find_message(tx, made["id"]).detail
    assert forge.statuses == {}
