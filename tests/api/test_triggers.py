"""Triggers by the API: applied, shown, tried, lent rights, and heard by webhooks."""

from typing import Any

import pytest

from fixtures.control import Control
from fixtures.webhooks import Hooks

WORKFLOW = {
    "apiVersion": "stella/v1",
    "kind": "Workflow",
    "name": "ship",
    "spec": {
        "inputs": {"version": {"type": "string"}},
        "steps": {"rest": {"uses": "wait", "with": {"seconds": 3600}}},
    },
}
COMMIT = "c0ffee" + "0" * 34
BUILT = {
    "workflow": "ship",
    "on": {"event": "BuildEnded"},
    "if": "event.pipeline == 'shop/web' && event.state == 'succeeded'",
    "with": {"version": "${{ event.commit }}"},
}


def document(spec: dict[str, Any], name: str = "auto") -> dict[str, Any]:
    return {"apiVersion": "stella/v1", "kind": "Trigger", "name": name, "spec": spec}


def applied(control: Control, *documents: dict[str, Any]) -> None:
    done = control.apply(*documents)
    assert done.is_success, done.text


@pytest.fixture
def triggered(control: Control) -> Control:
    applied(control, document(BUILT), WORKFLOW)  # in whichever order
    return control


def test_one_is_applied_listed_exported_and_ended(triggered: Control) -> None:
    (shown,) = triggered.get("/triggers", by="vic")["items"]
    assert (shown["name"], shown["workflow"], shown["event"]) == ("auto", "ship", "BuildEnded")
    assert (shown["faults"], shown["last"], shown["by"]["name"]) == ([], None, "olga")
    (kept,) = triggered.get("/documents", kind="Trigger", by="olga")["items"]
    assert triggered.apply(kept).json()["changes"][0]["change"] == "unchanged"
    refused = triggered.ask("DELETE", "/workflows/ship", by="olga").json()
    assert (refused["code"], refused["facts"]["reasons"]) == (
        "ST-WFL-015",
        ["Trigger auto starts it"],
    )
    assert triggered.refused("DELETE", "/triggers/auto", by="dan") == "ST-IDN-004"
    assert triggered.ask("DELETE", "/triggers/auto", by="olga").status_code == 204
    assert triggered.get("/triggers")["items"] == []
    assert triggered.ask("DELETE", "/workflows/ship", by="olga").status_code == 204
    assert triggered.get("/workflows")["items"] == []


def test_what_can_be_heard_is_listed_with_its_fields(control: Control) -> None:
    types = {one["name"]: one for one in control.get("/event-types", by="vic")["items"]}
    assert types["ImagePushed"]["fields"]["tag"] == "string"
    assert types["BuildEnded"]["fields"]["images"] == "list of string"
    assert types["PromotionApproved"]["fields"]["environment"] == "string"
    assert {"CommitsPushed", "FindingAppeared", "RunFailed"} <= types.keys()


def test_it_is_tried_without_starting_anything(triggered: Control) -> None:
    event = {"data": {"pipeline": "shop/web", "state": "succeeded", "commit": COMMIT}}
    tried = triggered.post("/triggers/auto/try", event, by="vic")
    assert tried == {"holds": True, "inputs": {"version": COMMIT}}
    strange = {"data": {"pipline": "shop/web"}}
    assert triggered.refused("POST", "/triggers/auto/try", strange) == "ST-API-001"
    mistyped = {"data": {"pipeline": 7}}
    assert triggered.refused("POST", "/triggers/auto/try", mistyped) == "ST-API-001"
    assert triggered.post("/triggers/auto/try", {}, by="vic") == {"holds": False, "inputs": {}}
    assert triggered.get("/runs")["items"] == []
    assert triggered.get("/triggers/auto/firings")["items"] == []


def test_a_build_that_a_webhook_tells_of_starts_a_run_once(hooks: Hooks) -> None:
    control = hooks.control
    applied(control, WORKFLOW, document(BUILT))
    hooks.make("ci", "signed")
    said = {
        "type": "build.ended",
        "data": {"pipeline": "shop/web", "build": "12", "state": "succeeded", "commit": COMMIT},
    }
    for _ in range(2):
        assert hooks.signed("ci", said).is_success
        hooks.handle()
    (run,) = control.get("/runs")["items"]
    assert control.get(f"/runs/{run['id']}")["trigger"] == "auto"
    (fired,) = control.get("/triggers/auto/firings")["items"]
    assert (fired["outcome"], fired["run"], fired["subject"]) == ("started", run["id"], "shop/web")
    (delivery,) = hooks.deliveries()
    assert f"auto: {run['id']}" in delivery["outcome"]
    failed = {**said, "data": {**said["data"], "state": "failed"}}  # type: ignore[dict-item]
    assert hooks.signed("ci", failed, delivery="msg_2").is_success
    hooks.handle()
    assert len(control.get("/runs")["items"]) == 1


def test_who_may_apply_one_lend_it_rights_and_look_at_it(triggered: Control) -> None:
    refused = triggered.ask("POST", "/apply", {"documents": [document(BUILT)]}, by="dan")
    assert refused.json()["code"] == "ST-IDN-004"
    seen = triggered.get("/triggers/auto", by="dan")
    body = {"digest": seen["digest"]}
    assert triggered.refused("POST", "/triggers/auto/lend", body, by="vic") == "ST-IDN-004"
    assert triggered.refused("POST", "/triggers/auto/lend", body, by="ann") == "ST-IDN-004"
    lent = triggered.post("/triggers/auto/lend", body, by="root")
    assert lent["by"]["name"] == "root"
    steps = {"rest": {"uses": "wait", "with": {"seconds": 60}}}
    changed = {**WORKFLOW, "spec": {**WORKFLOW["spec"], "steps": steps}}  # type: ignore[dict-item]
    applied(triggered, changed)
    stale = triggered.refused("POST", "/triggers/auto/lend", body, by="root")
    assert stale == "ST-WFL-014", "the workflow is another one than root saw"
    (fault,) = triggered.get("/triggers/auto")["faults"]
    assert "was changed since rights were lent" in fault["words"]
    (reached,) = triggered.get("/triggers/auto")["reached"]
    assert (reached["name"], reached["version"], reached["isLent"]) == ("ship", 2, False)


def test_who_may_less_does_not_take_the_place_of_who_lent(triggered: Control) -> None:
    body = {"digest": triggered.get("/triggers/auto")["digest"]}
    assert triggered.post("/triggers/auto/lend", body, by="root")["by"]["name"] == "root"
    assert triggered.refused("POST", "/triggers/auto/lend", body, by="dan") == "ST-IDN-004"
    assert triggered.post("/triggers/auto/lend", body, by="olga")["by"]["name"] == "olga"


def test_what_is_not_there_is_said(control: Control) -> None:
    assert control.refused("GET", "/triggers/auto") == "ST-WFL-010"
    assert control.refused("GET", "/triggers/auto/firings") == "ST-WFL-010"
    assert control.refused("POST", "/triggers/auto/try", {}) == "ST-WFL-010"
    assert control.apply(document(BUILT)).json()["code"] == "ST-WFL-011"
