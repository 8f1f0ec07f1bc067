"""Who approves has proven a moment ago who they are: when they speak, when it is counted, in replay."""

from datetime import timedelta

import msgspec
import pytest

from fixtures.road import OLD, Road
from promotion.test_break_glass import BOTH
from promotion.test_freezes import freeze
from promotion.test_rules import packet_of, proves, rule, waiting
from stella.environment.errors import MalformedDocument
from stella.evidence import verify_packet
from stella.evidence.container import read_container
from stella.identity.model import UNPROVEN, Proof
from stella.kernel import time_text
from stella.promotion.approval.approve_alike import approve_alike
from stella.promotion.errors import AlreadyApproved, ReauthenticationNeeded
from stella.promotion.exceptions.break_glass import agree_to_break_glass, request_break_glass
from stella.promotion.exceptions.override import override_freeze
from stella.promotion.exceptions.waive import Wish, approve_waiver, request_waiver
from stella.promotion.gates.speaking import is_recent
from stella.promotion.lifecycle import State
from stella.promotion.store import Promotion, list_approvals
from stella.promotion.store import approval as approval_table
from stella.release.store import find_release

ASKED = {"approvals": [rule("two", "approver", count=2)], "reauthenticate": {"minutes": 15}}


def proof(road: Road, minutes_ago: int = 1) -> Proof:
    return Proof(time_text(road.clock() - timedelta(minutes=minutes_ago)), is_session=True)


def asked(road: Road) -> Promotion:
    road.environment("dev", **ASKED)
    return road.promote(road.release("2.0.0"), "dev")


def test_an_old_proof_is_refused_and_a_recent_one_signed(road: Road) -> None:
    held = asked(road)
    for strange, said in (
        (UNPROVEN, "a token, a machine or a button"),
        (Proof(time_text(road.clock()), is_session=False), "a token, a machine or a button"),
        (Proof(None, is_session=True), "never did in this session"),
        (proof(road, 15), "did so at"),
        (proof(road, 600), "did so at"),
    ):
        with pytest.raises(ReauthenticationNeeded, match=said) as refusal:
            road.approve(held, "ann", strange)
        assert refusal.value.facts["minutes"] == 15
        assert refusal.value.remedy.command in {"stella login", "stella reauthenticate"}
    given = proof(road, 14)
    assert road.approve(held, "ann", given).state is State.WAITING
    with pytest.raises(AlreadyApproved):
        road.approve(held, "ann", given)
    # It is asked when somebody speaks: later it counts as it did.
    road.clock.go_on(minutes=30)
    done = road.deploy(road.approve(held, "bob", proof(road, -1)))  # a clock that is ahead
    assert done.state is State.DEPLOYED
    with road.database.read() as tx:
        first, second = list_approvals(tx, held.id)
    assert first.proven_at == given.at
    assert second.proven_at == second.at
    assert b'"provenAt"' in read_container(packet_of(road, done.id))["decision/input.json"]
    proves(road, done)


def test_what_a_row_says_without_a_proof_counts_for_nothing(road: Road) -> None:
    held = asked(road)
    road.approve(held, "ann", proof(road))
    with road.database.transaction(actor="usr_x") as tx:
        tx.connection.execute(approval_table.update().values(proven_at=None))
    after = road.approve(held, "bob", proof(road))
    assert after.state is State.WAITING, "the second alone counts"


def test_a_row_that_says_another_time_than_was_signed_breaks_the_packet(road: Road) -> None:
    held = asked(road)
    road.approve(held, "ann", proof(road))
    with road.database.transaction(actor="usr_x") as tx:
        later = time_text(road.clock() - timedelta(minutes=2))
        tx.connection.execute(approval_table.update().values(proven_at=later))
    done = road.deploy(road.approve(held, "bob", proof(road)))
    assert done.state is State.DEPLOYED
    found = verify_packet(packet_of(road, done.id), road.work.proving.root)
    (bad,) = [one for one in found.checks if not one.good]
    assert "when its giver proved who they are" in bad.detail


