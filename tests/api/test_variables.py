"""Variables by the API: applied, previewed with the why, and sealed into revisions."""

from typing import Any

from fixtures.control import Control

TARGET: dict[str, Any] = {
    "environment": "dev",
    "connector": "docker",
    "agent": "host-a",
    "project": "shop-dev",
    "labels": {"tier": "front"},
    "config": {"services": {"web": {"env": {"LEVEL": "${{ vars.LEVEL }}"}}}},
}


def document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "stella/v1", "kind": kind, "name": name, "spec": spec}


def variables(*listed: dict[str, Any]) -> dict[str, Any]:
    return document("Variables", "shop", {"variables": list(listed)})


def ready(control: Control, *listed: dict[str, Any]) -> None:
    answer = control.apply(
        document("Environment", "dev", {}),
        document("Target", "dev-a", TARGET),
        variables(*listed),
    )
    assert answer.is_success, answer.text


def test_a_preview_says_which_rule_won_and_why(control: Control):
    ready(
        control,
        {"name": "LEVEL", "value": "info"},
        {"name": "LEVEL", "value": "warn", "when": {"environment": ["dev"]}},
        {"name": "LEVEL", "value": "error", "when": {"label": ["tier=front"]}},
        {"name": "PASSWORD", "secret": "env://DB", "when": {"component": ["web"]}},
    )
    control.sealed("1.0.0")
    path = "/releases/shop@1.0.0/variables"
    shown = control.get(path, environment="dev", target="dev-a", component="web")
    level, password = shown["answers"]
    assert level["used"]["value"] == "error"
    assert level["why"] == "label tier=front is more exact than environment dev"
    assert [one["value"] for one in level["beaten"]] == ["warn", "info"]
    assert (password["used"]["secret"], password["used"]["value"]) == ("env://DB", None)
    assert shown["faults"] == []
    anywhere = control.get(path, environment="dev")
    assert [one["used"]["value"] for one in anywhere["answers"]] == ["warn"]
    assert control.refused("GET", f"{path}?environment=dev&target=gone") == "ST-API-001"
    assert control.refused("GET", f"{path}?environment=gone") == "ST-ENV-001"


def test_rivals_are_shown_and_stop_the_deployment(control: Control):
    ready(
        control,
        {"name": "LEVEL", "value": "a", "when": {"label": ["tier=front"]}},
        {"name": "LEVEL", "value": "b", "when": {"label": ["tier=front", "zone=eu"]}},
    )
    control.sealed("1.0.0")
    shown = control.get("/releases/shop@1.0.0/variables", environment="dev", target="dev-a")
    (level,) = shown["answers"]
    assert level["used"] is None
    assert {one["value"] for one in level["rivals"]} == {"a", "b"}
    assert "LEVEL" in shown["faults"][0]


def test_revisions_are_made_listed_and_compared(control: Control):
    ready(control, {"name": "LEVEL", "value": "info"})
    control.sealed("1.0.0")
    assert (
        control.refused("POST", "/releases/shop@1.0.0/revisions", {"reason": "x"}) == "ST-REL-006"
    )
    control.apply(variables({"name": "LEVEL", "value": "debug"}))
    other = control.sealed("1.1.0")
    found = control.get(f"/releases/shop@1.0.0/diff/{other['id']}")["variables"]
    assert found == [
        {
            "name": "LEVEL",
            "group": "shop",
            "scope": "everywhere",
            "before": "info",
            "after": "debug",
        }
    ]
    made = control.post("/releases/shop@1.0.0/revisions", {"reason": "more words"})
    assert (made["revision"], made["variables"]) == (2, 1)
    listed = control.get("/releases/shop@1.0.0/revisions")["items"]
    assert [(one["number"], one["reason"], one["by"]["name"]) for one in listed] == [
        (2, "more words", "dan"),
        (1, "", "dan"),
    ]
    first = control.get("/releases/shop@1.0.0/revisions", limit=1)
    assert [one["number"] for one in first["items"]] == [2]
    second = control.get("/releases/shop@1.0.0/revisions", limit=1, cursor=first["next"])
    assert [one["number"] for one in second["items"]] == [1]
    assert control.refused("GET", "/releases/shop@1.0.0/revisions?cursor=x") == "ST-API-007"
    assert control.get(f"/releases/shop@1.0.0/diff/{other['id']}")["variables"] == []
    refused = control.refused("POST", "/releases/shop@1.0.0/revisions", {"reason": ""}, by="vic")
    assert refused == "ST-IDN-004"


def test_a_torn_placeholder_is_refused_when_it_is_applied(control: Control):
    ready(control, {"name": "LEVEL", "value": "info"})
    torn = {**TARGET, "config": {"services": {"web": {"env": {"LEVEL": "${{ LEVEL }}"}}}}}
    answer = control.apply(document("Target", "dev-a", torn))
    assert answer.json()["code"] == "ST-ENV-002"
    assert "config.services.web.env.LEVEL" in answer.json()["title"]
