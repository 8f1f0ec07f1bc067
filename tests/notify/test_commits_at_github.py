"""Commits are told by an applied integration, its token out of the built-in store, at a played GitHub."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fixtures.control import Control
from fixtures.forges import Forge, github, served
from fixtures.road import BASE
from image.images import build, push
from notify.test_notifications import idle
from stella.app.courier import Courier
from stella.release.source import REVISION_LABEL, URL_LABEL
from stella.sdk.testing import SimulatedScm

CANARY = "canary-forge-2b90e47d"
EVERY = ["PromotionRequested", "DeploymentStarted", "DeploymentSucceeded"]


class Told:
    """A control plane, a GitHub, and the courier that goes between them as in a server."""

    def __init__(self, control: Control, forge: Forge) -> None:
        self.control, self.forge = control, forge
        repository = forge.repositories.setdefault("shop/web", SimulatedScm().repository("x"))
        self.commit = repository.commit("Say what is sold").id
        stored = control.ask("PUT", "/secrets/forge-token", {"value": CANARY}, by="olga")
        assert stored.is_success
        done = control.apply(self.integration(), _document("Notification", "r", self.rule()))
        assert done.is_success, done.text

    def integration(self, **spec: Any) -> dict[str, Any]:
        given = {
            "kind": "scm",
            "connector": "github",
            "endpoint": self.forge.endpoint,
            "credentials": {"token": "secret://forge-token"},
            **spec,
        }
        return _document("Integration", "forge", given)

    def rule(self) -> dict[str, Any]:
        return {"on": EVERY, "integration": "forge"}

    def released(self, version: str) -> str:
        url = f"{self.forge.endpoint}/shop/web.git"
        image = build(BASE, Labels={URL_LABEL: url, REVISION_LABEL: self.commit})
        push(self.control.registry, image, "shop/web", version)
        components = {
            "web": f"registry.test/shop/web:{version}",
            "worker": self.control.push("worker", version, {}),
        }
        body = {"name": "shop", "version": version, "components": components}
        return str(self.control.post("/releases", body)["id"])

    def sweep(self) -> None:
        courier = Courier(self.control.services)
        courier.sweep()
        idle(courier)
        courier.close()

    def sent(self) -> set[str]:
        return {one["state"] for one in self.control.get("/notifications/sent")["items"]}


def _document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "stella/v1", "kind": kind, "name": name, "spec": spec}


@pytest.fixture
def told(control: Control) -> Iterator[Told]:
    with served(Forge(github, token=CANARY)) as forge:
        control.environment("dev")
        yield Told(control, forge)


def test_github_is_told_how_the_release_of_a_commit_goes_on(told: Told) -> None:
    control, forge = told.control, told.forge
    control.asked(told.released("1.0.0"), "dev")
    told.sweep()
    assert set(forge.said[told.commit].values()) == {"pending"}
    control.finish("host-a")
    control.finish("host-b")
    told.sweep()
    # The second one stands at the deployment that GitHub keeps beside it.
    assert forge.said[told.commit] == {"stella/dev": "success", "dev": "success"}
    assert [one["environment"] for one in forge.deployments] == ["dev"]
    assert told.sent() == {"sent"}
    assert {one.headers["authorization"] for one in forge.asked} == {f"Bearer {CANARY}"}
    control.services.outside.flush_uses()
    assert control.get("/integrations/forge")["usedAt"] is not None
    assert CANARY not in json.dumps([control.get("/facts"), control.get("/notifications/sent")])


def test_a_token_that_was_revoked_is_told_and_the_next_one_is_used(told: Told) -> None:
    control, forge = told.control, told.forge
    forge.token = "the-next-canary-77aa"
    control.asked(told.released("1.0.0"), "dev")
    told.sweep()
    assert told.commit not in forge.said
    (refused,) = [one for one in control.get("/notifications/sent")["items"] if one["detail"]][:1]
    assert "ST-SVC-002" in refused["detail"]
    control.ask("PUT", "/secrets/forge-token", {"value": forge.token}, by="olga")
    control.finish("host-a")
    control.finish("host-b")
    told.sweep()
    assert forge.said[told.commit] == {"stella/dev": "success", "dev": "success"}
