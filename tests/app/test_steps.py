"""The steps of a deployment: planned, bound by approvals, taken in order, ended, proven."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from fixtures.road import InlineRuns
from fixtures.steps import Stage
from stella.app.flows import steps_of
from stella.deployment.lifecycle import DeploymentState, StepState, TargetState
from stella.deployment.step_store import StepRun, list_open_steps, list_steps
from stella.deployment.store import find_deployment, list_target_deployments
from stella.evidence import read_packet
from stella.evidence.packet import build_packet
from stella.evidence.store import list_evidence
from stella.evidence.verify import verify_packet
from stella.kernel import Digest, Remedy, canonical_json
from stella.plugin.contract.step import StepResult
from stella.plugin.order import OrderOutcome
from stella.plugin.refusals import ServiceUnreachable, StepFailed
from stella.promotion.lifecycle import State
from stella.promotion.store import Promotion
from stella.record import StoredFact, fact_by_id
from stella.record.tables import fact as fact_table
from stella.replay import replay_packet
from stella.trust import DEPLOYMENT, sign_statement

NO = StepFailed("the ticket is not approved", remedy=Remedy("Ask for it."))
AWAY = ServiceUnreachable("no answer", remedy=Remedy("Wait."))


def steps(stage: Stage, promotion: Promotion) -> list[StepRun]:
    with stage.road.database.read() as tx:
        return list(list_steps(tx, promotion.deployment or ""))


def states(stage: Stage, promotion: Promotion) -> dict[str, str]:
    found = steps(stage, promotion)
    return {one.name: one.state.value for one in found if one.purpose == "run"}


def targets(stage: Stage, promotion: Promotion) -> list[tuple[str, TargetState]]:
    with stage.road.database.read() as tx:
        listed = list_target_deployments(tx, promotion.deployment or "")
    return [(one.purpose, one.state) for one in listed]


def all_facts(stage: Stage) -> list[StoredFact]:
    with stage.road.database.read() as tx:
        rows = tx.rows(select(fact_table.c.id).order_by(fact_table.c.id))
        found = [fact_by_id(tx, row["id"]) for row in rows]
    return [one for one in found if one is not None]


def steps_by_facts(stage: Stage, ready: StoredFact) -> list[StepRun]:
    with stage.road.database.read() as tx:
        return list(list_steps(tx, str(ready.data["deployment"])))


def packet_of(stage: Stage, subject: str) -> bytes:
    with stage.road.database.read() as tx:
        (kept,) = list_evidence(tx, subject=subject)
    return stage.road.work.blobs.get(Digest(kept.digest))


def test_steps_are_taken_before_and_after_the_targets_and_proven(stage: Stage) -> None:
    stage.steps["smoke-test"].outputs = {"status": 200}
    stage.environment()
    road = stage.road
    promotion = road.promote(road.release("2.0.0"), "dev")
    assert states(stage, promotion) == {"change": "passed", "smoke": "queued"}
    road.finish("host-a")
    assert not stage.steps["smoke-test"].calls
    road.finish("host-b")

    ended = road.promotion(promotion.id)
    assert ended.state is State.DEPLOYED
    change, smoke = steps(stage, ended)
    assert (change.state, change.attempts, change.summary) == (
        StepState.PASSED,
        1,
        "change is done",
    )
    assert smoke.outputs == {"status": 200}
    (call,) = stage.steps["open-change"].calls
    assert call.key == f"{ended.deployment}:change"
    assert call.inputs == {"ticket": "CHG-1"}
    assert (call.subject["release"], call.subject["version"]) == ("shop", "2.0.0")
    assert "@sha256:" in call.subject["image.web"]

    packet = packet_of(stage, ended.deployment or "")
    verification = verify_packet(packet, road.work.proving.root)
    assert verification.good, verification.checks
    assert replay_packet(packet).verdict == "identical"
    held = read_packet(packet)
    assert held.manifest.report == 2
    told = json.loads(held.entries["deployment/deployment.json"])["steps"]
    assert [(one["name"], one["state"], one["version"]) for one in told] == [
        ("change", "passed", "1.0.0"),
        ("smoke", "passed", "1.0.0"),
    ]
    assert b"open-change" in held.entries["report.html"]
    kinds = [one["kind"] for one in json.loads(held.entries["facts.json"])]
    assert kinds.count("StepStarted") == kinds.count("StepEnded") == 2


def test_a_plan_without_steps_is_what_it_was(stage: Stage) -> None:
    road = stage.road
    road.environment("dev")
    promotion = road.promote(road.release("2.0.0"), "dev")
    assert b"steps" not in stage.document(promotion.plan or "")
    done = road.deploy(promotion)
    held = read_packet(packet_of(stage, done.deployment or ""))
    assert held.manifest.report == 1
    assert b"steps" not in held.entries["deployment/deployment.json"]
    assert b"steps" not in held.entries["environment/configuration.json"]


RULE = [{"rule": "one", "approvers": ["ann"]}]


@pytest.mark.parametrize("changed", ["inputs", "steps", "version"])
def test_another_step_is_another_plan_which_nobody_has_approved(
    stage: Stage, changed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.environment(approvals=[*RULE, {"rule": "two", "approvers": ["bob"]}])
    road = stage.road
    waiting = road.promote(road.release("2.0.0"), "dev")
    road.approve(waiting, "ann")
    more = {"approvals": [*RULE, {"rule": "two", "approvers": ["bob"]}]}
    if changed == "inputs":
        stage.environment(ticket="CHG-2", **more)
    elif changed == "steps":
        road.environment("dev", **more)
    else:
        stage.bring("1.1.0", monkeypatch)

    after = road.approve(waiting, "bob")

    assert after.state is State.WAITING
    assert after.plan_digest != waiting.plan_digest
    assert not stage.steps["open-change"].calls


def undone(stage: Stage, promotion: Promotion) -> list[tuple[str, str]]:
    return [(one.name, one.state.value) for one in steps(stage, promotion) if one.purpose == "undo"]


def test_what_steps_did_is_taken_back_from_the_end(stage: Stage) -> None:
    road = stage.road
    road.environment("dev")
    road.deploy(road.promote(road.release("1.0.0"), "dev"))
    stage.steps["smoke-test"].troubles = [NO]
    stage.environment()
    promotion = road.promote(road.release("2.0.0"), "dev")
    road.finish("host-a")
    road.finish("host-b")
    # The step after the targets first, then the targets, then the step before them.
    assert undone(stage, promotion) == [("smoke", "passed"), ("change", "queued")]
    road.finish("host-b")
    assert not stage.steps["open-change"].undone
    road.finish("host-a")

    ended = road.promotion(promotion.id)
    assert ended.state is State.FAILED
    assert undone(stage, ended) == [("smoke", "passed"), ("change", "passed")]
    assert stage.steps["open-change"].undone == [f"{ended.deployment}:change"]
    assert stage.steps["open-change"].done == {}
    packet = packet_of(stage, ended.deployment or "")
    assert verify_packet(packet, road.work.proving.root).good
    assert replay_packet(packet).verdict == "identical"
    held = read_packet(packet)
    assert held.manifest.report == 3
    told = json.loads(held.entries["deployment/deployment.json"])
    assert [one["name"] for one in told["stepsUndone"]] == ["smoke", "change"]
    assert b"Steps taken back" in held.entries["report.html"]


def test_a_step_that_cannot_be_taken_back_hinders_no_other(stage: Stage) -> None:
    road = stage.road
    stage.steps["smoke-test"].troubles = [NO]
    stage.steps["smoke-test"].undo_troubles = [ValueError("stuck")] * 9
    stage.environment()
    promotion = road.promote(road.release("2.0.0"), "dev")
    road.finish("host-a")
    road.finish("host-b")
    ended = road.promotion(promotion.id)
    assert ended.state is State.ERRORED
    assert undone(stage, ended) == [("smoke", "errored"), ("change", "passed")]
    with road.database.read() as tx:
        assert not list_open_steps(tx, "played")


def test_a_plugin_is_in_use_while_its_step_may_have_to_be_taken_back(stage: Stage) -> None:
    stage.environment()
    road = stage.road
    road.promote(road.release("2.0.0"), "dev")
    road.finish("host-a")
    with road.database.read() as tx:
        assert {one.name for one in list_open_steps(tx, "played")} == {"change", "smoke"}
    road.finish("host-b")
    with road.database.read() as tx:
        assert not list_open_steps(tx, "played")


@pytest.mark.parametrize(
    ("trouble", "ending", "step"),
    [(NO, State.FAILED, "failed"), (ValueError("secret"), State.ERRORED, "errored")],
    ids=["a verdict", "a bug"],
)
def test_a_step_before_that_does_not_pass_ends_it_before_any_target(
    stage: Stage, trouble: Exception, ending: State, step: str
) -> None:
    stage.steps["open-change"].troubles = [trouble] * 3
    stage.environment()
    road = stage.road

    ended = road.promote(road.release("2.0.0"), "dev")

    assert ended.state is ending
    assert states(stage, ended) == {"change": step, "smoke": "cancelled"}
    assert targets(stage, ended) == [("deploy", TargetState.CANCELLED)] * 2
    assert road.take("host-a") is None
    change, *_ = steps(stage, ended)
    assert "secret" not in (change.message or "")
    packet = packet_of(stage, ended.deployment or "")
    assert verify_packet(packet, road.work.proving.root).good
    assert replay_packet(packet).verdict == "identical"
    stage.steps["open-change"].troubles = []
    assert road.promote(road.release("2.0.1"), "dev").state is State.DEPLOYING


def test_a_verdict_is_not_asked_again_and_trouble_is_with_the_same_key(stage: Stage) -> None:
    stage.steps["open-change"].troubles = [AWAY, SystemExit(3)]
    stage.environment()
    road = stage.road
    promotion = road.promote(road.release("2.0.0"), "dev")
    change, *_ = steps(stage, promotion)
    assert (change.state, change.attempts) == (StepState.PASSED, 3)
    calls = stage.steps["open-change"].calls
    assert [one.attempt for one in calls] == [1, 2, 3]
    assert {one.key for one in calls} == {f"{promotion.deployment}:change"}
    assert road.kinds(change.id) == ["StepReady", "StepStarted", "StepEnded"]


def test_trouble_that_stays_ends_it_as_errored_after_the_manifests_attempts(stage: Stage) -> None:
    stage.steps["open-change"].troubles = [AWAY] * 10
    stage.environment()
    ended = stage.road.promote(stage.road.release("2.0.0"), "dev")
    change, *_ = steps(stage, ended)
    assert ended.state is State.ERRORED
    assert (change.attempts, change.code) == (3, "ST-SVC-001")


def test_a_step_after_that_fails_brings_back_what_ran_before(stage: Stage) -> None:
    road = stage.road
    stage.environment()
    old = road.release("2.0.0")
    assert road.deploy(road.promote(old, "dev")).state is State.DEPLOYED
    stage.steps["smoke-test"].troubles = [NO]
    promotion = road.promote(road.release("3.0.0"), "dev")
    road.finish("host-a")
    road.finish("host-b")
    with road.database.read() as tx:
        assert (
            find_deployment(tx, road.promotion(promotion.id).deployment or "").state
            is DeploymentState.UNDOING
        )
    road.finish("host-b")
    road.finish("host-a")

    ended = road.promotion(promotion.id)
    assert ended.state is State.FAILED
    assert states(stage, ended) == {"change": "passed", "smoke": "failed"}
    assert [one for one, _ in targets(stage, ended)] == ["deploy", "deploy", "undo", "undo"]
    packet = packet_of(stage, ended.deployment or "")
    assert verify_packet(packet, road.work.proving.root).good


def test_a_step_after_that_fails_the_first_time_leaves_what_was_deployed(stage: Stage) -> None:
    stage.steps["smoke-test"].troubles = [NO]
    stage.environment()
    road = stage.road
    ended = road.deploy(road.promote(road.release("2.0.0"), "dev"))
    assert ended.state is State.FAILED
    assert targets(stage, ended) == [("deploy", TargetState.SUCCEEDED)] * 2


def test_a_target_that_fails_cancels_the_steps_after_it(stage: Stage) -> None:
    stage.environment()
    road = stage.road
    promotion = road.promote(road.release("2.0.0"), "dev")
    road.finish("host-a", OrderOutcome.FAILED, "it is unhealthy")
    ended = road.promotion(promotion.id)
    assert ended.state is State.FAILED
    assert states(stage, ended) == {"change": "passed", "smoke": "cancelled"}
    assert not stage.steps["smoke-test"].calls


def test_a_step_whose_server_ends_meanwhile_is_taken_up_again_by_its_key(stage: Stage) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> object:
        raise Killed

    stage.environment()
    road = stage.road
    release = road.release("2.0.0")
    whole = road.runs
    road.runs = InlineRuns(steps_of(replace(road.work, call_step=killed)))
    with pytest.raises(Killed):
        road.promote(release, "dev")
    road.runs = whole
    (ready,) = [one for one in all_facts(stage) if one.kind == "StepReady"]
    whole.start("StepReady", ready.id)
    road.settle()
    (change, *_) = steps_by_facts(stage, ready)
    assert (change.state, change.attempts) == (StepState.PASSED, 2)
    whole.start("StepReady", ready.id)
    assert len(stage.steps["open-change"].calls) == 1


def test_a_step_that_always_takes_the_server_down_is_given_up(stage: Stage) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object, undo: bool = False) -> object:
        if undo:
            return StepResult("taken back")
        raise Killed

    stage.environment()
    road = stage.road
    release = road.release("2.0.0")
    runs = road.runs = InlineRuns(steps_of(replace(road.work, call_step=killed)))
    with pytest.raises(Killed):
        road.promote(release, "dev")
    (ready,) = [one for one in all_facts(stage) if one.kind == "StepReady"]
    for _ in range(5):
        with pytest.raises(Killed):
            runs.start("StepReady", ready.id)
    runs.start("StepReady", ready.id)
    road.settle()
    (change, *_) = steps_by_facts(stage, ready)
    assert (change.state, change.attempts) == (StepState.ERRORED, 6)


@pytest.mark.parametrize(
    ("outputs", "why"),
    [
        ({"status": "x" * 70_000}, "64 KiB"),
        ({"status": 1.5}, "cannot be signed"),
        ({"ticket": 3}, "outputs.ticket"),
    ],
    ids=["too large", "no canonical value", "against its schema"],
)
def test_outputs_that_the_manifest_does_not_promise_are_an_error(
    stage: Stage, outputs: dict, why: str
) -> None:
    stage.steps["open-change"].outputs = outputs
    stage.environment()
    ended = stage.road.promote(stage.road.release("2.0.0"), "dev")
    change, *_ = steps(stage, ended)
    assert change.state is StepState.ERRORED
    assert why in (change.message or "")


def test_a_step_that_no_plugin_brings_any_more_ends_the_promotion_as_errored(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.environment()
    release = stage.road.release("2.0.0")
    stage.bring("", monkeypatch)
    ended = stage.road.promote(release, "dev")
    assert ended.state is State.ERRORED
    assert ended.deployment is None


def test_a_run_keeps_its_version_and_errs_where_that_is_gone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.environment()
    road = stage.road
    promotion = road.promote(road.release("2.0.0"), "dev")
    stage.bring("1.1.0", monkeypatch)  # beside the server there is but one version
    ended = road.deploy(promotion)
    assert ended.state is State.ERRORED
    _, smoke, *_ = steps(stage, ended)
    assert smoke.version == "1.0.0"
    assert smoke.code == "ST-PLG-007"
    assert not stage.steps["smoke-test"].calls


def test_a_packet_whose_steps_are_not_those_of_its_plan_does_not_verify(stage: Stage) -> None:
    stage.environment()
    road = stage.road
    done = road.deploy(road.promote(road.release("2.0.0"), "dev"))
    held = read_packet(packet_of(stage, done.deployment or ""))
    told = json.loads(held.entries["deployment/deployment.json"])
    for change in ({"version": "9.9.9"}, {"state": "failed"}):
        told["steps"][0] |= change
        own = {"manifest.json", "manifest.bundle.json", "report.html"}
        entries = {name: data for name, data in held.entries.items() if name not in own}
        signer = road.work.evidence_signer
        entries["deployment/deployment.json"] = canonical_json(told)
        entries["deployment/deployment.bundle.json"] = sign_statement(
            signer,
            subject_name="shop 2.0.0",
            subject=Digest(told["release"]["digest"]),
            predicate_type=DEPLOYMENT,
            predicate=told,
        )
        forged = build_packet(entries, about=held.about, signer=signer)
        found = verify_packet(forged, road.work.proving.root)
        assert [one.name for one in found.checks if not one.good] == ["deployment"], change
        told["steps"][0]["version"] = "1.0.0"
