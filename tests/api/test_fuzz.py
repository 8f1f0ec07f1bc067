"""Every operation of the OpenAPI document, asked what it allows and what it does not.

STELLA_EXAMPLES says how many requests each operation gets; a few by default.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from fixtures.control import V1, Control, running
from fixtures.databases import Clock
from fixtures.webhooks import Hooks, pushed
from stella.api.app import OPENAPI, api_routes
from stella.kernel import time_text

pytestmark = pytest.mark.fuzz

EXAMPLES = int(os.environ.get("STELLA_EXAMPLES", "2"))
LEFT_OUT = {("GET", f"{V1}/events"), ("POST", f"{V1}/logout")}
"""The one does not end, the other ends the token that the rest is asked with."""
OPERATIONS = sorted(
    (method, path.replace(":path}", "}"))
    for method, path in api_routes()
    if (method, path) not in LEFT_OUT
)


@dataclass(frozen=True)
class Fuzzed:
    """A control plane where something has happened, its document, and names that are there."""

    control: Control
    schema: Any
    known: dict[str, str]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    import schemathesis

    with running(tmp_path_factory.mktemp("fuzz") / "control", Clock()) as control:
        control.environment("dev")
        done = control.deployed(control.sealed("2.0.0")["id"], "dev")
        hooks = Hooks(control)
        wait = {"steps": {"rest": {"uses": "wait", "with": {"seconds": 60}}}}
        control.apply({"apiVersion": "stella/v1", "kind": "Workflow", "name": "ship", "spec": wait})
        started = {"workflow": "ship", "on": {"event": "ImagePushed"}}
        control.apply(
            {"apiVersion": "stella/v1", "kind": "Trigger", "name": "auto", "spec": started}
        )
        hooks.make("ci", "signed")
        said = {"vulnerability": "CVE-2026-1", "products": ["pkg:pypi/foo"], "status": "fixed"}
        waiver = {
            "environment": "dev",
            "rule": "severity",
            "component": "web",
            "reason": "not reached",
        }
        waiver["expiresAt"] = time_text(control.clock() + timedelta(days=30))
        known = {
            "workflow": "ship",
            "trigger": "auto",
            "run": control.post("/workflows/ship/runs", {})["id"],
            "vex": control.post("/vex/statements", said, by="ann")["id"],
            "waiver": control.post("/waivers", waiver)["id"],
            "absence": "abs_1",
            "address": "ada@example.com",
            "result": "tst_1",
            "schedule": "payments",
            "shift": "shf_1",
            "release": done["release"]["id"],
            "other": "shop@2.0.0",
            "promotion": done["id"],
            "deployment": done["deployment"],
            "take_down": "tkd_1",
            "evidence": done["id"],
            "entry": "report.html",
            "tile": "0/000.p/1",
            "index": "0",
            "scan": control.get("/scans")["items"][0]["id"],
            "name": "dev",
            "kind": "Environment",
            "user": "vic",
            "agent": control.get("/agents")["items"][0]["id"],
            "freeze": "frz_1",
            "message": "msg_1",
            "integration": "ci",
            "delivery": hooks.signed("ci", pushed("1.0")).json()["delivery"],
            "version": "1.0.0",
            "token": "tok_1",
            "machine": "mch_1",
            "digest": control.get(f"/deployments/{done['deployment']}")["record"],
        }
        document = control.client.get(OPENAPI).json()
        yield Fuzzed(control, schemathesis.openapi.from_dict(document), known)


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_whatever_is_asked_the_answer_is_a_documented_one(fuzzed: Fuzzed):
    for method, path in OPERATIONS:
        operation = fuzzed.schema[path][method]
        there = {one.name: fuzzed.known[one.name] for one in operation.path_parameters}
        ask(fuzzed, operation.as_strategy(path_parameters=there))
        ask(fuzzed, otherwise(operation, there if operation.query or operation.body else {}))


def otherwise(operation: Any, there: dict[str, str]) -> SearchStrategy[Any]:
    """Requests that the document does not allow."""
    from schemathesis import GenerationMode

    return operation.as_strategy(
        generation_mode=GenerationMode.NEGATIVE, path_parameters=there or None
    )


def ask(fuzzed: Fuzzed, cases: SearchStrategy[Any]) -> None:
    headers = {"Authorization": f"Bearer {fuzzed.control.tokens['root']}"}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=EXAMPLES < 100,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def send(case: Any) -> None:
        case.headers.pop("Authorization", None)
        options = case.as_transport_kwargs(base_url="http://testserver", headers=headers)
        options.pop("cookies", None)
        answer = fuzzed.control.client.request(**options)
        place = f"{options['method']} {options['url']}: {answer.text}"
        assert answer.status_code < 500 or answer.status_code == 502, place

    send()
