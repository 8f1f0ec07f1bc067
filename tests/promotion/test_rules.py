"""Approval rules on the whole road: who may, in which order, until when; judged again at the start."""

from datetime import timedelta

import pytest

from fixtures.road import FIXED, OLD, Road
from stella.environment.errors import MalformedDocument
from stella.evidence.store import list_evidence
from stella.evidence.verify import verify_packet
from stella.identity import Role, change_user
from stella.kernel import Digest
from stella.promotion.approval.absence import begin_absence, end_absence, list_absences
from stella.promotion.approval.approve import approve_promotion
from stella.promotion.approval.voice import why_not_approve
from stella.promotion.errors import (
    AlreadyApproved,
    ImpossibleAbsence,
    NoRuleNamesYou,
    NotYourTurn,
    OwnRequest,
)
from stella.promotion.lifecycle import State
from stella.promotion.store import Promotion, list_approvals
from stella.replay import replay_packet

LENIENT = {"severityMax": "critical"}


def packet_of(road: Road, subject: str) -> bytes:
    with road.database.read() as tx:
        (one,) = list_evidence(tx, subject=subject)
    return road.work.blobs.get(Digest(one.digest))


def proves(road: Road, promotion: Promotion) -> None:
    packet = packet_of(road, promotion.id)
    verification = verify_packet(packet, road.work.proving.root)
    assert verification.good, verification.checks
    assert replay_packet(packet).verdict == "identical"


def change_roles(road: Road, name: str, *roles: Role) -> None:
    with road.database.transaction(actor="usr_op") as tx:
        change_user(tx, road.people[name].id, roles=roles)


def rule(name: str, *approvers: str, **more: object) -> dict[str, object]:
    return {"rule": name, "approvers": list(approvers), **more}


def waiting(road: Road, *rules: dict[str, object]) -> Promotion:
    road.environment("dev", approvals=list(rules))
    return road.promote(road.release("2.0.0"), "dev")


def test_who_has_left_the_group_counts_no_more_at_the_start(road: Road) -> None:
    asked = waiting(road, rule("product", "approver", count=2))
    assert road.approve(asked, "ann").state is State.WAITING
    change_roles(road, "ann", Role.VIEWER)
    assert road.approve(asked, "bob").state is State.WAITING
    change_roles(road, "ann", Role.APPROVER, Role.VIEWER)
    with road.database.transaction(actor="usr_op") as tx:
        from stella.promotion.evaluate import evaluate_promotion

        evaluate_promotion(tx, asked.id, road.work.deciding, road.work.evidence_signer)
    road.settle()
    done = road.deploy(road.promotion(asked.id))
    assert done.state is State.DEPLOYED
    proves(road, done)


def test_the_maker_of_a_release_does_not_approve_it_where_a_rule_says_so(road: Road) -> None:
    road.environment("dev", approvals=[rule("four eyes", "dan", "ann", exclude=["releaseCreator"])])
    asked = road.promote(road.release("2.0.0"), "dev", by="bob")
    with pytest.raises(OwnRequest, match="made the release"):
        road.approve(asked, "dan")
    done = road.deploy(road.approve(asked, "ann"))
    assert done.state is State.DEPLOYED
    proves(road, done)


def test_a_rule_waits_for_the_one_before_it(road: Road) -> None:
    asked = waiting(road, rule("security", "ann"), rule("product", "bob", after="security"))
    with pytest.raises(NotYourTurn, match="security"):
        road.approve(asked, "bob")
    road.approve(asked, "ann")
    assert road.approve(asked, "bob").state is State.DEPLOYING


def test_an_approval_that_has_expired_is_given_again(road: Road) -> None:
    asked = waiting(road, rule("security", "ann", expiresAfter=8), rule("product", "bob"))
    road.approve(asked, "ann")
    with pytest.raises(AlreadyApproved):
        road.approve(asked, "ann")
    road.clock.go_on(hours=8)
    assert road.approve(asked, "bob").state is State.WAITING
    done = road.deploy(road.approve(asked, "ann"))
    assert done.state is State.DEPLOYED
    proves(road, done)


def test_security_is_asked_only_where_it_becomes_worse(road: Road) -> None:
    road.environment(
        "dev",
        parameters=LENIENT,
        approvals=[rule("security", "ann", when={"findingsWorsened": "medium"})],
    )
    first = road.promote(road.release("1.0.0", OLD), "dev")
    assert first.state is State.WAITING, "nothing ran there: every finding is new"
    assert road.deploy(road.approve(first, "ann")).state is State.DEPLOYED
    better = road.deploy(road.promote(road.release("2.0.0", FIXED), "dev"))
    assert better.state is State.DEPLOYED, "nothing new came in, so nobody was asked"
    proves(road, better)
    worse = road.promote(road.release("3.0.0", OLD), "dev")
    assert worse.state is State.WAITING


