"""What runs must not be talked into: rights, words, times and races, each once tried by somebody hostile."""

from dataclasses import replace
from typing import Any

import pytest

from fixtures.road import InlineRuns
from fixtures.runs import Walk, step
from stella.app.flows import steps_of
from stella.app.runs.due import look_at_runs
from stella.identity import Role, change_user
from stella.kernel import Remedy
from stella.plugin.refusals import ServiceUnreachable, StepFailed
from stella.record import facts_after, seal
from stella.workflow.definition.read import check_workflow
from stella.workflow.errors import ImpossibleInputs, NotAskedNow, UnknownWorkflow
from stella.workflow.run.apply import delete_workflow
from stella.workflow.run.decide import Speaker, claim, decide, why_not
from stella.workflow.run.model import Run
from stella.workflow.run.request import cancel_run, run_again
from stella.workflow.run.store import list_runs, open_runs, workflow_node

pytestmark = pytest.mark.path

NO = StepFailed("it is unhealthy", remedy=Remedy("Look."))
AWAY = ServiceUnreachable("no answer", remedy=Remedy("Wait."))
REST = {"uses": "wait", "with": {"seconds": 60}}
RELEASE = {
    "uses": "create-release",
    "with": {"name": "shop", "version": "9.0.0", "components": {"web": "registry.test/web:9"}},
}


def again(walk: Walk, run: Run, by: str = "dan", since: str | None = None) -> Run:
    road = walk.stage.road
    person = road.people[by]
    with road.database.transaction(actor=person.id) as tx:
        made = run_again(tx, road.work.kinds(), run.id, roles=("developer",), since=since)
    return walk.after(made)


def faults(walk: Walk, **spec: Any) -> list[str]:
    spec = {"steps": {"rest": REST}, **spec}
    return [one.words for one in check_workflow(spec, walk.stage.road.work.kinds()).faults]


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:1/latest"},
        {"$ref": "file:///etc/passwd"},
        {"allOf": [{"$dynamicRef": "#x"}]},
    ],
)
def test_a_schema_leads_nowhere(walk: Walk, schema: dict[str, Any]) -> None:
    (words,) = faults(walk, inputs={"x": schema})
    assert "is not followed here" in words
    form = {"type": "object", "properties": {"x": schema}}
    ask = {"uses": "manual-input", "with": {"by": ["approver"], "form": form}}
    assert "is not followed here" in faults(walk, steps={"ask": ask})[0]


def test_a_schema_is_bounded_and_its_patterns_are_matched_in_linear_time(walk: Walk) -> None:
    deep: dict[str, Any] = {"type": "integer"}
    for _ in range(20):
        deep = {"allOf": [deep]}
    assert "deeper than" in faults(walk, inputs={"x": deep})[0]
    slow = {"type": "string", "pattern": "^(a+)+$", "default": "a" * 60 + "b"}
    assert faults(walk, inputs={"x": slow}) == ["its own schema does not take it"]
    ask = {"type": "object", "properties": {"x": {"type": "number"}}}
    step = {"uses": "manual-input", "with": {"by": ["approver"], "form": ask}}
    assert "no fractions" in faults(walk, steps={"ask": step})[0]


def test_a_long_queue_of_runs_that_end_at_once_moves_and_holds_up_nobody(walk: Walk) -> None:
    walk.apply(
        "ship",
        {"rest": {**REST, "if": "inputs.go"}},
        inputs={"go": {"type": "boolean"}},
        concurrency={"group": "one"},
    )
    first = walk.start("ship", go=True)
    queued = [walk.start("ship", go=False) for _ in range(120)]
    assert queued[-1].state.value == "queued"
    walk.later(first, seconds=61)
    with walk.stage.road.database.read() as tx:
        assert not open_runs(tx)


def test_a_node_that_cannot_be_looked_at_holds_up_no_other(walk: Walk) -> None:
    walk.apply("ship", {"rest": REST})
    bad, good = walk.start("ship"), walk.start("ship")
    with walk.stage.road.database.transaction(actor="system") as tx:  # a disk did that
        row = workflow_node.c.run == bad.id
        tx.connection.execute(workflow_node.update().where(row), {"outputs": "{"})
    assert walk.later(good, seconds=61).state.value == "succeeded"
    assert walk.after(bad).state.value == "running"


def test_again_does_anew_what_was_taken_back(walk: Walk) -> None:
    walk.stage.steps["smoke-test"].troubles = [NO]
    walk.apply(
        "ship",
        {"dep": {**step(), "undo": True}, "smoke": step("dep", uses="smoke-test")},
    )
    run = walk.start("ship")
    assert walk.states(run)["dep (undo)"] == "succeeded"
    assert again(walk, run).state.value == "succeeded"
    assert len(walk.stage.steps["open-change"].calls) == 2


