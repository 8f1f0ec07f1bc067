"""Runs of workflows, from the request to their end: on the road, on both databases."""

import pytest

from fixtures.runs import Walk, step
from stella.kernel import Remedy, StellaError
from stella.plugin.refusals import StepFailed
from stella.record import facts_about
from stella.workflow.errors import ImpossibleInputs, MalformedWorkflow, NotAskedNow
from stella.workflow.run.model import Run
from stella.workflow.run.store import open_runs

pytestmark = pytest.mark.path

NO = StepFailed("it is unhealthy", remedy=Remedy("Look."))


class Busy(StellaError):
    """It may pass later."""

    code = "ST-TST-001"
    retry_may_help = True


BUSY = Busy("come again", remedy=Remedy("Wait."))


def kinds_of_facts(walk: Walk, run: Run) -> list[str]:
    with walk.stage.road.database.read() as tx:
        return [one.kind for one in facts_about(tx, (run.id,))]


def test_a_run_does_its_steps_in_their_order_and_passes_outputs_on(walk: Walk) -> None:
    walk.stage.steps["open-change"].outputs = {"ticket": "CHG-77"}
    walk.apply(
        "ship",
        {
            "open": step(),
            "smoke": {
                "uses": "smoke-test",
                "needs": ["open"],
                "with": {
                    "ticket": "${{ steps.open.outputs.ticket }}",
                    "days": "${{ inputs.days + 1 }}",
                },
            },
        },
        inputs={"days": {"type": "integer", "default": 2}},
        outputs={"ticket": "${{ steps.open.outputs.ticket }}-${{ inputs.days }}"},
    )
    run = walk.start("ship")
    assert run.state.value == "succeeded"
    assert run.outputs == {"ticket": "CHG-77-2"}
    (call,) = walk.stage.steps["smoke-test"].calls
    assert dict(call.inputs) == {"ticket": "CHG-77", "days": 3}
    assert (call.run, call.node, call.key) == (run.id, "smoke", f"{run.id}:smoke")
    assert kinds_of_facts(walk, run) == ["RunRequested", "RunStarted", "RunSucceeded"]


def test_what_needs_a_failure_comes_after_one_and_what_needs_success_never(walk: Walk) -> None:
    walk.stage.steps["open-change"].troubles = [NO]
    walk.apply(
        "ship",
        {
            "open": step(),
            "next": step("open", uses="smoke-test"),
            "tell": step("open", uses="smoke-test", when="failure"),
            "both": step("open", uses="smoke-test", when="always"),
        },
    )
    run = walk.start("ship")
    assert walk.states(run) == {
        "open": "failed",
        "next": "unreached",
        "tell": "succeeded",
        "both": "succeeded",
    }
    assert (run.state.value, run.code) == ("failed", StepFailed.code)
    assert "it is unhealthy" in run.message


def test_a_condition_skips_and_what_was_skipped_holds_nothing_up(walk: Walk) -> None:
    walk.apply(
        "ship",
        {
            "open": {**step(), "if": "inputs.wanted"},
            "next": step("open", uses="smoke-test"),
        },
        inputs={"wanted": {"type": "boolean"}},
    )
    run = walk.start("ship", wanted=False)
    assert walk.states(run) == {"open": "skipped", "next": "succeeded"}
    assert run.state.value == "succeeded"


def test_trouble_is_tried_again_after_a_growing_wait_and_a_verdict_is_not(walk: Walk) -> None:
    walk.stage.steps["open-change"].troubles = [BUSY, BUSY, NO]
    walk.apply("ship", {"open": {**step(), "retry": {"attempts": 5, "waitS": 10, "growth": 3}}})
    run = walk.start("ship")
    first = walk.nodes(run)["open"]
    assert (first.state.value, first.code, first.attempts) == ("retrying", "ST-TST-001", 1)
    run = walk.later(run, seconds=4)
    assert walk.states(run) == {"open": "retrying"}, "at least a half of the wait"
    run = walk.later(run, seconds=6)
    assert walk.nodes(run)["open"].attempts == 2
    run = walk.later(run, seconds=10)
    assert walk.nodes(run)["open"].attempts == 2, "the second wait is longer"
    run = walk.later(run, seconds=20)
    assert (run.state.value, walk.nodes(run)["open"].attempts) == ("failed", 3)
    keys = {call.key for call in walk.stage.steps["open-change"].calls}
    assert keys == {f"{run.id}:open"}, "every attempt has the same key"


