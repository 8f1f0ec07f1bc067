"""All that is configured comes out as documents, and goes in again without changing anything."""

from typing import Any

from api.test_apply import REGO, document, environment, target
from fixtures.control import Control

EVERYTHING: list[dict[str, Any]] = [
    {
        **document("Integration", "hook"),
        "spec": {
            "kind": "notifier",
            "connector": "webhook-out",
            "endpoint": "https://h.test",
            "credentials": {"signing_secret": "env://HOOK"},
        },
    },
    document("Policy", "ours", rego=REGO),
    document("Component", "web", image="registry.test/shop/web", channels={"next": {}}),
    document("ReleaseTemplate", "shop", components={"web": {"channel": "next"}}),
    environment("dev"),
    environment(
        "prod",
        after="dev",
        policy="ours",
        soak={"hours": 2},
        approvals=[{"rule": "one", "approvers": ["approver"], "expiresAfter": 3}],
    ),
    target("prod-a", "prod", labels={"tier": "front"}, components=["web"]),
    document(
        "Variables", "all", variables=[{"name": "A", "value": "", "when": {"target": ["prod-a"]}}]
    ),
    document(
        "Freeze",
        "nights",
        **{"from": "2030-01-01T22:00", "until": "2030-01-02T06:00"},
        timeZone="Europe/Berlin",
        reason="sleep",
        recurrence="FREQ=DAILY",
    ),
    document("VexIssuer", "vendor", weight=10),
    document(
        "Lifecycle",
        "standard",
        phases=[
            {"name": "dev", "environments": ["dev"]},
            {"name": "prod", "environments": ["prod"], "soak": 3},
        ],
        channels=["stable"],
        hotfix={"skip": ["dev"], "by": ["operator"]},
    ),
    environment("review", after="dev", endsAt="2030-02-01T18:00:00Z"),
]


def test_what_comes_out_goes_in_again_and_changes_nothing(control: Control):
    for one in EVERYTHING:
        answer = control.ask("POST", "/apply", {"documents": [one]}, by="root")
        assert answer.is_success, (one["kind"], answer.text)
    listed = control.get("/documents")["items"]
    assert {one["kind"] for one in listed} == {one["kind"] for one in EVERYTHING}
    answer = control.ask("POST", "/apply", {"documents": listed}, by="root")
    assert answer.is_success, answer.text
    assert {one["change"] for one in answer.json()["changes"]} == {"unchanged"}


def test_they_can_be_applied_to_another_server_in_their_order(control: Control):
    for one in EVERYTHING:
        control.ask("POST", "/apply", {"documents": [one]}, by="root")
    kinds = [one["kind"] for one in control.get("/documents")["items"]]
    assert kinds.index("Policy") < kinds.index("Environment") < kinds.index("Variables")


def test_some_kinds_alone_and_one_that_is_none(control: Control):
    control.apply(environment("dev"), target("dev-a"))
    found = control.get("/documents", kind="Target")["items"]
    assert [(one["kind"], one["name"]) for one in found] == [("Target", "dev-a")]
    assert control.refused("GET", "/documents?kind=Targets") == "ST-API-001"