def test_a_stand_in_approves_for_the_absent_one(road: Road) -> None:
    asked = waiting(road, rule("security", "ann"))
    with pytest.raises(NoRuleNamesYou):
        road.approve(asked, "bob")
    with road.database.transaction(actor=road.people["ann"].id) as tx:
        away = begin_absence(
            tx,
            road.people["ann"],
            stand_in=road.people["bob"].id,
            ends_at=tx.now + timedelta(days=3),
        )
        assert why_not_approve(tx, road.work.blobs, asked, road.people["bob"]) is None
    done = road.deploy(road.approve(asked, "bob"))
    assert done.state is State.DEPLOYED
    with road.database.read() as tx:
        (given,) = list_approvals(tx, asked.id)
        assert [one.id for one in list_absences(tx)] == [away.id]
    assert (given.by.name, given.stands_for and given.stands_for.name) == ("bob", "ann")
    proves(road, done)


@pytest.mark.long
def test_an_absent_one_and_the_stand_in_are_one_voice(road: Road) -> None:
    asked = waiting(road, rule("security", "ann", "bob", count=2))
    with road.database.transaction(actor=road.people["ann"].id) as tx:
        begin_absence(
            tx,
            road.people["ann"],
            stand_in=road.people["bob"].id,
            ends_at=tx.now + timedelta(days=3),
        )
        approve_promotion(
            tx,
            road.people["bob"],
            asked.id,
            plan_digest=asked.plan_digest or "",
            comment="for ann",
            blobs=road.work.blobs,
            signer=road.work.evidence_signer,
            stands_for="ann",
        )
    road.settle()
    for name in ("ann", "bob"):
        with pytest.raises(AlreadyApproved):
            road.approve(asked, name)
    assert road.promotion(asked.id).state is State.WAITING


def test_an_absence_that_has_ended_gives_no_voice(road: Road) -> None:
    asked = waiting(road, rule("security", "ann"))
    ann, bob = road.people["ann"], road.people["bob"]
    with road.database.transaction(actor=ann.id) as tx:
        away = begin_absence(tx, ann, stand_in=bob.id, ends_at=tx.now + timedelta(days=3))
    with road.database.transaction(actor=bob.id) as tx, pytest.raises(ImpossibleAbsence):
        end_absence(tx, bob, away.id)
    road.clock.go_on(minutes=1)
    with road.database.transaction(actor=ann.id) as tx:
        end_absence(tx, ann, away.id)
    with pytest.raises(NoRuleNamesYou):
        road.approve(asked, "bob")


def test_nobody_has_more_absences_than_anybody_needs(road: Road) -> None:
    ann, bob = road.people["ann"], road.people["bob"]

    def go(reason: str = "") -> str:
        with road.database.transaction(actor=ann.id) as tx:
            ends_at = tx.now + timedelta(days=3)
            return begin_absence(tx, ann, stand_in=bob.id, ends_at=ends_at, reason=reason).id

    with pytest.raises(ImpossibleAbsence, match="1000 characters"):
        go("x" * 1001)
    made = [go("x" * 1000) for _ in range(20)]
    with pytest.raises(ImpossibleAbsence, match="20 absences"):
        go()
    with road.database.transaction(actor=ann.id) as tx:
        end_absence(tx, ann, made[0])
    made.append(go())
    with pytest.raises(ImpossibleAbsence, match="20 absences"):
        go()
    road.clock.go_on(hours=72)
    made.append(go())
    with road.database.read() as tx:
        first = list_absences(tx, limit=15)
        rest = list_absences(tx, after=first[-1].id, limit=15)
    assert [one.id for one in (*first, *rest)] == made[::-1]


@pytest.mark.parametrize("stand_in", ["ann", "usr_nobody", "mch_build"])
def test_only_another_user_stands_in(road: Road, stand_in: str) -> None:
    ann = road.people["ann"]
    who = ann.id if stand_in == "ann" else stand_in
    with road.database.transaction(actor=ann.id) as tx, pytest.raises(ImpossibleAbsence):
        begin_absence(tx, ann, stand_in=who, ends_at=tx.now + timedelta(days=3))


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"after": "nobody"}, "no rule here"),
        ({"after": "security"}, "waits for itself"),
        ({"expiresAfter": 0}, "expires after 1 to"),
        ({"exclude": ["everybody"]}, "everybody"),
        ({"when": {"findingsWorsened": "bad"}}, "bad"),
        ({"before": "product"}, "before"),
    ],
)
def test_a_rule_that_can_never_be_satisfied_is_refused(
    road: Road, more: dict[str, object], why: str
) -> None:
    with pytest.raises(MalformedDocument, match=why):
        road.environment("dev", approvals=[rule("security", "ann", **more)])
