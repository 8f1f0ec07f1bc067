"""Take-downs by the API: shown, asked for once, looked at, and gone from matrix, environment and lists."""

from typing import Any

from fixtures.control import Control
from stella.fleet import find_agent_by_name, revoke

WHY = {"reason": "the review is over"}


def deployed(control: Control) -> Any:
    control.environment("dev")
    return control.deployed(control.sealed("2.0.0")["id"], "dev")


def test_what_would_go_is_shown_and_then_goes_and_history_stays(control: Control):
    done = deployed(control)
    at = control.get(f"/deployments/{done['deployment']}")["endedAt"]
    control.clock.go_on(minutes=5)
    shown = control.get("/environments/dev/take-down", by="vic")
    assert shown["against"] == []
    assert [(one["target"], one["version"]) for one in shown["targets"]] == [
        ("dev-a", "2.0.0"),
        ("dev-b", "2.0.0"),
    ]
    assert shown["targets"][0]["actions"][0]["argv"][:2] == ["docker", "stop"]

    body = {**WHY, "planDigest": shown["planDigest"]}
    made = control.post("/environments/dev/take-down", body, by="olga")
    assert (made["state"], made["release"]["version"]) == ("running", "2.0.0")
    assert made["planned"] == shown["targets"]
    control.finish("host-a")
    control.finish("host-b")

    path = f"/take-downs/{made['id']}"
    ended = control.get(path, by="vic")
    assert (ended["state"], ended["requestedBy"]["name"]) == ("succeeded", "olga")
    assert [(one["target"], one["state"]) for one in ended["targets"]] == [
        ("dev-a", "succeeded"),
        ("dev-b", "succeeded"),
    ]
    names = {(one["target"], one["name"]) for one in ended["artifacts"]}
    assert ("dev-a", "stella.version.json") in names
    assert ("dev-a", "deploy.stella.script.pyz") in names
    (ref,) = ended["evidence"]
    assert ref["kind"] == "take-down"
    packet = control.get(f"/evidence/{ref['id']}")
    assert packet["verification"]["good"], packet["verification"]
    assert control.get(f"{path}/log") == {"items": [], "next": None}

    assert control.get("/environments/dev")["current"] is None
    assert control.get("/matrix")["cells"] == []
    assert control.get("/matrix", at=at)["cells"] != []
    assert [one["id"] for one in control.get("/deployments")["items"]] == [done["deployment"]]
    listed = control.get("/take-downs", environment="dev")["items"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert control.get("/take-downs", environment="prod")["items"] == []


def test_who_may_not_and_what_is_not_there_is_refused(control: Control):
    deployed(control)
    path = "/environments/dev/take-down"
    for by in ("dan", "ann", "vic"):
        assert control.refused("POST", path, WHY, by=by) == "ST-IDN-004", by
    assert control.refused("POST", path, {"reason": ""}, by="olga") == "ST-API-001"
    assert control.refused("POST", path, {**WHY, "planDigest": "sha256:0"}, "olga") == "ST-DEP-008"
    assert control.refused("GET", "/environments/prod/take-down") == "ST-ENV-001"
    assert control.refused("GET", "/take-downs/tkd_1") == "ST-DEP-009"
    assert control.refused("GET", "/take-downs/tkd_1/log") == "ST-DEP-009"
    control.post(path, WHY, by="olga")
    assert control.refused("POST", path, WHY, by="olga") == "ST-DEP-007"
    control.finish("host-a")
    control.finish("host-b")
    assert control.refused("POST", path, WHY, by="olga") == "ST-DEP-005"
    assert control.get(path)["against"] == ["nothing runs there"]


def test_an_environment_that_was_taken_down_can_be_pruned_with_its_targets(control: Control):
    spec = {"environment": "gone", "connector": "docker", "agent": "host-a", "project": "gone"}
    place = {"apiVersion": "stella/v1", "kind": "Environment", "name": "gone", "spec": {}}
    target = {"apiVersion": "stella/v1", "kind": "Target", "name": "gone-a", "spec": spec}
    assert control.apply(place, target, owner="review").is_success
    control.asked(control.sealed("2.0.0")["id"], "gone")
    control.finish("host-a")

    def prune() -> Any:
        other = {**place, "name": "stays"}
        return control.apply(other, owner="review", prune=True)

    assert prune().is_error
    control.post("/environments/gone/take-down", WHY, by="olga")
    assert prune().is_error, "it is being taken down"
    control.finish("host-a")
    done = prune()
    assert done.is_success, done.text
    assert "gone" not in [one["name"] for one in control.get("/environments")["items"]]
    (ended,) = control.get("/take-downs", environment="gone")["items"]
    assert ended["state"] == "succeeded"
    # Whatever speaks of what ran there is still read.
    (release,) = control.get("/releases")["items"]
    assert release["environments"] == []
    (promotion,) = control.get("/promotions", environment="gone")["items"]
    (deployment,) = control.get("/deployments", environment="gone")["items"]
    scan = control.get("/scans")["items"][0]["id"]
    for path in (
        f"/releases/{release['id']}",
        f"/promotions/{promotion['id']}",
        f"/promotions/{promotion['id']}/record",
        f"/deployments/{deployment['id']}",
        f"/deployments/{deployment['id']}/log",
        f"/take-downs/{ended['id']}",
        f"/scans/{scan}",
        "/matrix",
        "/findings",
        "/facts",
        "/evidence",
        "/agents",
        "/targets",
        "/environments",
        "/lifecycles",
        "/waivers",
        "/vex/statements",
        "/freezes/calendar",
        "/promotions/alike",
    ):
        answer = control.ask("GET", path)
        assert answer.is_success or answer.status_code == 404, (path, answer.text)
        assert answer.status_code < 500, path


def moved(control: Control, **changes: str) -> Any:
    """The answer to dev-a, put elsewhere by a document."""
    spec = {
        "environment": "dev",
        "connector": "docker",
        "agent": "host-a",
        "project": "shop-dev",
        "components": ["web"],
        **changes,
    }
    return control.apply(
        {"apiVersion": "stella/v1", "kind": "Target", "name": "dev-a", "spec": spec}
    )


def test_a_target_stays_at_its_place_until_it_is_taken_down_or_its_host_is_trusted_no_more(
    control: Control,
):
    deployed(control)
    control.environment("prod")
    for changes in ({"environment": "prod"}, {"agent": "host-b", "project": "x"}, {"project": "x"}):
        answer = moved(control, **changes)
        assert (answer.status_code, answer.json()["code"]) == (409, "ST-ENV-019"), changes
    with control.database.transaction(actor="usr_op") as tx:
        agent = find_agent_by_name(tx, "host-a")
        assert agent is not None
        revoke(tx, agent.id, "it burned")
    assert moved(control, project="x").json()["code"] == "ST-ENV-019"
    assert moved(control, agent="host-c").status_code == 200
    targets = control.get("/environments/dev/take-down")["targets"]
    assert [(one["target"], one["agent"]) for one in targets] == [
        ("dev-a", "host-a"),
        ("dev-b", "host-b"),
    ]
