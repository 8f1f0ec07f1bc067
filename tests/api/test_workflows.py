"""Workflows and runs by the API: who may do what, what is shown, and what is refused."""

from typing import Any

from fixtures.control import Control
from stella.kernel import Digest
from stella.plugin.contract.target import Running
from stella.plugin.order import AgentReport, ProjectState

REST = {"uses": "wait", "with": {"seconds": 3600}}
ASK = {"uses": "approval", "needs": ["rest"], "with": {"by": ["approver"], "message": "Ship it?"}}


def document(steps: dict[str, Any], name: str = "ship", **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "stella/v1",
        "kind": "Workflow",
        "name": name,
        "spec": {"steps": steps, **more},
    }


def applied(control: Control, steps: dict[str, Any], **more: Any) -> None:
    done = control.apply(document(steps, **more))
    assert done.is_success, done.text


def node(run: Any, key: str) -> Any:
    return next(one for one in run["nodes"] if one["key"] == key)


def test_a_workflow_is_applied_listed_exported_and_ended(control: Control) -> None:
    applied(control, {"rest": REST})
    applied(control, {"rest": REST, "ask": ASK}, description="Ships.")
    shown = control.get("/workflows/ship", by="vic")
    assert (shown["version"], shown["description"], shown["faults"]) == (2, "Ships.", [])
    assert [one["version"] for one in shown["versions"]] == [2, 1]
    assert shown["versions"][0]["by"]["name"] == "olga"
    assert [*control.get("/workflows/ship", version=1)["spec"]["steps"]] == ["rest"]
    (kept,) = control.get("/documents", kind="Workflow", by="olga")["items"]
    assert control.apply(kept).json()["changes"][0]["change"] == "unchanged"
    assert [one["name"] for one in control.get("/workflows")["items"]] == ["ship"]


def test_every_fault_is_said_with_its_place_and_nothing_is_kept(control: Control) -> None:
    steps = {
        "one": {"uses": "wiat", "needs": ["two"]},
        "two": {**REST, "timeoutS": 0, "if": "inputs.x"},
    }
    checked = control.post("/workflows/check", {"spec": {"steps": steps}}, by="vic")
    places = {one["place"]: one["words"] for one in checked["faults"]}
    assert "did you mean 'wait'" in places["steps.one.uses"]
    assert "from 1 to" in places["steps.two.timeoutS"]
    assert "there is no 'inputs.x'" in places["steps.two.if"]
    refused = control.apply(document(steps))
    assert refused.json()["code"] == "ST-WFL-002"
    assert len(refused.json()["facts"]["faults"]) == len(checked["faults"])
    assert control.get("/workflows")["items"] == []


def test_the_types_of_steps_have_schemas_and_say_where_they_come_from(control: Control) -> None:
    types = {one["name"]: one for one in control.get("/step-types", by="vic")["items"]}
    assert types["promote"]["comesWith"] == ""
    assert types["promote"]["inputSchema"]["required"] == ["release", "environment"]
    assert types["http-check"]["comesWith"] == "steps"
    assert types["http-check"]["canUndo"]
    assert types["wait"]["way"] == "wait"


def test_who_may_start_see_cancel_and_speak(control: Control) -> None:
    applied(control, {"rest": REST, "ask": {**ASK, "needs": []}})
    assert control.refused("POST", "/workflows/ship/runs", {}, by="vic") == "ST-IDN-004"
    assert control.refused("POST", "/workflows/ship/runs", {}, by="ann") == "ST-IDN-004"
    run = control.post("/workflows/ship/runs", {}, by="dan")
    seen = control.get(f"/runs/{run['id']}", by="vic")
    asked = node(seen, "ask")["asked"]
    assert (asked["message"], asked["actions"]) == ("Ship it?", ["approve", "reject"])
    assert asked["whyNot"] == "it asks for approver"
    word = {"step": "ask", "action": "approve", "comment": "go"}
    path = f"/runs/{run['id']}"
    assert control.refused("POST", f"{path}/decide", word, by="vic") == "ST-WFL-006"
    claimed = control.post(f"{path}/claim", {"step": "ask"}, by="bob")
    assert node(claimed, "ask")["asked"]["claimedBy"]["name"] == "bob"
    assert control.refused("POST", f"{path}/decide", word, by="ann") == "ST-WFL-006"
    control.post(f"{path}/claim", {"step": "ask", "giveBack": True}, by="bob")
    assert node(control.post(f"{path}/decide", word, by="ann"), "ask")["state"] == "succeeded"
    assert control.refused("POST", f"{path}/cancel", {}, by="ann") == "ST-IDN-004"
    other = control.post("/workflows/ship/runs", {}, by="olga")
    assert control.refused("POST", f"/runs/{other['id']}/cancel", {}, by="dan") == "ST-IDN-004"
    ended = control.post(f"{path}/cancel", {"reason": "not today"}, by="olga")
    assert (ended["state"], ended["message"]) == ("cancelled", "not today")
    assert control.refused("POST", f"{path}/cancel", {}, by="dan") == "ST-WFL-006"