def test_what_is_done_for_many_goes_by_its_window_and_stops_at_too_many_failures(
    walk: Walk,
) -> None:
    walk.stage.steps["open-change"].troubles = []
    walk.apply(
        "ship",
        {
            "each": {
                "uses": "open-change",
                "forEach": "${{ inputs.hosts }}",
                "with": {"ticket": "CHG-${{ item }}-${{ index }}"},
                "window": 2,
            },
            "all": {
                "uses": "smoke-test",
                "needs": ["each"],
                "with": {"ticket": "${{ string(size(steps.each.outputs.ticket)) }}00"},
            },
        },
        inputs={"hosts": {"type": "array", "items": {"type": "string"}}},
    )
    walk.stage.steps["open-change"].outputs = {"ticket": "x"}
    run = walk.start("ship", hosts=["a", "b", "c"])
    assert run.state.value == "succeeded"
    asked = [call.inputs["ticket"] for call in walk.stage.steps["open-change"].calls]
    assert sorted(asked) == ["CHG-a-0", "CHG-b-1", "CHG-c-2"]
    assert walk.nodes(run)["each"].outputs == {"ticket": ["x", "x", "x"]}
    assert walk.stage.steps["smoke-test"].calls[0].inputs["ticket"] == "300"

    walk.stage.steps["open-change"].troubles = [NO, NO]
    run = walk.start("ship", hosts=["a", "b", "c", "d"])
    states = walk.states(run)
    assert states["each"] == "failed"
    assert states["each[2]"] == states["each[3]"] == "unreached"
    assert "0 of 4 went well" in walk.nodes(run)["each"].message


def test_a_matrix_is_every_combination(walk: Walk) -> None:
    walk.apply(
        "ship",
        {
            "each": {
                "uses": "open-change",
                "matrix": {"os": ["deb", "rpm"], "arch": ["amd64", "arm64"]},
                "with": {"ticket": "${{ item.os }}/${{ item.arch }}"},
            }
        },
    )
    walk.start("ship")
    asked = [call.inputs["ticket"] for call in walk.stage.steps["open-change"].calls]
    assert asked == ["deb/amd64", "deb/arm64", "rpm/amd64", "rpm/arm64"]


def test_what_went_wrong_is_taken_back_in_reverse_order_and_then_the_end_comes(walk: Walk) -> None:
    walk.stage.steps["smoke-test"].troubles = [NO]
    walk.apply(
        "ship",
        {
            "one": {**step(), "undo": True},
            "two": {**step("one"), "undo": True},
            "kept": step("two"),
            "smoke": {**step("kept", uses="smoke-test"), "undo": True},
        },
        **{"finally": {"tell": {**step(), "with": {"ticket": "it is ${{ run.state }}"}}}},
    )
    run = walk.start("ship")
    assert run.state.value == "failed"
    assert walk.stage.steps["open-change"].undone == [f"{run.id}:two", f"{run.id}:one"]
    ended = [one.key for one in walk.nodes(run).values() if one.purpose == "undo"]
    assert ended == ["smoke (undo)", "two (undo)", "one (undo)"], "a part of it is a part of it"
    assert walk.stage.steps["open-change"].calls[-1].inputs["ticket"] == "it is failed"


def test_what_cannot_be_taken_back_makes_the_run_errored(walk: Walk) -> None:
    walk.stage.steps["smoke-test"].troubles = [NO]
    walk.stage.steps["open-change"].undo_troubles = [NO]
    walk.apply("ship", {"one": {**step(), "undo": True}, "smoke": step("one", uses="smoke-test")})
    run = walk.start("ship")
    assert run.state.value == "errored"
    assert walk.states(run)["one (undo)"] == "failed"


def test_a_wait_is_a_row_and_ends_by_its_time(walk: Walk) -> None:
    walk.apply("ship", {"rest": {"uses": "wait", "with": {"seconds": 3600}}, "go": step("rest")})
    run = walk.start("ship")
    assert walk.states(run) == {"rest": "waiting", "go": "queued"}
    run = walk.later(run, minutes=59)
    assert walk.states(run)["rest"] == "waiting"
    run = walk.later(run, minutes=2)
    assert run.state.value == "succeeded"


def test_an_approval_is_never_by_who_started_it_and_is_given_once(walk: Walk) -> None:
    approval = {"uses": "approval", "with": {"by": ["approver", "dan"], "message": "Ship?"}}
    walk.apply("ship", {"ask": approval, "go": step("ask")})
    run = walk.start("ship")
    assert walk.nodes(run)["ask"].waits_for == "person:"
    with pytest.raises(NotAskedNow, match="whoever started the run does not approve it"):
        walk.say(run, "ask", "approve", by="dan")
    with pytest.raises(NotAskedNow, match="takes no such word"):
        walk.say(run, "ask", "answer")
    run = walk.say(run, "ask", "approve", comment="fine")
    assert run.state.value == "succeeded"
    assert walk.nodes(run)["ask"].outputs["by"] == "ann"
    with pytest.raises(NotAskedNow, match="succeeded"):
        walk.say(run, "ask", "approve", by="bob")

    refused = walk.say(walk.start("ship"), "ask", "reject", comment="too late today")
    assert refused.state.value == "failed"
    assert "rejected by ann: too late today" in refused.message


