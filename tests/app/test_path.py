"""The release path, rule by rule: what passes, what is refused, what comes back."""

import json
from datetime import timedelta

import pytest

from fixtures.road import OLD, Road
from stella.deployment.lifecycle import DeploymentState, TargetState
from stella.deployment.store import (
    current_deployment,
    find_deployment,
    list_artifacts,
    list_target_deployments,
)
from stella.environment.freeze import begin_freeze
from stella.evidence.store import list_evidence
from stella.evidence.verify import verify_packet
from stella.fleet import expire_orders
from stella.kernel import Digest
from stella.plugin.order import OrderOutcome
from stella.promotion.approval.approve import approve_promotion, cancel_promotion, reject_promotion
from stella.promotion.errors import (
    AlreadyApproved,
    AlreadyRequested,
    EnvironmentHasNoTargets,
    NoRuleNamesYou,
    NotAwaitingApproval,
    NothingToRollBackTo,
    OwnRequest,
    PlanHasChanged,
)
from stella.promotion.lifecycle import State
from stella.promotion.store import Promotion
from stella.release.create import create_release
from stella.release.errors import MalformedRelease, ReleaseExists, ReleaseIsWithdrawn
from stella.release.push import note_push, tag_drift
from stella.release.withdraw import withdraw_release
from stella.replay import replay_packet

LENIENT = {"parameters": {"severityMax": "critical"}}
STRICT = {"parameters": {"severityMax": "medium"}}
TWO_RULES = {
    "approvals": [
        {"rule": "security", "approvers": ["ann"], "count": 1},
        {"rule": "product", "approvers": ["approver"], "count": 1},
    ]
}


def decision(road: Road, promotion: Promotion) -> dict:
    assert promotion.record is not None
    return json.loads(road.work.blobs.get(Digest(promotion.record)))


def gate(road: Road, promotion: Promotion, name: str) -> dict:
    return next(one for one in decision(road, promotion)["gates"] if one["name"] == name)


def packets(road: Road, subject: str) -> list[bytes]:
    with road.database.read() as tx:
        return [
            road.work.blobs.get(Digest(one.digest)) for one in list_evidence(tx, subject=subject)
        ]


def test_a_clean_release_goes_all_the_way_and_leaves_proof(road: Road) -> None:
    road.environment("dev")
    road.environment("prod", "dev", **TWO_RULES)
    release = road.release("2.0.0")

    first = road.deploy(road.promote(release, "dev"))
    assert first.state is State.DEPLOYED

    waiting = road.promote(release, "prod")
    assert waiting.state is State.WAITING
    assert gate(road, waiting, "order")["state"] == "pass"
    once = road.approve(waiting, "ann")
    assert once.state is State.WAITING
    done = road.deploy(road.approve(waiting, "bob"))
    assert done.state is State.DEPLOYED

    with road.database.read() as tx:
        deployment = find_deployment(tx, done.deployment or "")
        names = {(one.target, one.name) for one in list_artifacts(tx, deployment.id)}
    assert deployment.state is DeploymentState.SUCCEEDED
    assert ("", "release.evidence.json") in names
    assert {("prod-a", "stella.version.json"), ("prod-b", "deploy.stella.script.pyz")} <= names
    for subject in (done.id, deployment.id):
        (packet,) = packets(road, subject)
        verification = verify_packet(packet, road.work.proving.root)
        assert verification.good, verification.checks
        assert replay_packet(packet).verdict == "identical"


def test_a_vulnerable_release_is_blocked_with_the_whole_why(road: Road) -> None:
    road.environment("dev", **LENIENT)
    road.environment("stage", "dev", **STRICT)
    release = road.release("1.0.0", OLD)
    assert road.deploy(road.promote(release, "dev")).state is State.DEPLOYED

    blocked = road.promote(release, "stage")

    assert blocked.state is State.BLOCKED
    policy = gate(road, blocked, "policy")
    reason = next(one for one in policy["reasons"] if one["finding"])
    assert reason["component"] == "web"
    assert reason["finding"]["why"]["paths"]
    assert reason["finding"]["why"]["layer"].startswith("sha256:")
    assert reason["finding"]["fixed"]
    assert policy["unblocks"]
    (packet,) = packets(road, blocked.id)
    assert verify_packet(packet, road.work.proving.root).good
    assert replay_packet(packet).verdict == "identical"


def test_the_order_of_environments_holds(road: Road) -> None:
    road.environment("dev")
    road.environment("stage", "dev", **STRICT)
    blocked = road.promote(road.release("2.0.0"), "stage")
    assert blocked.state is State.BLOCKED
    assert gate(road, blocked, "order")["state"] == "blocked"


def test_the_same_digests_under_another_name_have_been_there_already(road: Road) -> None:
    road.environment("dev")
    road.environment("stage", "dev", **STRICT)
    release = road.release("2.0.0")
    road.deploy(road.promote(release, "dev"))
    with road.database.transaction(actor="usr_1") as tx:
        twin = create_release(
            tx, road.work.blobs, name="shop", version="2.0.1", components=release.components
        )
    road.settle()
    assert twin.digest == release.digest
    assert gate(road, road.promote(twin, "stage"), "order")["state"] == "pass"