def test_runs_are_listed_by_workflow_and_state_in_pages(control: Control) -> None:
    applied(control, {"rest": REST})
    applied(control, {"rest": REST}, name="other")
    made = [control.post("/workflows/ship/runs", {})["id"] for _ in range(3)]
    control.post("/workflows/other/runs", {})
    control.post(f"/runs/{made[0]}/cancel", {})
    running = control.get("/runs", workflow="ship", state="running")["items"]
    assert [one["id"] for one in running] == [made[2], made[1]]
    first = control.get("/runs", workflow="ship", limit=2)
    second = control.get("/runs", workflow="ship", limit=2, cursor=first["next"])
    assert [one["id"] for one in (*first["items"], *second["items"])] == made[::-1]
    assert control.refused("GET", "/runs?state=flying") == "ST-API-001"


def test_a_plan_shows_what_a_run_would_do_and_stores_nothing(control: Control) -> None:
    applied(
        control,
        {"ask": ASK, "rest": REST},
        inputs={"to": {"type": "string"}, "days": {"type": "integer", "default": 2}},
    )
    plan = control.post("/workflows/ship/plan", {"inputs": {"to": "prod"}}, by="vic")
    assert plan["steps"] == ["rest", "ask"]
    assert plan["inputs"] == {"to": "prod", "days": 2}
    assert control.refused("POST", "/workflows/ship/plan", {"inputs": {"to": 1}}) == "ST-WFL-004"
    assert control.get("/runs")["items"] == []


def test_a_release_is_made_scanned_and_promoted_by_a_workflow(control: Control) -> None:
    control.environment("dev")
    web, worker = control.push("web", "2.0.0", {}), control.push("worker", "2.0.0", {})
    applied(
        control,
        {
            "seal": {
                "uses": "create-release",
                "with": {
                    "name": "shop",
                    "version": "${{ inputs.version }}",
                    "components": {"web": web, "worker": worker},
                },
            },
            "scan": {"uses": "scan", "needs": ["seal"], "with": {"image": web}},
            "dev": {
                "uses": "promote",
                "needs": ["scan"],
                "with": {"release": "${{ steps.seal.outputs.release }}", "environment": "dev"},
            },
        },
        inputs={"version": {"type": "string"}},
        outputs={"deployment": "${{ steps.dev.outputs.deployment }}"},
    )
    run = control.post("/workflows/ship/runs", {"inputs": {"version": "2.0.0"}}, by="dan")
    run = control.get(f"/runs/{run['id']}")
    waits = node(run, "dev")["waitsFor"]
    assert waits.startswith("promotion:prm_"), run
    asked = control.get(f"/promotions/{waits.removeprefix('promotion:')}")
    assert asked["requestedBy"]["name"] == "dan", "it is theirs who started the run"
    control.finish("host-a")
    control.finish("host-b")
    run = control.get(f"/runs/{run['id']}")
    assert run["state"] == "succeeded"
    assert run["outputs"]["deployment"] == control.get(f"/promotions/{asked['id']}")["deployment"]


def test_a_step_may_not_do_what_whoever_started_the_run_may_not(control: Control) -> None:
    control.environment("dev")
    control.sealed("2.0.0")
    promote = {"uses": "promote", "with": {"release": "shop@2.0.0", "environment": "dev"}}
    applied(control, {"dev": promote})
    run = control.post("/workflows/ship/runs", {}, by="olga")  # no developer
    run = control.get(f"/runs/{run['id']}")
    assert (run["state"], run["code"]) == ("errored", "ST-WFL-006")
    assert "promotion.request" in run["message"]
    assert control.get("/promotions")["items"] == []


def test_a_refused_promotion_ends_its_step_with_the_way_to_the_why(control: Control) -> None:
    control.environment("dev")
    promote = {"uses": "promote", "with": {"release": "shop@9.9.9", "environment": "dev"}}
    applied(control, {"dev": promote})
    run = control.post("/workflows/ship/runs", {}, by="dan")
    run = control.get(f"/runs/{run['id']}")
    assert (run["state"], run["code"]) == ("errored", "ST-REL-001")