def test_an_approval_nobody_gives_ends_by_its_time(walk: Walk) -> None:
    approval = {"uses": "approval", "with": {"by": ["approver"]}, "timeoutS": 600}
    walk.apply("ship", {"ask": approval})
    run = walk.later(walk.start("ship"), minutes=11)
    assert (run.state.value, run.code) == ("errored", "ST-WFL-007")


def test_a_form_is_filled_in_and_its_answers_have_types(walk: Walk) -> None:
    form = {
        "type": "object",
        "properties": {"days": {"type": "integer", "minimum": 1}},
        "required": ["days"],
        "additionalProperties": False,
    }
    ask = {"uses": "manual-input", "with": {"by": ["approver"], "form": form}}
    go = {**step("ask"), "with": {"ticket": "CHG", "days": "${{ steps.ask.outputs.days }}"}}
    walk.apply("ship", {"ask": ask, "go": go})
    run = walk.start("ship")
    with pytest.raises(ImpossibleInputs, match=r"values\.days"):
        walk.say(run, "ask", "answer", values={"days": 0})
    run = walk.say(run, "ask", "answer", values={"days": 5})
    assert run.state.value == "succeeded"
    assert walk.stage.steps["open-change"].calls[0].inputs["days"] == 5


def test_a_failure_can_wait_for_somebody_who_tries_it_again_or_skips_it(walk: Walk) -> None:
    walk.stage.steps["open-change"].troubles = [NO, NO]
    guided = {"onFailure": "ask", "ask": {"by": ["approver"], "hours": 2}}
    walk.apply("ship", {"open": {**step(), **guided}, "next": step("open", uses="smoke-test")})
    run = walk.start("ship")
    assert walk.states(run) == {"open": "asking", "next": "queued"}
    run = walk.say(run, "open", "retry")
    assert walk.states(run)["open"] == "asking"
    run = walk.say(run, "open", "skip")
    assert run.state.value == "succeeded"
    assert walk.states(run) == {"open": "skipped", "next": "succeeded"}


def test_nobody_skips_what_is_required_and_silence_has_its_default(walk: Walk) -> None:
    walk.stage.steps["open-change"].troubles = [NO]
    guided = {"onFailure": "ask", "ask": {"by": ["approver"], "hours": 2}, "required": True}
    walk.apply("ship", {"open": {**step(), **guided}})
    run = walk.start("ship")
    with pytest.raises(NotAskedNow, match="asking"):
        walk.say(run, "open", "skip")
    run = walk.later(run, hours=3)
    assert run.state.value == "failed"


def test_cancelled_nothing_new_begins_and_what_was_done_is_taken_back(walk: Walk) -> None:
    walk.apply(
        "ship",
        {
            "one": {**step(), "undo": True},
            "rest": {"uses": "wait", "needs": ["one"], "with": {"seconds": 3600}},
            "two": step("rest"),
        },
    )
    run = walk.cancel(walk.start("ship"))
    assert run.state.value == "cancelled"
    assert walk.states(run) == {
        "one": "succeeded",
        "rest": "cancelled",
        "two": "cancelled",
        "one (undo)": "succeeded",
    }
    with pytest.raises(NotAskedNow):
        walk.cancel(run)


def test_a_run_that_takes_too_long_is_ended_by_the_clock(walk: Walk) -> None:
    walk.apply("ship", {"rest": {"uses": "wait", "with": {"seconds": 7200}}}, timeoutS=3600)
    run = walk.later(walk.start("ship"), minutes=61)
    assert (run.state.value, run.code) == ("errored", "ST-WFL-007")


def test_another_workflow_is_run_and_waited_for(walk: Walk) -> None:
    walk.apply(
        "inner",
        {"rest": {"uses": "wait", "with": {"seconds": 60}}},
        inputs={"word": {"type": "string"}},
        outputs={"said": "${{ inputs.word }}!"},
    )
    walk.apply(
        "outer",
        {
            "child": {
                "uses": "workflow",
                "with": {"workflow": "inner", "inputs": {"word": "${{ inputs.word }}"}},
            },
            "go": {
                **step("child"),
                "with": {"ticket": "${{ steps.child.outputs.outputs.said }}"},
            },
        },
        inputs={"word": {"type": "string"}},
    )
    run = walk.start("outer", word="well")
    assert walk.states(run)["child"] == "waiting"
    run = walk.later(run, seconds=61)
    assert run.state.value == "succeeded"
    assert walk.stage.steps["open-change"].calls[0].inputs["ticket"] == "well!"

    cut = walk.cancel(walk.start("outer", word="well"))
    assert cut.state.value == "cancelled"
    with walk.stage.road.database.read() as tx:
        assert not open_runs(tx), "the run that it waited for has ended too"