def test_an_approval_is_for_the_run_that_asked_for_it(walk: Walk) -> None:
    ask = {"uses": "approval", "with": {"by": ["approver"]}}
    walk.apply("ship", {"ask": ask, "go": step("ask")})
    walk.stage.steps["open-change"].troubles = [NO]
    run = walk.say(walk.start("ship"), "ask", "approve")
    assert run.state.value == "failed"
    made = again(walk, run, since="go")
    assert walk.states(made) == {"ask": "waiting", "go": "queued"}


def test_whoever_lost_a_right_has_no_step_done_by_it(walk: Walk) -> None:
    walk.apply("ship", {"rest": REST, "go": step("rest"), "seal": {**RELEASE, "needs": ["rest"]}})
    run = walk.start("ship")
    road = walk.stage.road
    with road.database.transaction(actor="system") as tx:
        change_user(tx, road.people["dan"].id, disabled=True)
    run = walk.later(run, seconds=61)
    assert walk.states(run) == {"rest": "succeeded", "go": "errored", "seal": "errored"}
    assert "may not do that" in run.message
    assert not walk.stage.steps["open-change"].calls


def test_a_token_narrowed_by_somebody_with_more_rights_has_the_narrow_ones(walk: Walk) -> None:
    road = walk.stage.road
    with road.database.transaction(actor="system") as tx:
        change_user(tx, road.people["dan"].id, roles=(Role.ADMIN,))
    walk.apply("ship", {"go": step()})
    assert road.people["dan"].roles == ("developer",)  # with which the run is asked for
    assert walk.start("ship").state.value == "succeeded"


@pytest.mark.parametrize("how", ["cancelled", "timed out"])
def test_an_act_is_not_done_where_its_run_ended_while_it_asked_the_outside(
    walk: Walk, how: str
) -> None:
    road = walk.stage.road
    image = road.push("web", "9", {})
    sealing = {**RELEASE["with"], "components": {"web": image}}
    walk.apply("ship", {"seal": {**RELEASE, "with": sealing, "timeoutS": 5}})

    def meanwhile(*_: Any) -> Any:
        """A registry that takes its time."""
        with road.database.read() as tx:
            (run,) = list_runs(tx)
        if how == "cancelled":
            with road.database.transaction(actor="usr_op") as tx:
                cancel_run(tx, run.id, "")
        else:
            road.clock.go_on(seconds=60)
            look_at_runs(road.database, lambda: False)
        return road.registry

    road.runs = InlineRuns(steps_of(replace(road.work, registry_for=meanwhile)))
    run = walk.start("ship")
    assert run.state.value == ("cancelled" if how == "cancelled" else "errored")
    assert run.code == ("" if how == "cancelled" else "ST-WFL-007")
    assert not road_facts(walk, "ReleaseSealed")


def road_facts(walk: Walk, kind: str) -> list[Any]:
    seal(walk.stage.road.database, "test")
    with walk.stage.road.database.read() as tx:
        return [one for one in facts_after(tx, 0) if one.kind == kind]


def test_a_step_hears_only_the_run_that_it_waits_for(walk: Walk) -> None:
    ask = {"uses": "approval", "with": {"by": ["approver"]}}
    walk.apply("inner", {"ask": ask})
    child = {
        "uses": "workflow",
        "with": {"workflow": "inner"},
        "timeoutS": 60,
        "retry": {"attempts": 2, "waitS": 1},
    }
    walk.apply("outer", {"child": child})
    run = walk.start("outer")
    old = walk.nodes(run)["child"].waits_for
    walk.later(run, seconds=61)
    run = walk.later(run, seconds=5)
    new = walk.nodes(run)["child"].waits_for
    assert old != new
    with walk.stage.road.database.read() as tx:
        open_ = {one.id for one in open_runs(tx, of="inner")}
    assert open_ == {new.removeprefix("run:")}, "the old one was given up"
    assert walk.states(run)["child"] == "waiting"


def test_a_number_that_is_not_kept_ends_its_step(walk: Walk) -> None:
    walk.apply(
        "ship",
        {
            "go": {
                "uses": "open-change",
                "with": {"ticket": "CHG", "days": "${{ inputs.a * inputs.a }}"},
            }
        },
        inputs={"a": {"type": "integer"}},
    )
    run = walk.start("ship", a=10**9)
    assert (run.state.value, run.code) == ("errored", "ST-WFL-005")
    assert "2^53" in run.message


