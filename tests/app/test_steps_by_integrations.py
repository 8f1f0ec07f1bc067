"""Steps that use an integration: named by an input, opened by the server, also for a stranger's process."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.registries import Answer, played_registry
from fixtures.control import Control, running
from fixtures.databases import Clock
from plugin.packages import wheel_of
from stella.hub.secrets import sealed_value
from stella.hub.store import put_secret_row

CANARY = "canary-metrics-4d1f77b2"
STRANGER = """
from datetime import UTC, datetime
from stella.sdk import StepResult

class Watch:
    def __init__(self, connection):
        self._used = connection.used

    def run(self, call):
        if call.inputs.get("do") == "steal":
            self._used["source"].credentials
        if call.inputs.get("do") == "other":
            self._used["other"]
        found = self._used["source"].query("errors", datetime.now(UTC))
        return StepResult(f"it is {found[0].value} at {self._used['source'].check()}")

    def undo(self, call):
        pass

PLUGIN = Plugin(steps={"watch": Watch})
"""


@pytest.fixture
def values() -> list[str]:
    """What the metric source answers, one after the other; the last one for good."""
    return ["0.01"]


@pytest.fixture
def tokens() -> list[str]:
    """What the metric source takes as its token, the last of them."""
    return [CANARY]


@pytest.fixture
def refused() -> list[str]:
    """What the metric source was asked and did not take, while its value is `refuse`."""
    return []


@pytest.fixture
def source(values: list[str], tokens: list[str], refused: list[str]) -> Iterator[str]:
    """A server that plays Prometheus, and wants a token; its address."""

    def play(method: str, target: str, headers: Any, body: bytes) -> Answer:
        if values[0] == "refuse":
            refused.append(target)
            return Answer(409)
        if headers.get("authorization") != f"Bearer {tokens[-1]}":
            return Answer(401)
        if "buildinfo" in target:
            return Answer(body=b'{"data": {"version": "2.42.0"}}')
        assert parse_qs(urlsplit(target).query)["query"] == ["errors"]
        value = values.pop(0) if len(values) > 1 else values[0]
        result = [{"metric": {}, "value": [1.5, value]}]
        told = {"status": "success", "data": {"resultType": "vector", "result": result}}
        return Answer(body=json.dumps(told).encode())

    with played_registry(play) as host:
        yield f"http://{host}"


def integration(endpoint: str, **spec: Any) -> dict[str, Any]:
    whole = {
        "kind": "metrics",
        "connector": "prometheus",
        "endpoint": endpoint,
        "credentials": {"token": "secret://metrics-token"},
        **spec,
    }
    return {"apiVersion": "stella/v1", "kind": "Integration", "name": "numbers", "spec": whole}


def environment(step: str = "verify-metrics", **inputs: Any) -> list[dict[str, Any]]:
    given = {"source": "numbers", **inputs}
    if step == "verify-metrics":
        given = {"query": "errors", "atMost": "0.05", "forS": 1, "everyS": 1, **given}
    steps = {"before": [{"name": "watch", "step": step, "with": given}]}
    made = [
        {"apiVersion": "stella/v1", "kind": "Environment", "name": "dev", "spec": {"steps": steps}}
    ]
    for host, component in (("a", "web"), ("b", "worker")):
        spec = {
            "environment": "dev",
            "connector": "docker",
            "agent": f"host-{host}",
            "project": "shop",
            "components": [component],
        }
        made.append(
            {"apiVersion": "stella/v1", "kind": "Target", "name": f"dev-{host}", "spec": spec}
        )
    return made


@pytest.fixture
def plane(clock: Clock, tmp_path: Path, source: str) -> Iterator[Control]:
    with running(tmp_path / "control", clock) as control:
        stored = control.ask("PUT", "/secrets/metrics-token", {"value": CANARY}, by="olga")
        assert stored.is_success
        assert control.apply(integration(source)).is_success
        yield control
        control.services.plugging.close()
        control.services.close_policies()


def step_of(control: Control, promotion: Any) -> dict[str, Any]:
    (found,) = [
        one
        for one in control.get(f"/deployments/{promotion['deployment']}")["steps"]
        if one["purpose"] != "undo"
    ]
    return dict(found)


def test_a_deployment_rests_on_what_was_measured(plane: Control, values: list[str]) -> None:
    assert plane.apply(*environment()).is_success
    ended = plane.deployed(plane.sealed("2.0.0")["id"], "dev")
    watch = step_of(plane, ended)
    assert (ended["state"], watch["state"]) == ("deployed", "passed")
    assert watch["outputs"]["highest"] == "0.01"

    values[:] = ["0.07"]
    failed = plane.asked(plane.sealed("2.0.1")["id"], "dev")
    watch = step_of(plane, failed)
    assert (failed["state"], watch["state"]) == ("failed", "failed")
    assert "0.07 is above 0.05" in watch["message"]

    values[:] = ["NaN"]
    errored = plane.asked(plane.sealed("2.0.2")["id"], "dev")
    assert (errored["state"], step_of(plane, errored)["state"]) == ("errored", "errored")

    assert plane.apply(integration("http://127.0.0.1:9", enabled=False)).is_success
    off = plane.asked(plane.sealed("2.0.3")["id"], "dev")
    assert (off["state"], step_of(plane, off)["code"]) == ("errored", "ST-HUB-004")
    assert CANARY not in json.dumps(plane.get("/facts"))


def test_a_credential_that_is_rotated_or_revoked_under_a_deployment(
    plane: Control, values: list[str], tokens: list[str], clock: Clock, tmp_path: Path
) -> None:
    """By another server, say: this one keeps the old one for a while yet."""
    assert plane.apply(*environment()).is_success
    plane.deployed(plane.sealed("2.0.0")["id"], "dev")
    tokens.append("canary-rotated-90c5e1aa")
    envelope = sealed_value(
        plane.services.outside.keys(), "metrics-token", tokens[-1], plane.services.random
    )
    with plane.database.transaction(actor="system") as tx:
        put_secret_row(tx, "metrics-token", envelope)
    clock.go_on(seconds=15)
    assert plane.deployed(plane.sealed("2.0.1")["id"], "dev")["state"] == "deployed"

    tokens.append("nobody-has-this-one")
    clock.go_on(seconds=15)
    ended = plane.asked(plane.sealed("2.0.2")["id"], "dev")
    watch = step_of(plane, ended)
    assert (ended["state"], watch["state"], watch["code"]) == ("errored", "errored", "ST-SVC-002")
    plane.seal()
    told = json.dumps([plane.get("/facts"), watch])
    assert not [one for one in tokens if one in told]


def test_what_is_refused_for_what_was_asked_is_not_asked_again_with_another_credential(
    plane: Control, values: list[str], tokens: list[str], refused: list[str], clock: Clock
) -> None:
    assert plane.apply(*environment()).is_success
    plane.deployed(plane.sealed("2.0.0")["id"], "dev")
    tokens.append("canary-rotated-90c5e1aa")
    envelope = sealed_value(
        plane.services.outside.keys(), "metrics-token", tokens[-1], plane.services.random
    )
    with plane.database.transaction(actor="system") as tx:
        put_secret_row(tx, "metrics-token", envelope)
    clock.go_on(seconds=15)
    values[:] = ["refuse"]
    plane.asked(plane.sealed("2.0.1")["id"], "dev")
    assert len(refused) == 1


@pytest.mark.parametrize(
    ("inputs", "bound", "why"),
    [
        ({"source": "nobody"}, [], "with.source: there is no such integration"),
        ({"source": "images"}, [], "the integration images is a registry, no metrics"),
        ({}, ["prod"], "the integration numbers is for prod alone"),
    ],
)
def test_a_step_that_could_not_use_what_it_names_is_refused_when_it_is_applied(
    plane: Control, source: str, inputs: dict[str, Any], bound: list[str], why: str
) -> None:
    images = {
        "apiVersion": "stella/v1",
        "kind": "Integration",
        "name": "images",
        "spec": {"kind": "registry", "connector": "oci", "endpoint": "r.example"},
    }
    prod = {"apiVersion": "stella/v1", "kind": "Environment", "name": "prod", "spec": {}}
    done = plane.apply(prod, images, integration(source, environments=bound))
    assert done.is_success, done.text
    refused = plane.apply(*environment(**inputs))
    assert refused.json()["code"] == "ST-ENV-002", refused.text
    assert why in refused.text


def test_an_integration_that_a_step_uses_does_not_end(plane: Control) -> None:
    assert plane.apply(*environment()).is_success
    asked = plane.ask("DELETE", "/integrations/numbers", by="olga")
    assert (asked.status_code, asked.json()["code"]) == (409, "ST-HUB-003")
    assert asked.json()["facts"]["used_by"] == ["Environment dev uses it in the step watch"]
    spare = {
        "apiVersion": "stella/v1",
        "kind": "Variables",
        "name": "nothing",
        "spec": {"variables": []},
    }
    plane.apply(integration("http://127.0.0.1:9"), owner="hand", take_over=True)
    pruned = plane.apply(spare, owner="hand", prune=True)
    assert "Environment dev uses it in the step watch" in pruned.json()["title"]
    dev = environment()[0]
    dev["spec"] = {}
    assert plane.apply(dev).is_success
    assert plane.ask("DELETE", "/integrations/numbers", by="olga").status_code == 204


def test_a_step_uses_no_integration_that_who_applies_it_may_not_use(
    plane: Control, source: str
) -> None:
    ours, everybodys = integration(source, roles=["admin"]), integration(source)

    def administered(document: dict[str, Any]) -> bool:
        return plane.ask("POST", "/apply", {"documents": [document]}, by="root").is_success

    assert administered(ours)
    refused = plane.apply(*environment())
    assert refused.json()["code"] == "ST-ENV-002", refused.text
    assert "numbers is to be used by admin alone" in refused.text
    # What it uses already stays, whoever applies the same documents again.
    assert administered(everybodys)
    assert plane.apply(*environment()).is_success
    assert administered(ours)
    assert plane.apply(*environment(forS=2)).is_success


def install(control: Control) -> None:
    schema = {
        "type": "object",
        "properties": {
            "source": {"type": "string"},
            "other": {"type": "string"},
            "do": {"type": "string"},
        },
    }
    step = {
        "kind": "step",
        "name": "watch",
        "title": "Watch",
        "configSchema": schema,
        "schemes": [],
        "uses": {"source": "metrics", "other": "ci"},
    }
    limits = {"timeoutS": 20, "memoryBytes": 200 << 20, "attemptsMax": 1}
    made = wheel_of("watching", STRANGER, contributes=[step], limits=limits)
    control.post("/plugins", {"wheel": base64.b64encode(made).decode()}, by="root")
    control.post("/plugins/watching/grant", {}, by="root")
    control.post("/plugins/watching/enable", {}, by="root")


@pytest.mark.apart
def test_a_strangers_step_uses_it_from_a_process_of_its_own_and_sees_no_secret(
    plane: Control,
) -> None:
    install(plane)
    assert plane.apply(*environment("watch")).is_success
    ended = plane.deployed(plane.sealed("2.0.0")["id"], "dev")
    assert (ended["state"], step_of(plane, ended)["summary"]) == (
        "deployed",
        "it is 0.01 at Prometheus 2.42.0",
    )
    cases = (("2.0.1", "steal", "AttributeError"), ("2.0.2", "other", "KeyError"))
    for version, do, why in cases:
        assert plane.apply(*environment("watch", do=do)).is_success
        errored = plane.asked(plane.sealed(version)["id"], "dev")
        watch = step_of(plane, errored)
        assert (watch["state"], why in watch["message"]) == ("errored", True), watch