def test_what_runs_need_is_neither_ended_nor_switched_off(control: Control) -> None:
    applied(
        control,
        {
            "rest": REST,
            "check": {
                "uses": "http-check",
                "needs": ["rest"],
                "with": {"url": "https://shop.example/health"},
            },
        },
    )
    run = control.post("/workflows/ship/runs", {})
    refused = control.ask("POST", "/plugins/steps/disable", by="root").json()
    assert refused["code"] == "ST-PLG-008"
    assert f"run {run['id']}" in refused["facts"]["used_by"]
    assert "workflow ship" in refused["facts"]["used_by"]
    control.post(f"/runs/{run['id']}/cancel", {})
    refused = control.ask("POST", "/plugins/steps/disable", by="root").json()
    assert refused["facts"]["used_by"] == ["workflow ship"]


def test_the_same_request_twice_is_one_run(control: Control) -> None:
    applied(control, {"rest": REST})
    headers = {"Idempotency-Key": "once"}
    first, second = (
        control.ask("POST", "/workflows/ship/runs", {}, headers=headers) for _ in range(2)
    )
    assert first.json()["id"] == second.json()["id"]
    assert len(control.get("/runs")["items"]) == 1


def test_a_rehearsal_is_shown_and_stores_nothing(control: Control) -> None:
    body = {
        "spec": {
            "steps": {
                "rest": REST,
                "check": {
                    "uses": "http-check",
                    "needs": ["rest"],
                    "with": {"url": "https://shop.example"},
                },
            }
        },
        "steps": {"check": {"fail": "it is down"}},
    }
    found = control.post("/workflows/rehearse", body)
    assert (found["state"], found["tookS"]) == ("failed", 3600)
    assert found["message"] == "check: it is down"
    assert found["steps"][1]["inputs"] == {"url": "https://shop.example"}
    assert control.refused("POST", "/workflows/rehearse", body, by="vic") == "ST-IDN-004"
    assert control.get("/runs")["items"] == []
    assert control.get("/workflows")["items"] == []


def test_an_integration_that_is_bound_to_environments_is_none_of_a_run(control: Control) -> None:
    control.environment("prod")
    spec = {
        "kind": "ci",
        "connector": "buildbot",
        "endpoint": "http://127.0.0.1:9",
        "environments": ["prod"],
    }
    bound = {"apiVersion": "stella/v1", "kind": "Integration", "name": "builds", "spec": spec}
    done = control.apply(bound)
    assert done.is_success, done.text
    trigger = {
        "uses": "trigger-build",
        "with": {"ci": "builds", "pipeline": "deploy", "reference": "main"},
    }
    applied(control, {"build": trigger})
    run = control.post("/workflows/ship/runs", {}, by="dan")
    run = control.get(f"/runs/{run['id']}")
    assert run["state"] == "errored"
    assert "not for runs of workflows" in run["message"]


def test_an_old_version_is_run_by_whoever_may_change_it_back(control: Control) -> None:
    applied(control, {"rest": REST})
    applied(control, {"rest": REST, "ask": ASK})
    old = {"version": 1}
    assert control.refused("POST", "/workflows/ship/runs", old, by="dan") == "ST-IDN-004"
    run = control.post("/workflows/ship/runs", old, by="olga")
    assert run["version"] == 1
    control.post(f"/runs/{run['id']}/cancel", {}, by="olga")
    assert control.refused("POST", f"/runs/{run['id']}/again", {}, by="dan") == "ST-IDN-004"
    assert control.post(f"/runs/{run['id']}/again", {}, by="olga")["version"] == 1


def test_a_schema_of_more_than_one_type_is_taken_and_what_runs_is_verified(
    control: Control,
) -> None:
    control.environment("dev")
    done = control.deployed(control.sealed("2.0.0")["id"], "dev")
    once = {"attempts": 1}
    verify = {"uses": "verify", "with": {"environment": "dev"}, "retry": once}
    inputs = {"note": {"type": ["string", "integer"], "default": 7}}
    applied(control, {"look": verify}, inputs=inputs)

    def looked() -> tuple[str, str]:
        made = control.post("/workflows/ship/runs", {}, by="dan")
        control.settle()
        found = node(control.get(f"/runs/{made['id']}"), "look")
        return found["state"], found["message"] or found["summary"]

    state, why = looked()
    assert (state, "the agent has not reported" in why) == ("errored", True), "no news is no pass"
    digests = {
        one["name"]: one["digest"]
        for one in control.get(f"/releases/{done['release']['id']}")["components"]
    }
    for host, target, component in (("host-a", "dev-a", "web"), ("host-b", "dev-b", "worker")):
        seen = Running(
            component, component, f"shop/{component}", Digest(digests[component]), "running", True
        )
        control.report(
            host, AgentReport("0.1.0", (), (ProjectState("shop-dev", "docker", target, (seen,)),))
        )
    assert looked() == ("succeeded", "shop 2.0.0 runs in dev, 2 containers")
    control.report(
        "host-b", AgentReport("0.1.0", (), (ProjectState("shop-dev", "docker", "dev-b", ()),))
    )
    assert looked() == ("failed", "dev: worker on dev-b: nothing runs")
