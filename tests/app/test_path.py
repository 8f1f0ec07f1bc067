"""The release path, rule by rule: what passes, what is refused, what comes back."""

import json
from datetime import timedelta

import pytest

from fixtures.path import OLD, Path_
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
from stella.promotion.approve import approve_promotion, cancel_promotion, reject_promotion
from stella.promotion.errors import (
    AlreadyApproved,
    EnvironmentHasNoTargets,
    EnvironmentIsBusy,
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

LENIENT = {"parameters": {"severityMax": "critical", "kevBlocks": False}}
TWO_RULES = {
    "approvals": [
        {"rule": "security", "approvers": ["ann"], "count": 1},
        {"rule": "product", "approvers": ["approver"], "count": 1},
    ]
}


def decision(path: Path_, promotion: Promotion) -> dict:
    assert promotion.record is not None
    return json.loads(path.work.blobs.get(Digest(promotion.record)))


def gate(path: Path_, promotion: Promotion, name: str) -> dict:
    return next(one for one in decision(path, promotion)["gates"] if one["name"] == name)


def packets(path: Path_, subject: str) -> list[bytes]:
    with path.database.read() as tx:
        return [
            path.work.blobs.get(Digest(one.digest)) for one in list_evidence(tx, subject=subject)
        ]


def test_a_clean_release_goes_all_the_way_and_leaves_proof(path: Path_) -> None:
    path.environment("dev")
    path.environment("prod", "dev", **TWO_RULES)
    release = path.release("2.0.0")

    first = path.deploy(path.promote(release, "dev"))
    assert first.state is State.DEPLOYED

    waiting = path.promote(release, "prod")
    assert waiting.state is State.WAITING
    assert gate(path, waiting, "order")["state"] == "pass"
    once = path.approve(waiting, "ann")
    assert once.state is State.WAITING
    done = path.deploy(path.approve(waiting, "bob"))
    assert done.state is State.DEPLOYED

    with path.database.read() as tx:
        deployment = find_deployment(tx, done.deployment or "")
        names = {(one.target, one.name) for one in list_artifacts(tx, deployment.id)}
    assert deployment.state is DeploymentState.SUCCEEDED
    assert ("", "release.evidence.json") in names
    assert {("prod-a", "stella.version.json"), ("prod-b", "deploy.stella.script.pyz")} <= names
    for subject in (done.id, deployment.id):
        (packet,) = packets(path, subject)
        verification = verify_packet(packet, path.work.proving.root)
        assert verification.good, verification.checks
        assert replay_packet(packet).verdict == "identical"


def test_a_vulnerable_release_is_blocked_with_the_whole_why(path: Path_) -> None:
    path.environment("dev", **LENIENT)
    path.environment("stage", "dev")
    release = path.release("1.0.0", OLD)
    assert path.deploy(path.promote(release, "dev")).state is State.DEPLOYED

    blocked = path.promote(release, "stage")

    assert blocked.state is State.BLOCKED
    policy = gate(path, blocked, "policy")
    reason = next(one for one in policy["reasons"] if one["finding"])
    assert reason["component"] == "web"
    assert reason["finding"]["why"]["paths"]
    assert reason["finding"]["why"]["layer"].startswith("sha256:")
    assert reason["finding"]["fixed"]
    assert policy["unblocks"]
    (packet,) = packets(path, blocked.id)
    assert verify_packet(packet, path.work.proving.root).good
    assert replay_packet(packet).verdict == "identical"


def test_the_order_of_environments_holds(path: Path_) -> None:
    path.environment("dev")
    path.environment("stage", "dev")
    blocked = path.promote(path.release("2.0.0"), "stage")
    assert blocked.state is State.BLOCKED
    assert gate(path, blocked, "order")["state"] == "blocked"


def test_the_same_digests_under_another_name_have_been_there_already(path: Path_) -> None:
    path.environment("dev")
    path.environment("stage", "dev")
    release = path.release("2.0.0")
    path.deploy(path.promote(release, "dev"))
    with path.database.transaction(actor="usr_1") as tx:
        twin = create_release(
            tx, path.work.blobs, name="shop", version="2.0.1", components=release.components
        )
    path.settle()
    assert twin.digest == release.digest
    assert gate(path, path.promote(twin, "stage"), "order")["state"] == "pass"


def test_an_image_without_advisories_is_unknown_which_is_no_pass(path: Path_) -> None:
    path.environment("dev")
    path.work.blobs  # noqa: B018 - the path as it is, but with nothing known of vulnerabilities
    blind = path.work.__class__(
        **{name: getattr(path.work, name) for name in path.work.__slots__ if name != "snapshot"},
        snapshot=lambda: None,
    )
    from fixtures.path import InlineRuns
    from stella.app.flows import steps_of

    path.runs = InlineRuns(steps_of(blind))
    blocked = path.promote(path.release("2.0.0"), "dev")
    assert blocked.state is State.BLOCKED
    assert gate(path, blocked, "policy")["state"] == "unknown"


def test_a_freeze_blocks_until_it_ends(path: Path_) -> None:
    path.environment("dev")
    release = path.release("2.0.0")
    with path.database.transaction(actor=path.people["ann"].id) as tx:
        begin_freeze(tx, "dev", ends_at=tx.now + timedelta(hours=1), reason="stocktaking")
    blocked = path.promote(release, "dev")
    assert blocked.state is State.BLOCKED
    freeze = gate(path, blocked, "freeze")
    assert "stocktaking" in freeze["summary"]
    assert freeze["reasons"][0]["who"] == "ann, or an operator"
    path.clock.go_on(hours=2)
    assert path.promote(release, "dev").state is State.DEPLOYING


def test_a_freeze_that_begins_while_people_decide_holds_at_the_start(path: Path_) -> None:
    path.environment("dev", approvals=[{"rule": "one", "approvers": ["ann"]}])
    waiting = path.promote(path.release("2.0.0"), "dev")
    with path.database.transaction(actor=path.people["ann"].id) as tx:
        begin_freeze(tx, "dev", ends_at=tx.now + timedelta(hours=1), reason="stocktaking")
    assert path.approve(waiting, "ann").state is State.BLOCKED


def test_nobody_approves_what_they_asked_for(path: Path_) -> None:
    path.environment("dev", approvals=[{"rule": "one", "approvers": ["developer", "approver"]}])
    waiting = path.promote(path.release("2.0.0"), "dev")
    with pytest.raises(OwnRequest):
        path.approve(waiting, "dan")
    with pytest.raises(OwnRequest), path.database.transaction(actor="x") as tx:
        reject_promotion(tx, path.people["dan"], waiting.id, "no")


def test_who_is_named_by_no_rule_has_no_say(path: Path_) -> None:
    path.environment("dev", approvals=[{"rule": "one", "approvers": ["ann"]}])
    waiting = path.promote(path.release("2.0.0"), "dev")
    with pytest.raises(NoRuleNamesYou):
        path.approve(waiting, "bob")


def test_one_person_does_not_stand_for_two_rules(path: Path_) -> None:
    path.environment("dev", **TWO_RULES)
    waiting = path.promote(path.release("2.0.0"), "dev")
    once = path.approve(waiting, "ann")
    assert once.state is State.WAITING
    with pytest.raises(AlreadyApproved):
        path.approve(once, "ann")
    assert path.approve(once, "bob").state is State.DEPLOYING


def test_a_changed_plan_voids_what_was_approved_before(path: Path_) -> None:
    path.environment("dev", **TWO_RULES)
    waiting = path.promote(path.release("2.0.0"), "dev")
    path.approve(waiting, "ann")
    path.environment("dev", **TWO_RULES, parameters={"severityMax": "low"})

    after = path.approve(waiting, "bob")

    assert after.state is State.WAITING
    assert after.plan_digest != waiting.plan_digest
    counted = {one["id"]: one for one in decision(path, after)["approvals"]}
    assert {one["rule"] for one in counted.values()} == {None}
    assert "another plan" in next(iter(counted.values()))["whyNot"]
    with pytest.raises(PlanHasChanged), path.database.transaction(actor="x") as tx:
        approve_promotion(
            tx,
            path.people["ann"],
            waiting.id,
            plan_digest=waiting.plan_digest or "",
            comment="",
            blobs=path.work.blobs,
            signer=path.work.evidence_signer,
        )


def test_a_rejection_ends_it_with_evidence(path: Path_) -> None:
    path.environment("dev", approvals=[{"rule": "one", "approvers": ["ann"]}])
    waiting = path.promote(path.release("2.0.0"), "dev")
    with path.database.transaction(actor=path.people["ann"].id) as tx:
        reject_promotion(tx, path.people["ann"], waiting.id, "not today")
    path.settle()
    assert path.promotion(waiting.id).state is State.REJECTED
    assert len(packets(path, waiting.id)) == 1
    with pytest.raises(NotAwaitingApproval):
        path.approve(waiting, "ann")


def test_a_busy_environment_refuses_a_second_promotion(path: Path_) -> None:
    path.environment("dev")
    release = path.release("2.0.0")
    running = path.promote(release, "dev")
    with pytest.raises(EnvironmentIsBusy) as refusal:
        path.promote(release, "dev")
    assert refusal.value.facts["promotion"] == running.id


def test_a_cancelled_promotion_makes_room(path: Path_) -> None:
    path.environment("dev", approvals=[{"rule": "one", "approvers": ["ann"]}])
    release = path.release("2.0.0")
    waiting = path.promote(release, "dev")
    with path.database.transaction(actor=path.people["dan"].id) as tx:
        cancel_promotion(tx, waiting.id, "changed my mind")
    path.settle()
    assert path.promotion(waiting.id).state is State.CANCELLED
    assert path.promote(release, "dev").state is State.WAITING


def test_an_environment_without_targets_and_a_withdrawn_release_are_refused(path: Path_) -> None:
    from stella.environment.apply import apply_environment

    with path.database.transaction(actor="usr_1") as tx:
        apply_environment(tx, "empty", {})
    release = path.release("2.0.0")
    with pytest.raises(EnvironmentHasNoTargets):
        path.promote(release, "empty")
    path.environment("dev")
    with path.database.transaction(actor="usr_1") as tx:
        withdraw_release(tx, release.id, "broken")
    with pytest.raises(ReleaseIsWithdrawn):
        path.promote(release, "dev")


def test_a_failure_on_the_first_target_touches_no_other(path: Path_) -> None:
    path.environment("dev")
    promotion = path.promote(path.release("2.0.0"), "dev")
    path.finish("host-a", OrderOutcome.FAILED, "digest mismatch")
    failed = path.promotion(promotion.id)
    assert failed.state is State.FAILED
    with path.database.read() as tx:
        states = [one.state for one in list_target_deployments(tx, failed.deployment or "")]
    assert states == [TargetState.FAILED, TargetState.CANCELLED]
    assert path.take("host-b") is None
    (packet,) = packets(path, failed.deployment or "")
    assert verify_packet(packet, path.work.proving.root).good


def test_a_failure_on_the_second_target_brings_the_first_one_back(path: Path_) -> None:
    path.environment("dev")
    old = path.release("2.0.0")
    path.deploy(path.promote(old, "dev"))
    promotion = path.promote(path.release("3.0.0"), "dev")
    path.finish("host-a")
    path.finish("host-b", OrderOutcome.FAILED, "it is unhealthy")
    deployment_id = path.promotion(promotion.id).deployment or ""
    with path.database.read() as tx:
        assert find_deployment(tx, deployment_id).state is DeploymentState.UNDOING
    path.finish("host-a")

    assert path.promotion(promotion.id).state is State.FAILED
    with path.database.read() as tx:
        ended = find_deployment(tx, deployment_id)
        parts = [
            (one.target, one.purpose, one.state) for one in list_target_deployments(tx, ended.id)
        ]
        current = current_deployment(tx, "dev")
    assert ended.state is DeploymentState.FAILED
    assert parts[-1] == ("dev-a", "undo", TargetState.SUCCEEDED)
    assert current is not None
    assert current.release == old.id


def test_an_agent_that_never_comes_ends_it_as_errored(path: Path_) -> None:
    path.environment("dev")
    promotion = path.promote(path.release("2.0.0"), "dev")
    path.clock.go_on(minutes=11)
    with path.database.transaction(actor="system") as tx:
        assert expire_orders(tx) == 1
    path.settle()
    assert path.promotion(promotion.id).state is State.ERRORED


def test_a_rollback_goes_the_same_road(path: Path_) -> None:
    path.environment("dev")
    with pytest.raises(NothingToRollBackTo):
        path.roll_back("dev")
    old, new = path.release("2.0.0"), path.release("3.0.0")
    path.deploy(path.promote(old, "dev"))
    path.deploy(path.promote(new, "dev"))

    back = path.deploy(path.roll_back("dev"))

    assert back.state is State.DEPLOYED
    assert back.rollback
    assert back.release == old.id
    with path.database.read() as tx:
        current = current_deployment(tx, "dev")
    assert current is not None
    assert current.release == old.id


def test_a_moved_tag_changes_nothing_and_is_shown(path: Path_) -> None:
    release = path.release("2.0.0")
    web = release.components[0]
    other = Digest("sha256:" + "e" * 64)
    with path.database.transaction(actor="registry") as tx:
        note_push(tx, host=web.host, repository=web.repository, tag="2.0.0", digest=other)
        drift = tag_drift(tx, release)
    assert set(drift) == {"web"}
    assert drift["web"].digest == other.text


def test_a_release_is_named_once_and_properly(path: Path_) -> None:
    release = path.release("2.0.0")
    for name, version, refusal in (
        ("shop", "2.0.0", ReleaseExists),
        ("Shop", "2.0.1", MalformedRelease),
        ("shop", "2 0", MalformedRelease),
    ):
        with pytest.raises(refusal), path.database.transaction(actor="usr_1") as tx:
            create_release(
                tx, path.work.blobs, name=name, version=version, components=release.components
            )
