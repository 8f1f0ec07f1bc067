"""Declarative documents: what they change, what is refused, and that it is all of it or nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from fixtures.control import Control, running
from fixtures.databases import Clock

# The Rego engine must end in its own thread, whatever it was asked.
pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")

REGO = """package stella.policy

results contains {"rule": "fine", "outcome": "pass", "message": "fine"} if {
    true
}
"""


def document(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "stella/v1", "kind": kind, "name": name, "spec": spec}


def environment(name: str, **spec: Any) -> dict[str, Any]:
    return document("Environment", name, **spec)


def target(name: str, environment_name: str = "dev", **spec: Any) -> dict[str, Any]:
    given = {"environment": environment_name, "connector": "docker", "agent": "host-a"}
    return document("Target", name, **{**given, "project": f"shop-{name}", **spec})


def stored(control: Control) -> list[int]:
    return [control.count(one) for one in ("environment", "target", "policy", "fact")]


def refused(control: Control, *documents: Any) -> Any:
    """The problem; nothing of the documents was kept."""
    before = stored(control)
    answer = control.apply(*documents)
    assert answer.is_error, answer.text
    assert stored(control) == before
    assert len(answer.content) < 3000
    return answer.json()


def test_documents_are_applied_in_an_order_that_works(control: Control):
    answer = control.apply(
        target("dev-a"),
        environment("prod", after="dev", policy="ours"),
        environment("dev"),
        document("Policy", "ours", rego=REGO),
    )
    assert [(one["kind"], one["name"], one["change"]) for one in answer.json()["changes"]] == [
        ("Policy", "ours", "created"),
        ("Environment", "dev", "created"),
        ("Environment", "prod", "created"),
        ("Target", "dev-a", "created"),
    ]
    listed = control.get("/environments")["items"]
    assert [(one["name"], one["order"], one["after"]) for one in listed] == [
        ("dev", 0, None),
        ("prod", 1, "dev"),
    ]
    assert listed[0]["targets"][0]["agentState"] != "unknown"
    assert listed[1]["policy"]["name"] == "ours"
    assert control.get("/policies/ours")["files"] == {"policy.rego": REGO}
    assert control.get("/environments/prod") == listed[1]
    assert [one["name"] for one in control.get("/targets", environment="dev")["items"]] == ["dev-a"]


def test_the_same_documents_again_change_nothing_and_leave_no_fact(control: Control):
    documents = [environment("dev"), target("dev-a"), document("Policy", "ours", rego=REGO)]
    control.apply(*documents)
    before = stored(control)
    changes = control.apply(*documents).json()["changes"]
    assert {one["change"] for one in changes} == {"unchanged"}
    assert all(one["diff"] == [] for one in changes)
    assert stored(control) == before


def test_a_change_says_what_it_changes(control: Control):
    control.apply(environment("dev", parameters={"severityMax": "high", "list": [1]}))
    answer = control.apply(environment("dev", parameters={"severityMax": "low", "list": [1]}))
    (change,) = answer.json()["changes"]
    assert change["change"] == "updated"
    assert change["diff"] == [
        {"path": "spec.parameters.severityMax", "before": "high", "after": "low"}
    ]


def test_a_dry_run_says_the_same_and_keeps_nothing(control: Control):
    documents = [environment("dev"), target("dev-a"), document("Policy", "ours", rego=REGO)]
    before = stored(control)
    tried = control.apply(*documents, dryRun=True).json()
    assert stored(control) == before
    assert control.get("/environments")["items"] == []
    assert control.apply(*documents).json() == tried
    assert stored(control) != before


def test_one_bad_document_leaves_nothing_of_the_others(control: Control):
    problem = refused(
        control, environment("dev"), target("dev-a"), target("dev-b", environment_name="nowhere")
    )
    assert problem["code"] == "ST-ENV-002"
    assert "nowhere" in problem["title"]
    assert problem["facts"]["name"] == "dev-b"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({**environment("dev"), "spce": {}}, "did you mean 'spec'"),
        (environment("dev", aprovals=[]), "did you mean 'approvals'"),
        (target("a", componets=["web"]), "did you mean 'components'"),
        (
            environment("dev", zzz=1),
            "known: after, approvals, breakGlass, endsAt, parameters, policy",
        ),
        (document("Policy", "p", regoo=REGO), "known: files, rego"),
        (document("Enviroment", "dev"), "no such kind"),
        ({**environment("dev"), "apiVersion": "v1"}, "apiVersion must be 'stella/v1'"),
        ({"apiVersion": "stella/v1", "kind": "Environment", "name": "dev"}, "needs kind, name"),
        ({**environment("dev"), "name": 5}, "needs kind, name"),
        ({**environment("dev"), "spec": []}, "needs kind, name"),
        (environment("Dev"), "its name is not"),
        (environment("dev\n"), "its name is not"),
        (environment("../dev"), "its name is not"),
        (environment(""), "its name is not"),
        (environment("dev", after="stage"), "'stage', which is not there"),
        (environment("dev", after=1), "Expected `str"),
        (environment("dev", policy="nope"), "no policy 'nope'"),
        (environment("dev", policy=None), "Expected `str"),
        (environment("dev", parameters={"max": 7.5}), "parameters.max is a float"),
        (environment("dev", parameters={"a": [{"b": 1e3}]}), "parameters.a[0].b is a float"),
        (environment("dev", parameters={"n": 2**60}), "integer beyond"),
        (environment("dev", approvals=[{"rule": "r", "approvers": ["a"], "count": 1.5}]), "int"),
        (environment("dev", approvals=[{"rule": "r", "approvers": ["a"], "count": "2"}]), "int"),
        (environment("dev", approvals=[{"rule": "r", "approvers": ["a"], "count": 0}]), "counts 0"),
        (environment("dev", approvals=[{"rule": "r", "approvers": ["a"], "count": -1}]), "counts"),
        (environment("dev", approvals=[{"rule": "r", "approvers": []}]), "names no approvers"),
        (environment("dev", approvals=[{"rule": "r", "approvers": ["a"], "cuont": 2}]), "cuont"),
        (
            environment("dev", approvals=[{"rule": "r", "approvers": ["a"]}] * 2),
            "the same name",
        ),
        (target("a", connector="kubernetes"), "no connector 'kubernetes'"),
        (target("a", agent="Host A"), "is no name"),
        (target("a", project="shop/x"), "is no name"),
        (document("Policy", "p"), "rego"),
        (document("Policy", "p", rego=""), ""),
        (document("Policy", "p", rego=5), "rego"),
        (document("Policy", "p", files={}), "files"),
        (document("Policy", "p", files={"a.rego": 1}), "files"),
        (document("Policy", "p", files={"../a.rego": REGO}), "no name for a policy file"),
        (document("Policy", "p", rego=REGO, files={"a.rego": REGO}), "either"),
        (document("Policy", "starter", rego=REGO), "stays as it is"),
    ],
)
def test_a_document_that_cannot_be_applied_is_refused_with_its_place(
    standing: Control, wrong: dict[str, Any], said: str
):
    with_dev = () if wrong.get("name") == "dev" else (environment("dev"),)
    problem = refused(standing, *with_dev, wrong)
    assert problem["status"] == 422
    assert said in problem["title"]
    assert problem["remedy"]["advice"]


@pytest.mark.parametrize(
    "rego",
    [
        "package stella.policy\n\nresults contains r if {\n  r := \n}\n",
        "package stella.policy\n\nresults contains x if { undefined_function(1) }\n",
    ],
)
def test_a_policy_that_does_not_compile_is_refused_with_the_place(standing: Control, rego: str):
    problem = refused(standing, environment("dev"), document("Policy", "ours", rego=rego))
    assert problem["code"] == "ST-POL-001"
    assert "policy.rego:" in problem["title"]
    assert problem["facts"]["place"].startswith("policy.rego:")


@pytest.mark.parametrize(
    ("rego", "code"),
    [
        ("package stella.policy\n\nother := 1\n", "ST-POL-004"),
        ('package stella.policy\n\nresults := [{"a": 1}]\n', "ST-POL-004"),
        (
            "package stella.policy\n\nresults contains {} if { http.send({}) }\n",
            "ST-POL-002",
        ),
        ("package stella.policy\n\nresults contains {} if { time.now_ns() > 0 }\n", "ST-POL-002"),
        ("#" * 2_000_000, "ST-POL-003"),
        ("package stella.policy\n\nx := " + "[" * 5000 + "]" * 5000, "ST-POL-003"),
    ],
)
def test_a_policy_that_cannot_be_repeated_says_nothing_or_is_too_large(
    standing: Control, rego: str, code: str
):
    assert refused(standing, document("Policy", "ours", rego=rego))["code"] == code


def test_environments_in_a_circle_are_refused_wherever_they_stand(control: Control):
    assert refused(control, environment("a", after="a"))["code"] == "ST-ENV-003"
    loop = refused(control, environment("a", after="b"), environment("b", after="a"))
    assert loop["code"] == "ST-ENV-003"
    assert "a -> b -> a" in loop["title"] or "b -> a -> b" in loop["title"]
    control.apply(environment("a"), environment("b", after="a"), environment("c", after="b"))
    assert refused(control, environment("a", after="c"))["code"] == "ST-ENV-003"
    # Turning the order round in one request is no circle.
    turned = control.apply(
        environment("c"), environment("b", after="c"), environment("a", after="b")
    )
    assert turned.status_code == 200
    assert [one["name"] for one in control.get("/environments")["items"]] == ["c", "b", "a"]


def test_two_documents_or_targets_that_are_in_each_others_way_are_refused(control: Control):
    assert "twice" in refused(control, environment("dev"), environment("dev"))["title"]
    control.apply(environment("dev"))
    problem = refused(control, target("a", project="shop"), target("b", project="shop"))
    assert "has the project 'shop' on that agent" in problem["title"]


@pytest.mark.parametrize(
    "documents",
    [None, {}, "x", [1], [None], ["x"], [[]], 5],
)
def test_what_is_no_list_of_documents_is_refused(standing: Control, documents: Any):
    answer = standing.ask("POST", "/apply", {"documents": documents}, by="olga")
    assert answer.status_code == 422


def deep(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [60, 300, 900])
def test_documents_that_are_nested_deeply_are_refused_or_kept_but_break_nothing(
    control: Control, depth: int
):
    answer = control.apply(environment("dev", parameters={"deep": deep(depth)}))
    assert answer.status_code in {200, 422}, answer.text
    assert control.ask("GET", "/environments").status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "\\ud800"}',
        '{"\\ud800": 1}',
        '{"a": "\\u0000"}',
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": 1e999}',
        '{"a": ' + "9" * 5000 + "}",
    ],
)
def test_json_that_no_other_program_reads_the_same_is_refused(standing: Control, text: str):
    body = (
        '{"documents": [{"apiVersion": "stella/v1", "kind": "Environment", "name": "dev",'
        f' "spec": {{"parameters": {text}}}}}]}}'
    )
    answer = standing.client.post(
        "/api/v1/apply",
        content=body,
        headers={
            "Authorization": f"Bearer {standing.tokens['olga']}",
            "Content-Type": "application/json",
        },
    )
    assert answer.status_code in {400, 422}, answer.text
    assert standing.count("environment") == 0


def test_a_thousand_and_one_documents_are_too_many(standing: Control):
    problem = refused(standing, *(environment(f"e{n}") for n in range(1001)))
    assert "at most 1000" in problem["title"]


@pytest.mark.parametrize("by", ["dan", "ann", "vic"])
def test_only_operators_apply(standing: Control, by: str):
    body = {"documents": [environment("dev")]}
    assert standing.refused("POST", "/apply", body, by=by) == "ST-IDN-004"
    assert standing.count("environment") == 0


def test_freezes_begin_end_and_are_refused(control: Control):
    control.apply(environment("dev"), environment("prod", after="dev"))
    wish = {"environment": "dev", "endsAt": "2030-01-02T00:00:00Z", "reason": "holidays"}
    assert control.refused("POST", "/freezes", wish) == "ST-IDN-004"
    made = control.post("/freezes", wish, by="olga")
    assert made["holds"]
    assert made["by"]["name"] == "olga"
    later = {**wish, "startsAt": "2030-01-01T12:00:00+02:00", "endsAt": "2030-01-01T13:00:00+02:00"}
    assert control.post("/freezes", later, by="olga")["startsAt"] == "2030-01-01T10:00:00.000000Z"
    assert len(control.get("/freezes", environment="dev")["items"]) == 2
    assert control.get("/freezes", environment="prod")["items"] == []
    assert control.post(f"/freezes/{made['id']}/end", {"reason": "over"}, by="olga")["endedAt"]
    end = ("POST", f"/freezes/{made['id']}/end", {"reason": "again"}, "olga")
    assert control.refused(*end) == "ST-ENV-005"
    assert control.refused("POST", "/freezes/frz_1/end", {"reason": "x"}, "olga") == "ST-ENV-004"


@pytest.fixture(scope="module")
def frozen_later(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    with running(tmp_path_factory.mktemp("freezes") / "control", Clock()) as made:
        made.apply(environment("dev"))
        yield made


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"endsAt": "2029-01-01T00:00:00Z"}, "ST-ENV-005"),
        ({"startsAt": "2031-01-01T00:00:00Z"}, "ST-ENV-005"),
        ({"environment": "nowhere"}, "ST-ENV-001"),
        ({"endsAt": "tomorrow"}, "ST-KER-005"),
        ({"endsAt": "2030-06-01"}, "ST-KER-005"),
        ({"endsAt": "2030-06-01T00:00:00"}, "ST-KER-005"),
        ({"endsAt": "9999-12-31T23:59:59-23:00"}, "ST-KER-005"),
        ({"startsAt": "0001-01-01T00:00:00+23:00"}, "ST-KER-005"),
        ({"endsAt": ""}, "ST-KER-005"),
        ({"startsAt": ""}, "ST-KER-005"),
        ({"endsAt": 5}, "ST-API-001"),
    ],
)
def test_a_freeze_that_cannot_be_is_refused(
    frozen_later: Control, changes: dict[str, Any], code: str
):
    wish = {"environment": "dev", "endsAt": "2030-06-01T00:00:00Z", "reason": "x", **changes}
    assert frozen_later.refused("POST", "/freezes", wish, "olga") == code
    assert frozen_later.count("freeze") == 0


def test_freezes_come_by_rules_and_are_overridden_by_whom_that_is_allowed(control: Control):
    control.environment("dev")
    release = control.sealed("2.0.0")
    spec = {
        "from": "2029-12-31T00:00",
        "until": "2030-12-31T00:00",
        "timeZone": "Europe/Berlin",
        "reason": "stop, the line",
    }
    document = {"apiVersion": "stella/v1", "kind": "Freeze", "name": "stop", "spec": spec}
    body = {"documents": [document]}
    assert control.ask("POST", "/apply", body, by="dan").status_code == 403
    assert (
        control.ask("POST", "/apply", body, by="olga").json()["changes"][0]["change"] == "created"
    )
    (window,) = control.get("/freezes/calendar?environment=dev", by="vic")["items"]
    assert (window["freeze"], window["byRule"]) == ("stop", True)
    found = control.ask("GET", "/freezes/calendar.ics", None, by="vic")
    assert found.headers["content-type"].startswith("text/calendar")
    assert "DESCRIPTION:stop\\, the line\r\n" in found.text

    assert control.asked(release["id"], "dev")["state"] == "blocked"
    way = {"environment": "dev", "release": release["id"], "reason": "it mends it"}
    assert control.ask("POST", "/freezes/stop/override", way, by="dan").status_code == 403
    assert control.ask("POST", "/freezes/stop/override", way, by="olga").status_code == 201
    gone = control.asked(release["id"], "dev")
    assert gone["state"] == "deploying"
    (gate,) = [one for one in gone["decision"]["gates"] if one["name"] == "freeze"]
    assert "overridden by olga: it mends it" in gate["summary"]