def test_an_image_without_advisories_is_unknown_which_is_no_pass(road: Road) -> None:
    road.environment("dev")
    road.work.blobs  # noqa: B018 - the path as it is, but with nothing known of vulnerabilities
    blind = road.work.__class__(
        **{name: getattr(road.work, name) for name in road.work.__slots__ if name != "snapshot"},
        snapshot=lambda: None,
    )
    from fixtures.road import InlineRuns
    from stella.app.flows import steps_of

    road.runs = InlineRuns(steps_of(blind))
    blocked = road.promote(road.release("2.0.0"), "dev")
    assert blocked.state is State.BLOCKED
    assert gate(road, blocked, "policy")["state"] == "unknown"


def test_a_freeze_blocks_until_it_ends(road: Road) -> None:
    road.environment("dev")
    release = road.release("2.0.0")
    with road.database.transaction(actor=road.people["ann"].id) as tx:
        begin_freeze(tx, "dev", ends_at=tx.now + timedelta(hours=1), reason="stocktaking")
    blocked = road.promote(release, "dev")
    assert blocked.state is State.BLOCKED
    freeze = gate(road, blocked, "freeze")
    assert "stocktaking" in freeze["summary"]
    assert freeze["reasons"][0]["who"] == "ann, or an operator"
    road.clock.go_on(hours=2)
    assert road.promote(release, "dev").state is State.DEPLOYING


def test_a_freeze_that_begins_while_people_decide_holds_at_the_start(road: Road) -> None:
    road.environment("dev", approvals=[{"rule": "one", "approvers": ["ann"]}])
    waiting = road.promote(road.release("2.0.0"), "dev")
    with road.database.transaction(actor=road.people["ann"].id) as tx:
        begin_freeze(tx, "dev", ends_at=tx.now + timedelta(hours=1), reason="stocktaking")
    assert road.approve(waiting, "ann").state is State.BLOCKED


def test_nobody_approves_what_they_asked_for(road: Road) -> None:
    road.environment("dev", approvals=[{"rule": "one", "approvers": ["developer", "approver"]}])
    waiting = road.promote(road.release("2.0.0"), "dev")
    with pytest.raises(OwnRequest):
        road.approve(waiting, "dan")
    with pytest.raises(OwnRequest), road.database.transaction(actor="x") as tx:
        reject_promotion(tx, road.people["dan"], waiting.id, "no")


def test_who_is_named_by_no_rule_has_no_say(road: Road) -> None:
    road.environment("dev", approvals=[{"rule": "one", "approvers": ["ann"]}])
    waiting = road.promote(road.release("2.0.0"), "dev")
    with pytest.raises(NoRuleNamesYou):
        road.approve(waiting, "bob")


def test_one_person_does_not_stand_for_two_rules(road: Road) -> None:
    road.environment("dev", **TWO_RULES)
    waiting = road.promote(road.release("2.0.0"), "dev")
    once = road.approve(waiting, "ann")
    assert once.state is State.WAITING
    with pytest.raises(AlreadyApproved):
        road.approve(once, "ann")
    assert road.approve(once, "bob").state is State.DEPLOYING


def test_a_changed_plan_voids_what_was_approved_before(road: Road) -> None:
    road.environment("dev", **TWO_RULES)
    waiting = road.promote(road.release("2.0.0"), "dev")
    road.approve(waiting, "ann")
    road.environment("dev", **TWO_RULES, parameters={"severityMax": "low"})

    after = road.approve(waiting, "bob")

    assert after.state is State.WAITING
    assert after.plan_digest != waiting.plan_digest
    counted = {one["id"]: one for one in decision(road, after)["approvals"]}
    assert {one["rule"] for one in counted.values()} == {None}
    assert "another plan" in next(iter(counted.values()))["whyNot"]
    with pytest.raises(PlanHasChanged), road.database.transaction(actor="x") as tx:
        approve_promotion(
            tx,
            road.people["ann"],
            waiting.id,
            plan_digest=waiting.plan_digest or "",
            comment="",
            blobs=road.work.blobs,
            signer=road.work.evidence_signer,
        )


def test_a_rejection_ends_it_with_evidence(road: Road) -> None:
    road.environment("dev", approvals=[{"rule": "one", "approvers": ["ann"]}])
    waiting = road.promote(road.release("2.0.0"), "dev")
    with road.database.transaction(actor=road.people["ann"].id) as tx:
        reject_promotion(tx, road.people["ann"], waiting.id, "not today")
    road.settle()
    assert road.promotion(waiting.id).state is State.REJECTED
    assert len(packets(road, waiting.id)) == 1
    with pytest.raises(NotAwaitingApproval):
        road.approve(waiting, "ann")


