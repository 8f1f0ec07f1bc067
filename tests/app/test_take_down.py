"""Taking down what runs: what goes, who may, what is proved, and what may follow."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fixtures.road import Road
from stella.app.carrying import ServerStops
from stella.app.flows import prove_take_down
from stella.app.work import removing_of
from stella.deployment.errors import (
    NothingToTakeDown,
    TakeDownIsBusy,
    TakeDownPlanChanged,
    TakeDownRefused,
)
from stella.deployment.in_use import environment_in_use, target_in_use
from stella.deployment.lifecycle import TakeDownState
from stella.deployment.standing import judge_standing
from stella.deployment.store import current_deployment, list_target_deployments
from stella.deployment.take_down.begin import Foreseen, begin_take_down, foresee_take_down
from stella.deployment.take_down.planning import Removing
from stella.deployment.take_down.store import TakeDown, find_take_down, list_take_downs
from stella.environment.freeze import begin_freeze
from stella.evidence.packet import build_packet, read_packet
from stella.evidence.store import list_evidence
from stella.evidence.verify import verify_packet
from stella.fleet import expire_orders, find_agent_by_name, revoke
from stella.kernel import Digest, time_text
from stella.plugin.contract.target import Running
from stella.plugin.order import OrderOutcome, read_order
from stella.plugin.refusals import CannotTakeDown
from stella.promotion.errors import NothingToRollBackTo
from stella.promotion.lifecycle import State
from stella.promotion.store import running_in
from stella.record import seal
from stella.replay import replay_packet
from stella.trust import STICKER, verify_document


def removing(road: Road) -> Removing:
    work = road.work
    return removing_of(work.blobs, work.evidence_signer, lambda: road.plugins, is_simulated=False)


def begin(road: Road, name: str, **more: Any) -> TakeDown:
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        begun = begin_take_down(
            tx, road.people["dan"], name, removing(road), reason="it is over", **more
        )
    road.settle()
    return begun


def foreseen(road: Road, name: str) -> Foreseen:
    with road.database.read() as tx:
        return foresee_take_down(tx, road.people["dan"], name, removing(road))


def now(road: Road, take_down: TakeDown) -> TakeDown:
    with road.database.read() as tx:
        return find_take_down(tx, take_down.id)


def uses(road: Road, environment: str, target: str) -> list[str]:
    with road.database.read() as tx:
        return [*environment_in_use(tx, environment), *target_in_use(tx, target)]


def packet(road: Road, take_down: TakeDown) -> bytes:
    with road.database.read() as tx:
        (kept,) = list_evidence(tx, subject=take_down.id)
    return road.work.blobs.get(Digest(kept.digest))


def proves(road: Road, take_down: TakeDown) -> bytes:
    content = packet(road, take_down)
    verification = verify_packet(content, road.work.proving.root)
    assert verification.good, [one for one in verification.checks if not one.good]
    assert replay_packet(content).verdict == "identical"
    return content


def deployed(road: Road, environment: str = "dev", version: str = "2.0.0", **more: Any) -> None:
    road.environment(environment, **more)
    assert road.deploy(road.promote(road.release(version), environment)).state is State.DEPLOYED


def test_what_runs_is_shown_taken_away_and_proved_and_the_environment_is_free(road: Road) -> None:
    deployed(road)
    road.clock.go_on(hours=1)
    before = time_text(road.clock())
    shown = foreseen(road, "dev")
    assert [one.target for one in shown.plan.targets] == ["dev-a", "dev-b"]
    assert shown.against == ()
    verbs = [one.verb for one in shown.plan.targets[0].actions]
    assert verbs == ["stop", "remove", "remove_rest", "remove_networks", "place_sticker"]
    road.clock.go_on(hours=1)

    begun = begin(road, "dev", plan_digest=shown.digest)
    assert uses(road, "dev", "dev-a") != []
    road.finish("host-a")
    road.finish("host-b")

    done = now(road, begun)
    assert (done.state, done.plan) == (TakeDownState.SUCCEEDED, shown.digest)
    assert uses(road, "dev", "dev-a") == []
    with road.database.read() as tx:
        assert current_deployment(tx, "dev") is None
        assert running_in(tx, "dev") is None
        assert judge_standing(tx, "dev", road.work.deciding) is None
        then = current_deployment(tx, "dev", before)
        assert then is not None
        assert then.id == done.deployment
    kinds = road.kinds(begun.id)
    assert kinds == ["TakeDownStarted", "TakeDownSucceeded", "EvidenceSealed"]
    content = proves(road, done)
    assert b"Take-down of what ran in dev" in read_packet(content).entries["report.html"]


def test_the_order_says_what_it_is_for_and_the_sticker_that_nothing_runs(road: Road) -> None:
    deployed(road)
    begun = begin(road, "dev")
    taken = road.take("host-a")
    assert taken is not None
    order = read_order(taken.bundle, (road.work.order_signer.public,))
    assert (order.purpose, order.deployment) == ("take_down", begun.id)
    assert order.intent.services[0].component == "web"
    assert order.sticker is not None
    said = verify_document(
        order.sticker.encode(),
        (road.work.evidence_signer.public,),
        subject=order.intent.release_digest,
        predicate_type=STICKER,
    )
    assert (said["components"], said["takenDown"]) == ({}, begun.id)


def test_a_new_promotion_works_afterwards_and_nothing_is_rolled_back_to(road: Road) -> None:
    deployed(road)
    begin(road, "dev")
    road.finish("host-a")
    road.finish("host-b")
    with pytest.raises(NothingToRollBackTo, match="was taken down"):
        road.roll_back("dev")
    with pytest.raises(NothingToTakeDown):
        begin(road, "dev")
    assert road.deploy(road.promote(road.release("3.0.0"), "dev")).state is State.DEPLOYED
    with road.database.read() as tx:
        current = current_deployment(tx, "dev")
    assert current is not None
    assert current.previous is None
    assert uses(road, "dev", "dev-a") != []


def test_two_at_once_and_one_while_something_is_deployed_are_refused(road: Road) -> None:
    deployed(road)
    going = road.promote(road.release("3.0.0"), "dev")
    assert going.state is State.DEPLOYING
    assert foreseen(road, "dev").against == (f"{going.id} is being deployed there",)
    with pytest.raises(TakeDownIsBusy, match=going.id):
        begin(road, "dev")
    road.deploy(going)
    begun = begin(road, "dev")
    with pytest.raises(TakeDownIsBusy, match=begun.id):
        begin(road, "dev")


def test_what_is_asked_for_meanwhile_waits_and_then_goes(road: Road) -> None:
    deployed(road)
    begun = begin(road, "dev")
    waiting = road.promote(road.release("3.0.0"), "dev")
    assert waiting.state is State.QUEUED
    road.finish("host-a")
    road.finish("host-b")
    assert now(road, begun).state is TakeDownState.SUCCEEDED
    assert road.promotion(waiting.id).state is State.DEPLOYING
    assert road.deploy(waiting).state is State.DEPLOYED


def test_a_freeze_and_approvals_and_no_reason_are_against_it(road: Road) -> None:
    deployed(road)
    with road.database.transaction(actor="usr_op") as tx:
        begin_freeze(tx, "dev", ends_at=road.clock() + timedelta(hours=1), reason="the fair is on")
    with pytest.raises(TakeDownRefused, match="the fair is on"):
        begin(road, "dev")
    road.clock.go_on(hours=2)
    road.environment("dev", approvals=[{"rule": "security", "approvers": ["approver"]}])
    with pytest.raises(TakeDownRefused, match=r"needs approval \(security\)"):
        begin(road, "dev")
    road.environment("dev")
    with (
        pytest.raises(TakeDownRefused, match="nobody said why"),
        road.database.transaction(actor="usr_op") as tx,
    ):
        begin_take_down(tx, road.people["dan"], "dev", removing(road), reason="  ")
    with road.database.read() as tx:
        assert list_take_downs(tx, "dev") == ()


def test_another_plan_than_the_one_shown_is_refused(road: Road) -> None:
    deployed(road)
    shown = foreseen(road, "dev")
    assert road.deploy(road.promote(road.release("3.0.0"), "dev")).state is State.DEPLOYED
    with pytest.raises(TakeDownPlanChanged):
        begin(road, "dev", plan_digest=shown.digest)


def test_a_host_that_is_away_ends_it_errored_and_the_others_are_emptied(road: Road) -> None:
    deployed(road)
    begun = begin(road, "dev")
    road.clock.go_on(minutes=11)
    with road.database.transaction(actor="system") as tx:
        assert expire_orders(tx) == 1
    road.settle()
    road.finish("host-b")
    ended = now(road, begun)
    assert ended.state is TakeDownState.ERRORED
    with road.database.read() as tx:
        first, second = list_target_deployments(tx, begun.id)
        assert current_deployment(tx, "dev") is not None
    assert (first.state, first.code, second.state) == ("errored", "ST-DEP-004", "succeeded")
    assert "the agent did not take the order in time" in (first.message or "")
    proves(road, ended)
    assert [one.target for one in foreseen(road, "dev").plan.targets] == ["dev-a"]
    again = begin(road, "dev")
    road.finish("host-a")
    assert now(road, again).state is TakeDownState.SUCCEEDED
    assert uses(road, "dev", "dev-a") == []


def test_what_is_left_on_a_host_is_no_success_whatever_the_agent_says(road: Road) -> None:
    deployed(road)
    begun = begin(road, "dev")
    left = Running("web", "shop-dev-web-1", "web@x", None, "running", healthy=True)
    road.finish("host-a", running=(left,))
    road.finish("host-b", OrderOutcome.FAILED, "it does not stop")
    ended = now(road, begun)
    assert ended.state is TakeDownState.FAILED
    with road.database.read() as tx:
        parts = [(one.state, one.code) for one in list_target_deployments(tx, begun.id)]
    assert parts == [("failed", "ST-TGT-016"), ("failed", "ST-TGT-001")]
    content = proves(road, ended)
    assert b"shop-dev-web-1" in read_packet(content).entries["report.html"]
    assert road.deploy(road.promote(road.release("3.0.0"), "dev")).state is State.DEPLOYED


def test_a_revoked_agent_ends_it_errored(road: Road) -> None:
    deployed(road)
    with road.database.transaction(actor="usr_op") as tx:
        agent = find_agent_by_name(tx, "host-a")
        assert agent is not None
        revoke(tx, agent.id, "it was stolen")
    begun = begin(road, "dev")
    road.finish("host-b")
    assert now(road, begun).state is TakeDownState.ERRORED


def test_what_a_failed_first_deployment_left_is_taken_away(road: Road) -> None:
    road.environment("dev")
    road.promote(road.release("2.0.0"), "dev")
    road.finish("host-a")
    road.finish("host-b", OrderOutcome.FAILED)
    with road.database.read() as tx:
        assert current_deployment(tx, "dev") is None
    begun = begin(road, "dev")
    assert begun.release is None
    road.finish("host-a")
    road.finish("host-b")
    assert now(road, begun).state is TakeDownState.SUCCEEDED
    assert uses(road, "dev", "dev-b") == []
    proves(road, now(road, begun))


def test_a_connector_that_knows_no_removal_is_refused_before_anything(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed(road)

    class OfBefore:
        """A connector with what the contract asked for before."""

        plan = apply = inspect = engine = None

    old = replace(removing(road), open_connector=lambda _: OfBefore())  # type: ignore[arg-type,return-value]
    with (
        pytest.raises(CannotTakeDown, match=r"dev-a.*docker"),
        road.database.transaction(actor="usr_op") as tx,
    ):
        begin_take_down(tx, road.people["dan"], "dev", old, reason="over")
    with road.database.read() as tx:
        assert list_take_downs(tx) == ()


def test_a_promotion_that_goes_on_by_itself_does_not_bring_it_back(road: Road) -> None:
    road.environment("dev")
    road.environment("stage", "dev", promotions={"automatic": {}})
    assert road.deploy(road.promote(road.release("2.0.0"), "dev")).state is State.DEPLOYED
    road.finish("host-a")
    road.finish("host-b")
    with road.database.read() as tx:
        assert running_in(tx, "stage") is not None
    begin(road, "stage")
    road.finish("host-a")
    road.finish("host-b")
    road.environment("stage", "dev", promotions={"automatic": {}}, parameters={"a": 1})
    road.settle()
    assert road.take("host-a") is None


@pytest.mark.parametrize(
    ("entry", "change", "check"),
    [
        ("take-down/take-down.json", {"state": "failed"}, "take-down"),
        ("take-down/take-down.json", {"reason": "another"}, "take-down"),
        ("take-down/input.json", {"reason": ""}, "decision"),
        ("take-down/input.json", {"reason": "another"}, "take-down"),
        ("take-down/record.json", {"outcome": "refused"}, "decision"),
        ("take-down/plan.json", {"environment": "prod"}, "decision"),
        ("environment/configuration.json", {"x": 1}, "decision"),
    ],
)
def test_a_packet_in_which_something_was_changed_does_not_hold(
    road: Road, entry: str, change: dict[str, Any], check: str
) -> None:
    deployed(road)
    begun = begin(road, "dev")
    road.finish("host-a")
    road.finish("host-b")
    read = read_packet(proves(road, begun))
    own = {"manifest.json", "manifest.bundle.json", "report.html"}
    entries = {name: content for name, content in read.entries.items() if name not in own}
    changed = json.dumps(
        {**json.loads(entries[entry]), **change}, sort_keys=True, separators=(",", ":")
    )
    forged = build_packet(
        {**entries, entry: changed.encode()}, about=read.about, signer=road.work.evidence_signer
    )
    failed = [
        one.name for one in verify_packet(forged, road.work.proving.root).checks if not one.good
    ]
    assert check in failed


def test_a_packet_without_the_facts_that_it_rests_on_does_not_hold(road: Road) -> None:
    deployed(road)
    begun = begin(road, "dev")
    road.finish("host-a")
    road.finish("host-b")
    read = read_packet(proves(road, begun))
    facts = json.loads(read.entries["facts.json"])
    own = {"manifest.json", "manifest.bundle.json", "report.html"}
    entries = {name: content for name, content in read.entries.items() if name not in own}
    for kind, check in (
        ("EnvironmentApplied", "relied on"),
        ("DeploymentStarted", "relied on"),
        ("TakeDownStarted", "take-down"),
        ("TakeDownSucceeded", "take-down"),
    ):
        assert any(one["kind"] == kind for one in facts)
        left = [one for one in facts if one["kind"] != kind]
        without = json.dumps(left, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        forged = build_packet(
            {**entries, "facts.json": without.encode()},
            about=read.about,
            signer=road.work.evidence_signer,
        )
        found = verify_packet(forged, road.work.proving.root).checks
        assert check in [one.name for one in found if not one.good], kind


def test_a_packet_is_not_closed_before_its_end_is_in_the_chain(road: Road) -> None:
    deployed(road)
    begun = begin(road, "dev")
    road.finish("host-a")
    road.clock.go_on(minutes=5)
    road.work.stopping.set()  # or it would wait as long as the other server seals
    seal(road.database, "another server")
    with pytest.raises(ServerStops):
        road.finish("host-b")
    assert now(road, begun).state is TakeDownState.SUCCEEDED
    with road.database.read() as tx:
        assert list_evidence(tx, subject=begun.id) == ()
    road.clock.go_on(minutes=5)
    (end,) = [one for one in road.facts(begun.id) if one.kind == "TakeDownSucceeded"]
    prove_take_down(road.work, end)
    proves(road, begun)