def test_the_environment_begins_to_ask_and_what_was_said_before_is_said_anew(road: Road) -> None:
    held = waiting(road, rule("one", "ann"), rule("two", "bob"))
    road.approve(held, "ann")
    road.environment(
        "dev", approvals=[rule("one", "ann"), rule("two", "bob")], reauthenticate={"minutes": 5}
    )
    held = road.approve(held, "bob", proof(road))  # still of the plan from before
    assert held.state is State.WAITING
    held = road.approve(held, "bob", proof(road))
    assert held.state is State.WAITING
    assert road.approve(held, "ann", proof(road)).state is State.DEPLOYING


def test_several_at_once_are_asked_like_one(road: Road) -> None:
    held = asked(road)
    with (
        pytest.raises(ReauthenticationNeeded),
        road.database.transaction(actor=road.people["ann"].id) as tx,
    ):
        approve_alike(
            tx,
            road.people["ann"],
            {held.id: held.plan_digest or ""},
            comment="",
            blobs=road.work.blobs,
            signer=road.work.evidence_signer,
            proof=proof(road, 20),
        )


def test_waivers_overrides_and_broken_glass_are_asked_for_it_too(road: Road) -> None:
    strict = {"parameters": {"severityMax": "low"}}
    road.environment("dev", reauthenticate={}, breakGlass=BOTH, **strict)
    release = road.release("1.0.0", OLD)
    held = road.promote(release, "dev")
    ann, dan, blobs = road.people["ann"], road.people["dan"], road.work.blobs
    plan, ends_at = held.plan_digest or "", road.clock() + timedelta(hours=1)
    wish = Wish("dev", "severity", None, "web", unknown=False, reason="later", expires_at=ends_at)
    freeze(road)
    with road.database.transaction(actor=dan.id) as tx:
        waiver = request_waiver(tx, dan, wish)
        with pytest.raises(ReauthenticationNeeded):
            approve_waiver(tx, ann, waiver.id, "")
        approve_waiver(tx, ann, waiver.id, "", proof(road))
        with pytest.raises(ReauthenticationNeeded):
            request_break_glass(
                tx, dan, held.id, plan_digest=plan, reason="it burns", ends_at=ends_at, blobs=blobs
            )
        request_break_glass(
            tx,
            dan,
            held.id,
            plan_digest=plan,
            reason="it burns",
            ends_at=ends_at,
            blobs=blobs,
            proof=proof(road),
        )
        with pytest.raises(ReauthenticationNeeded):
            agree_to_break_glass(tx, ann, held.id, "")
        with pytest.raises(ReauthenticationNeeded):
            override_freeze(
                tx,
                ann,
                freeze="nights",
                environment="dev",
                release=find_release(tx, release.id),
                reason="now",
            )


@pytest.mark.parametrize("given", [{"minutes": 0}, {"minutes": 1441}, {"minutes": "x"}, {"m": 1}])
def test_a_wrong_span_is_refused(road: Road, given: dict[str, object]) -> None:
    with pytest.raises(MalformedDocument, match=r"minutes|unknown|`m`|int"):
        road.environment("dev", reauthenticate=given)


def test_recent_is_before_the_word_and_within_the_span() -> None:
    at = "2030-01-01T00:15:00.000000Z"
    assert is_recent("2030-01-01T00:00:00.000001Z", at, 15)
    assert is_recent(at, at, 15)
    assert not is_recent("2030-01-01T00:00:00.000000Z", at, 15)
    assert not is_recent("2030-01-01T00:15:00.000001Z", at, 15)
    assert not is_recent(None, at, 15)


def test_where_nobody_asks_for_it_inputs_keep_their_bytes(road: Road) -> None:
    held = waiting(road, rule("one", "ann"))
    done = road.deploy(road.approve(held, "ann", proof(road)))
    content = read_container(packet_of(road, done.id))["decision/input.json"]
    assert b"provenAt" not in content
    assert b"reauthenticate" not in content
    assert msgspec.json.decode(content)["environment"]["name"] == "dev"