def test_a_workflow_that_has_ended_is_run_by_nobody(walk: Walk) -> None:
    walk.apply("ship", {"go": step()})
    run = walk.start("ship")
    with walk.stage.road.database.transaction(actor="usr_op") as tx:
        delete_workflow(tx, "ship")
    with pytest.raises(UnknownWorkflow):
        walk.start("ship")
    with pytest.raises(UnknownWorkflow):
        again(walk, run, since="go")


def test_a_person_may_try_a_step_again_as_often_as_they_like(walk: Walk) -> None:
    walk.stage.steps["open-change"].troubles = [AWAY] * 8
    walk.apply("ship", {"go": {**step(), "onFailure": "ask", "retry": {"attempts": 1}}})
    run = walk.start("ship")
    for _ in range(8):
        assert walk.states(run)["go"] == "asking"
        assert "no answer" in walk.nodes(run)["go"].message
        with walk.stage.road.database.transaction(actor="usr_op") as tx:
            decide(tx, run.id, "go", "retry", Speaker("usr_op", "olga", frozenset({"operator"})))
        run = walk.after(run)
    assert run.state.value == "succeeded"


def test_a_user_with_the_name_of_a_role_is_not_that_role(walk: Walk) -> None:
    walk.apply("ship", {"ask": {"uses": "approval", "with": {"by": ["approver"]}}})
    run = walk.start("ship")
    node = walk.nodes(run)["ask"]
    named = Speaker("usr_x", "approver", frozenset({"viewer"}))
    assert why_not(run, node, "approval", None, named) == "it asks for approver"


def test_an_answer_has_a_bound(walk: Walk) -> None:
    form = {"type": "object", "properties": {"x": {"type": "string"}}}
    walk.apply(
        "ship", {"ask": {"uses": "manual-input", "with": {"by": ["approver"], "form": form}}}
    )
    run = walk.start("ship")
    with pytest.raises(ImpossibleInputs, match="64 KiB"):
        walk.say(run, "ask", "answer", values={"x": "x" * 70_000})


def test_nothing_to_do_gives_lists_of_nothing(walk: Walk) -> None:
    each = {
        "uses": "open-change",
        "forEach": "${{ inputs.hosts }}",
        "with": {"ticket": "${{ item }}"},
    }
    count = {"ticket": "${{ string(size(steps.each.outputs.ticket)) }}00"}
    walk.apply(
        "ship",
        {"each": each, "all": {"uses": "smoke-test", "needs": ["each"], "with": count}},
        inputs={"hosts": {"type": "array", "items": {"type": "string"}}},
    )
    run = walk.start("ship", hosts=[])
    assert run.state.value == "succeeded"
    assert walk.stage.steps["smoke-test"].calls[0].inputs["ticket"] == "000"


def test_a_run_that_waited_too_long_for_its_turn_is_errored(walk: Walk) -> None:
    day = {"uses": "wait", "with": {"seconds": 86_400}}
    walk.apply("ship", {"rest": day}, timeoutS=3600 * 30, concurrency={"group": "one"})
    walk.start("ship")
    walk.apply("ship", {"rest": day}, timeoutS=3600, concurrency={"group": "one"})
    late = walk.later(walk.start("ship"), hours=2)
    assert (late.state.value, late.code) == ("errored", "ST-WFL-007")


def test_an_operator_takes_over_what_somebody_looks_after(walk: Walk) -> None:
    walk.apply("ship", {"ask": {"uses": "approval", "with": {"by": ["approver", "operator"]}}})
    run = walk.start("ship")
    ann, olga = walk.stage.road.people["ann"], Speaker("usr_op", "olga", frozenset({"operator"}))
    with walk.stage.road.database.transaction(actor=ann.id) as tx:
        claim(tx, run.id, "ask", Speaker(ann.id, "ann", frozenset({"approver"})))
    with pytest.raises(NotAskedNow, match="somebody else looks after it"):
        walk.say(run, "ask", "approve", by="bob")
    with walk.stage.road.database.transaction(actor="usr_op") as tx:
        claim(tx, run.id, "ask", olga, give_back=True)
    assert walk.say(run, "ask", "approve", by="bob").state.value == "succeeded"


def test_at_the_end_it_may_be_asked_how_it_went(walk: Walk) -> None:
    tell = {**step(), "if": "run.state == 'failed'"}
    walk.apply("ship", {"go": step(uses="smoke-test")}, **{"finally": {"tell": tell}})
    assert walk.states(walk.start("ship"))["tell"] == "skipped"
    walk.stage.steps["smoke-test"].troubles = [NO]
    assert walk.states(walk.start("ship"))["tell"] == "succeeded"