def test_the_same_images_are_not_asked_for_twice_at_a_time(road: Road) -> None:
    road.environment("dev")
    release = road.release("2.0.0")
    running = road.promote(release, "dev")
    with pytest.raises(AlreadyRequested) as refusal:
        road.promote(release, "dev")
    assert refusal.value.facts["promotion"] == running.id


def test_a_cancelled_promotion_makes_room(road: Road) -> None:
    road.environment("dev", approvals=[{"rule": "one", "approvers": ["ann"]}])
    release = road.release("2.0.0")
    waiting = road.promote(release, "dev")
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        cancel_promotion(tx, waiting.id, "changed my mind")
    road.settle()
    assert road.promotion(waiting.id).state is State.CANCELLED
    assert road.promote(release, "dev").state is State.WAITING


def test_an_environment_without_targets_and_a_withdrawn_release_are_refused(road: Road) -> None:
    from stella.environment.apply import apply_environment

    with road.database.transaction(actor="usr_1") as tx:
        apply_environment(tx, "empty", {})
    release = road.release("2.0.0")
    with pytest.raises(EnvironmentHasNoTargets):
        road.promote(release, "empty")
    road.environment("dev")
    with road.database.transaction(actor="usr_1") as tx:
        withdraw_release(tx, release.id, "broken")
    with pytest.raises(ReleaseIsWithdrawn):
        road.promote(release, "dev")


def test_a_failure_on_the_first_target_touches_no_other(road: Road) -> None:
    road.environment("dev")
    promotion = road.promote(road.release("2.0.0"), "dev")
    road.finish("host-a", OrderOutcome.FAILED, "digest mismatch")
    failed = road.promotion(promotion.id)
    assert failed.state is State.FAILED
    with road.database.read() as tx:
        states = [one.state for one in list_target_deployments(tx, failed.deployment or "")]
    assert states == [TargetState.FAILED, TargetState.CANCELLED]
    assert road.take("host-b") is None
    (packet,) = packets(road, failed.deployment or "")
    assert verify_packet(packet, road.work.proving.root).good


def test_a_failure_on_the_second_target_brings_the_first_one_back(road: Road) -> None:
    road.environment("dev")
    old = road.release("2.0.0")
    road.deploy(road.promote(old, "dev"))
    promotion = road.promote(road.release("3.0.0"), "dev")
    road.finish("host-a")
    road.finish("host-b", OrderOutcome.FAILED, "it is unhealthy")
    deployment_id = road.promotion(promotion.id).deployment or ""
    with road.database.read() as tx:
        assert find_deployment(tx, deployment_id).state is DeploymentState.UNDOING
    road.finish("host-a")

    assert road.promotion(promotion.id).state is State.FAILED
    with road.database.read() as tx:
        ended = find_deployment(tx, deployment_id)
        parts = [
            (one.target, one.purpose, one.state) for one in list_target_deployments(tx, ended.id)
        ]
        current = current_deployment(tx, "dev")
    assert ended.state is DeploymentState.FAILED
    assert parts[-1] == ("dev-a", "undo", TargetState.SUCCEEDED)
    assert current is not None
    assert current.release == old.id


def test_an_agent_that_never_comes_ends_it_as_errored(road: Road) -> None:
    road.environment("dev")
    promotion = road.promote(road.release("2.0.0"), "dev")
    road.clock.go_on(minutes=11)
    with road.database.transaction(actor="system") as tx:
        assert expire_orders(tx) == 1
    road.settle()
    assert road.promotion(promotion.id).state is State.ERRORED


def test_a_rollback_goes_the_same_road(road: Road) -> None:
    road.environment("dev")
    with pytest.raises(NothingToRollBackTo):
        road.roll_back("dev")
    old, new = road.release("2.0.0"), road.release("3.0.0")
    road.deploy(road.promote(old, "dev"))
    road.deploy(road.promote(new, "dev"))

    back = road.deploy(road.roll_back("dev"))

    assert back.state is State.DEPLOYED
    assert back.rollback
    assert back.release == old.id
    with road.database.read() as tx:
        current = current_deployment(tx, "dev")
    assert current is not None
    assert current.release == old.id


def test_a_moved_tag_changes_nothing_and_is_shown(road: Road) -> None:
    release = road.release("2.0.0")
    web = release.components[0]
    other = Digest("sha256:" + "e" * 64)
    with road.database.transaction(actor="registry") as tx:
        note_push(tx, host=web.host, repository=web.repository, tag="2.0.0", digest=other)
        drift = tag_drift(tx, release)
    assert set(drift) == {"web"}
    assert drift["web"].digest == other.text


def test_a_release_is_named_once_and_properly(road: Road) -> None:
    release = road.release("2.0.0")
    for name, version, refusal in (
        ("shop", "2.0.0", ReleaseExists),
        ("Shop", "2.0.1", MalformedRelease),
        ("shop", "2 0", MalformedRelease),
    ):
        with pytest.raises(refusal), road.database.transaction(actor="usr_1") as tx:
            create_release(
                tx, road.work.blobs, name=name, version=version, components=release.components
            )
