"""Deployments, logs, artifacts, and the matrix beside what agents really see."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from fixtures.control import Control, running
from fixtures.databases import Clock
from fixtures.road import FIXED, OLD
from stella.fleet import append_log, find_agent_by_name, mark_offline
from stella.kernel import Digest, time_text
from stella.plugin.contract.target import Running
from stella.plugin.order import AgentReport, ConnectorState, OrderOutcome, ProjectState


def report(*projects: ProjectState) -> AgentReport:
    return AgentReport("0.1.0", (ConnectorState("docker", "0.1.0", "26.1"),), projects)


def container(component: str, digest: str | None, **changes: Any) -> Running:
    values: dict[str, Any] = {"state": "running", "healthy": True, **changes}
    found = Digest(digest) if digest else None
    return Running(component, f"{component}-1", f"shop/{component}", found, **values)


def sees(control: Control, host: str, target: str, *containers: Running, **more: Any) -> None:
    project = ProjectState("shop-dev", "docker", target, containers, **more)
    control.report(host, report(project))


def cell(control: Control, component: str, **query: Any) -> Any:
    cells = control.get("/matrix", **query)["cells"]
    return next(one for one in cells if one["component"] == component)


def test_a_deployment_shows_its_targets_artifacts_and_evidence(control: Control):
    control.environment("dev")
    done = control.deployed(control.sealed("2.0.0")["id"], "dev")
    shown = control.get(f"/deployments/{done['deployment']}", by="vic")
    assert shown["state"] == "succeeded"
    assert [(one["target"], one["state"]) for one in shown["targets"]] == [
        ("dev-a", "succeeded"),
        ("dev-b", "succeeded"),
    ]
    names = {(one["target"], one["name"]) for one in shown["artifacts"]}
    assert {(None, "release.evidence.json"), ("dev-a", "stella.version.json")} <= names
    assert [one["kind"] for one in shown["evidence"]] == ["deployment"]
    for one in shown["artifacts"]:
        answer = control.ask("GET", f"/artifacts/{one['digest']}")
        assert Digest.of(answer.content).text == one["digest"]
        assert len(answer.content) == one["size"]
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"
    record = next(one for one in shown["artifacts"] if one["name"] == "release.evidence.json")
    assert json.loads(control.ask("GET", f"/artifacts/{record['digest']}").content)


def test_only_what_a_deployment_made_is_an_artifact(control: Control):
    release = control.sealed("2.0.0")
    (scan, *_) = control.get("/scans")["items"]
    for digest in (scan["sbom"], release["releaseDigest"], "sha256:abc", "..%2f..%2fetc%2fpasswd"):
        answer = control.ask("GET", f"/artifacts/{digest}")
        assert answer.status_code == 404, digest
    assert control.refused("GET", "/deployments/dep_1") == "ST-DEP-001"
    assert control.refused("GET", "/deployments/dep_1/log") == "ST-DEP-001"


def test_deployments_are_listed_by_environment_and_state_in_pages(control: Control):
    control.environment("dev")
    done = control.deployed(control.sealed("2.0.0")["id"], "dev")
    asked = control.asked(control.sealed("3.0.0")["id"], "dev")
    control.finish("host-a", OrderOutcome.FAILED, "digest mismatch")
    failed = control.get(f"/promotions/{asked['id']}")
    assert failed["state"] == "failed"
    made = [done["deployment"], failed["deployment"]]

    def listed(**query: Any) -> list[str]:
        return [one["id"] for one in control.get("/deployments", **query)["items"]]

    assert listed() == made[::-1]
    assert listed(state="failed") == made[1:]
    assert listed(environment="prod") == []
    first = control.get("/deployments", limit=1)
    assert listed(limit=1, cursor=first["next"]) == made[:1]
    assert control.refused("GET", "/deployments?state=fine") == "ST-API-001"
    targets = control.get(f"/deployments/{made[1]}")["targets"]
    assert [(one["state"], one["message"]) for one in targets] == [
        ("failed", "digest mismatch"),
        ("cancelled", None),
    ]


def test_a_log_is_read_in_parts_and_goes_on_where_it_ended(control: Control):
    control.environment("dev")
    asked = control.asked(control.sealed("2.0.0")["id"], "dev")
    path = f"/deployments/{control.get('/promotions/' + asked['id'])['deployment']}/log"
    assert control.get(path) == {"items": [], "next": None}
    taken = control.take("host-a")
    assert taken is not None

    def prints(first: int, *texts: str) -> None:
        with control.database.transaction(actor="system") as tx:
            agent = find_agent_by_name(tx, "host-a")
            assert agent is not None
            lines = [(control.clock(), text) for text in texts]
            append_log(tx, agent, taken.order, taken.fence, seq=first, lines=lines)

    prints(1, "one", "<script>alert(1)</script>", "\x1b[31mred\u202e", "four")
    part = control.get(path, limit=3)
    assert [one["seq"] for one in part["items"]] == [1, 2, 3]
    assert part["items"][1]["line"] == "<script>alert(1)</script>"
    rest = control.get(path, after=part["next"], limit=3)
    assert [one["line"] for one in rest["items"]] == ["four"]
    assert rest["next"] is None
    prints(5, "five")
    assert [one["seq"] for one in control.get(path, after=4)["items"]] == [5]
    assert {one["target"] for one in control.get(path, target="dev-a")["items"]} == {"dev-a"}
    assert control.get(path, target="dev-b")["items"] == []
    for query in ("after=-1", "after=x", "limit=0", "limit=5001", f"after={2**64}"):
        assert control.ask("GET", f"{path}?{query}").status_code == 422, query


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Control, Any]]:
    """A release that runs in dev: web on host a, worker on host b."""
    with running(tmp_path_factory.mktemp("matrix") / "control", Clock()) as control:
        control.environment("dev")
        release = control.sealed("2.0.0")
        control.deployed(release["id"], "dev")
        yield control, release


def test_what_silent_agents_run_is_unknown(control: Control):
    control.environment("dev")
    control.deployed(control.sealed("2.0.0")["id"], "dev")
    web = cell(control, "web")
    assert (web["drift"], web["health"], web["running"]) == ("unknown", "unknown", 0)
    assert web["detail"] == "the agent has not reported"


@pytest.mark.parametrize(
    ("change", "drift", "health", "count"),
    [
        ({}, "none", "healthy", 1),
        ({"healthy": False}, "none", "unhealthy", 1),
        ({"healthy": None}, "none", "unknown", 1),
        ({"state": "exited"}, "drifted", "unhealthy", 0),
        ({"digest": "sha256:" + "e" * 64}, "drifted", "healthy", 1),
        ({"digest": None}, "drifted", "healthy", 1),
        ({"component": "other"}, "drifted", "unhealthy", 0),
    ],
)
def test_drift_and_health_are_read_from_what_the_agent_reports(
    deployed: tuple[Control, Any], change: dict[str, Any], drift: str, health: str, count: int
):
    control, release = deployed
    values = {"component": "web", "digest": release["components"][0]["digest"], **change}
    sees(control, "host-a", "dev-a", container(**values))
    web = cell(control, "web")
    assert (web["drift"], web["health"], web["running"]) == (drift, health, count)
    assert bool(web["detail"]) == (drift == "drifted")


def test_an_agent_that_cannot_see_or_has_gone_is_unknown_again(deployed: tuple[Control, Any]):
    control, release = deployed
    good = container("web", release["components"][0]["digest"])
    sees(control, "host-a", "dev-a", good, problem="the engine does not answer")
    assert cell(control, "web")["drift"] == "unknown"
    control.report("host-a", report())
    assert cell(control, "web")["drift"] == "unknown"
    sees(control, "host-a", "dev-a", good)
    assert cell(control, "web")["drift"] == "none"
    control.clock.go_on(minutes=5)
    with control.database.transaction(actor="system") as tx:
        mark_offline(tx)
    assert cell(control, "web")["drift"] == "unknown"


def test_an_index_is_no_drift_where_the_engine_names_the_platform(control: Control):
    from fixtures.road import BASE
    from image.images import build, push

    images = (build(BASE), build(BASE, platform="linux/arm64"))
    push(control.registry, images, "shop/web", "1")
    control.push("worker", "1", FIXED)
    control.environment("dev")
    components = {name: f"registry.test/shop/{name}:1" for name in ("web", "worker")}
    body = {"name": "shop", "version": "1", "components": components}
    release = control.post("/releases", body)
    control.deployed(release["id"], "dev")
    for digest in (images[0].digest.text, release["components"][0]["digest"]):
        sees(control, "host-a", "dev-a", container("web", digest))
        assert cell(control, "web")["drift"] == "none"


def test_the_matrix_tells_what_is_on_its_way_blocked_or_frozen(control: Control):
    control.environment("dev", parameters={"severityMax": "medium"})
    control.deployed(control.sealed("2.0.0")["id"], "dev")
    blocked = control.asked(control.sealed("1.0.0", OLD)["id"], "dev")
    assert cell(control, "web")["blocked"] == blocked["id"]
    going = control.asked(control.sealed("3.0.0")["id"], "dev")
    matrix = control.get("/matrix")
    assert matrix["pending"] == {"dev": going["id"]}
    assert {one["inProgress"] for one in matrix["cells"]} == {going["id"]}
    assert {one["release"]["version"] for one in matrix["cells"]} == {"2.0.0"}
    wish = {"environment": "dev", "endsAt": "2031-01-01T00:00:00Z", "reason": "x"}
    control.post("/freezes", wish, by="olga")
    (column,) = control.get("/matrix")["environments"]
    assert (column["name"], column["order"], column["frozen"]) == ("dev", 0, True)


def test_the_matrix_of_a_time_shows_what_ran_then(control: Control):
    control.environment("dev")
    before = time_text(control.clock())
    control.clock.go_on(hours=1)
    old = control.sealed("2.0.0")
    control.deployed(old["id"], "dev")
    between = time_text(control.clock() + timedelta(minutes=1))
    control.clock.go_on(hours=1)
    new = control.sealed("3.0.0")
    control.deployed(new["id"], "dev")
    sees(control, "host-a", "dev-a", container("web", new["components"][0]["digest"]))
    assert control.get("/matrix", at=before)["cells"] == []
    then = cell(control, "web", at=between)
    assert then["release"]["version"] == "2.0.0"
    # What is seen now says nothing of what was seen then.
    assert (then["drift"], then["health"], then["inProgress"]) == ("unknown", "unknown", None)
    assert cell(control, "web")["release"]["version"] == "3.0.0"
    assert cell(control, "web")["drift"] == "none"
    offset = between.replace("Z", "%2B00:00")
    answer = control.ask("GET", f"/matrix?at={offset}")
    assert {one["release"]["version"] for one in answer.json()["cells"]} == {"2.0.0"}
    for at in ("", "now", "2030-01-01", "0001-01-01T00:00:00%2B23:59", "9" * 1000):
        assert control.refused("GET", f"/matrix?at={at}") == "ST-KER-005", at