def test_workflows_that_start_each_other_end_at_a_depth(walk: Walk) -> None:
    walk.apply("loop", {"again": {"uses": "workflow", "with": {"workflow": "loop"}}})
    run = walk.start("loop")
    assert run.state.value == "errored"
    assert "more than 5 deep" in run.message


def test_runs_of_a_group_go_one_after_the_other(walk: Walk) -> None:
    walk.apply(
        "ship",
        {"rest": {"uses": "wait", "with": {"seconds": 60}}},
        inputs={"to": {"type": "string"}},
        concurrency={"group": "to-${{ inputs.to }}", "order": "newest"},
    )
    first, second, third = (walk.start("ship", to="prod") for _ in range(3))
    assert (first.state.value, second.state.value) == ("running", "queued")
    assert walk.start("ship", to="dev").state.value == "running"
    first = walk.later(first, seconds=61)
    assert first.state.value == "succeeded"
    assert walk.after(third).state.value == "running", "the newest is next"
    assert walk.cancel(second).state.value == "cancelled"


def test_a_run_within_a_run_has_the_turn_of_that_one(walk: Walk) -> None:
    group = {"group": "prod", "order": "oldest"}
    walk.apply("inner", {"go": step()}, concurrency=group)
    walk.apply(
        "outer", {"child": {"uses": "workflow", "with": {"workflow": "inner"}}}, concurrency=group
    )
    assert walk.start("outer").state.value == "succeeded", "or it waits for itself for ever"


def test_again_keeps_what_went_well(walk: Walk) -> None:
    from stella.workflow.run.request import run_again

    walk.stage.steps["smoke-test"].troubles = [NO]
    walk.apply("ship", {"open": step(), "smoke": step("open", uses="smoke-test")})
    run = walk.start("ship")
    assert run.state.value == "failed"
    road = walk.stage.road
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        made = run_again(tx, road.work.kinds(), run.id, roles=("developer",))
    made = walk.after(made)
    assert (made.state.value, made.again) == ("succeeded", run.id)
    assert len(walk.stage.steps["open-change"].calls) == 1
    assert len(walk.stage.steps["smoke-test"].calls) == 2


def test_a_version_stays_what_it_was_for_the_runs_that_began_with_it(walk: Walk) -> None:
    rest = {"uses": "wait", "with": {"seconds": 60}}
    walk.apply("ship", {"rest": rest, "go": step("rest")})
    run = walk.start("ship")
    walk.apply("ship", {"rest": rest, "other": step("rest", uses="smoke-test")})
    run = walk.later(run, seconds=61)
    assert (run.version, run.state.value) == (1, "succeeded")
    assert len(walk.stage.steps["open-change"].calls) == 1
    assert walk.start("ship").version == 2


def test_inputs_are_what_the_workflow_asks_for(walk: Walk) -> None:
    walk.apply("ship", {"go": step()}, inputs={"to": {"type": "string", "enum": ["dev", "prod"]}})
    with pytest.raises(ImpossibleInputs, match=r"inputs\.to"):
        walk.start("ship", to="moon")
    with pytest.raises(ImpossibleInputs, match="to"):
        walk.start("ship")
    with pytest.raises(ImpossibleInputs, match="strange"):
        walk.start("ship", to="dev", strange=1)


def test_what_comes_out_of_an_expression_is_held_to_the_step_that_takes_it(walk: Walk) -> None:
    walk.apply(
        "ship",
        {"go": {"uses": "open-change", "with": {"ticket": "${{ inputs.word }}"}}},
        inputs={"word": {"type": "string"}},
    )
    run = walk.start("ship", word="x")
    assert (run.state.value, run.code) == ("errored", "ST-WFL-004")
    assert not walk.stage.steps["open-change"].calls


def test_an_expression_without_a_value_ends_its_step_with_the_reason(walk: Walk) -> None:
    walk.apply(
        "ship",
        {
            "a": {**step(), "if": "inputs.n > 5"},
            "b": {**step("a"), "with": {"ticket": "${{ steps.a.outputs.ticket }}"}},
        },
        inputs={"n": {"type": "integer"}},
    )
    run = walk.start("ship", n=1)
    assert (run.state.value, run.code) == ("errored", "ST-WFL-005")
    assert "steps.a.outputs.ticket" in run.message


def test_a_workflow_with_faults_is_not_kept(walk: Walk) -> None:
    with pytest.raises(MalformedWorkflow) as refused:
        walk.apply("ship", {"a": step("b"), "b": step("a"), "c": {"uses": "opn-change"}})
    assert "did you mean 'open-change'" in str(refused.value)
    assert "they need each other" in str(refused.value)
