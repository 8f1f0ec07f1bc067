"""Break-glass on the whole road: two people, one plan, an end; gates say what they say, and all hear."""

import json
from datetime import timedelta

import pytest

from fixtures.road import FIXED, OLD, Road
from promotion.test_freezes import freeze
from promotion.test_rights_since import newcomer
from promotion.test_rules import change_roles, packet_of, proves
from promotion.test_soak import judge_due
from stella.environment.errors import MalformedDocument
from stella.environment.freeze import begin_freeze, end_freeze
from stella.environment.hold import find_hold
from stella.evidence import names, read_packet, verify_packet
from stella.evidence.store import find_evidence
from stella.identity import Role, change_user
from stella.kernel import Digest, Json
from stella.plugin.order import OrderOutcome
from stella.promotion.errors import (
    AlreadyRequested,
    BreakGlassIsOver,
    BreakGlassNotAllowed,
    ImpossibleBreakGlass,
    NothingToBreak,
    OwnBreakGlass,
    PlanHasChanged,
    UnknownBreakGlass,
)
from stella.promotion.exceptions.break_glass import (
    agree_to_break_glass,
    end_break_glass,
    lapse_break_glass,
    request_break_glass,
)
from stella.promotion.exceptions.break_glass_store import find_break_glass
from stella.promotion.gates.start_window import StartWindow
from stella.promotion.lifecycle import State
from stella.promotion.request import request_promotion
from stella.promotion.store import Promotion
from stella.release.withdraw import withdraw_release
from stella.replay import replay_packet

BOTH: dict[str, Json] = {"by": ["developer", "ann", "operator"], "hoursMax": 2}
STRICT: dict[str, Json] = {"severityMax": "low"}


def ask(
    road: Road,
    found: Promotion,
    by: str = "dan",
    hours: float = 1,
    reason: str = "the shop is down",
) -> None:
    person = road.people[by]
    with road.database.transaction(actor=person.id) as tx:
        request_break_glass(
            tx,
            person,
            found.id,
            plan_digest=found.plan_digest or "",
            reason=reason,
            ends_at=tx.now + timedelta(hours=hours),
            blobs=road.work.blobs,
        )
    road.settle()


def agree(road: Road, found: Promotion, by: str = "ann") -> Promotion:
    with road.database.transaction(actor=road.people[by].id) as tx:
        agree_to_break_glass(tx, road.people[by], found.id, "go")
    road.settle()
    return road.promotion(found.id)


def held(road: Road, **more: Json) -> Promotion:
    """Blocked by its policy, in an environment that allows break-glass."""
    road.environment("dev", parameters=STRICT, breakGlass=BOTH, **more)
    found = road.promote(road.release("1.0.0", OLD), "dev")
    assert found.state is State.BLOCKED
    return found


def record_of(road: Road, found: Promotion) -> dict[str, Json]:
    assert found.record is not None
    record: dict[str, Json] = json.loads(road.work.blobs.get(Digest(found.record)))
    return record


def test_a_blocked_promotion_goes_through_and_everything_says_so(road: Road) -> None:
    found = held(road, approvals=[{"rule": "one", "approvers": ["bob"]}])
    ask(road, found)
    assert road.promotion(found.id).state is State.BLOCKED, "one person alone lets nothing through"
    through = agree(road, found)
    assert through.state is State.DEPLOYING
    assert through.plan_digest == found.plan_digest
    record = record_of(road, through)
    states = {gate["name"]: gate["state"] for gate in record["gates"]}
    assert (record["outcome"], states["policy"], states["approvals"]) == (
        *("pass", "blocked", "waiting"),
    )
    assert record["breakGlass"]["requestedBy"]["name"] == "dan"
    assert record["breakGlass"]["agreedBy"]["name"] == "ann"
    done = road.deploy(through)
    assert done.state is State.DEPLOYED
    kinds = road.kinds(found.id)
    assert kinds.count("GlassBroken") == 1
    (told,) = [one for one in road.facts(found.id) if one.kind == "GlassBroken"]
    assert (told.data["outcome"], told.data["gates"]) == ("blocked", ["policy", "approvals"])


def test_its_packet_proves_it_replays_and_says_it_on_its_first_page(road: Road) -> None:
    found = held(road)
    ask(road, found)
    done = road.deploy(agree(road, found))
    with road.database.read() as tx:
        packet = road.work.blobs.get(Digest(find_evidence(tx, done.id).digest))
    verification = verify_packet(packet, road.work.proving.root)
    assert verification.good, [one for one in verification.checks if not one.good]
    said = {one.name: one.detail for one in verification.checks}
    assert "by break-glass, though gates did not" in said["decision"]
    assert "1 break-glass" in said["relied on"]
    assert replay_packet(packet).verdict == "identical"
    report = read_packet(packet).entries[names.REPORT].decode()
    assert "Passed by break-glass." in report
    assert "policy blocked" in report
    assert "the shop is down" in report
    deployed = packet_of(road, done.deployment or "")
    assert verify_packet(deployed, road.work.proving.root).good


def test_what_waits_for_people_or_is_frozen_goes_through_too(road: Road) -> None:
    road.environment("dev", breakGlass=BOTH, approvals=[{"rule": "one", "approvers": ["bob"]}])
    waiting = road.promote(road.release("2.0.0", FIXED), "dev")
    assert waiting.state is State.WAITING
    ask(road, waiting)
    done = road.deploy(agree(road, waiting))
    assert done.state is State.DEPLOYED
    proves(road, done)
    freeze(road)
    frozen = road.promote(road.release("3.0.0", FIXED), "dev")
    assert frozen.state is State.BLOCKED
    ask(road, frozen)
    assert agree(road, frozen).state is State.DEPLOYING


def test_where_the_gates_pass_by_themselves_nothing_was_broken(road: Road) -> None:
    road.environment("dev", breakGlass=BOTH, approvals=[{"rule": "one", "approvers": ["bob"]}])
    waiting = road.promote(road.release("2.0.0", FIXED), "dev")
    ask(road, waiting)
    done = road.deploy(road.approve(waiting, "bob"))
    assert "breakGlass" not in record_of(road, done)
    assert "GlassBroken" not in road.kinds(done.id)


def test_one_person_is_not_two(road: Road) -> None:
    found = held(road)
    ask(road, found)
    with pytest.raises(OwnBreakGlass):
        agree(road, found, by="dan")
    assert road.promotion(found.id).state is State.BLOCKED


def test_only_whom_the_environment_names_breaks_it(road: Road) -> None:
    found = held(road)
    with pytest.raises(BreakGlassNotAllowed):
        ask(road, found, by="bob")
    with pytest.raises(UnknownBreakGlass):
        agree(road, found)
    ask(road, found)
    with pytest.raises(BreakGlassNotAllowed):
        agree(road, found, by="bob")
    newcomer(road, "vic", Role.VIEWER)
    road.environment("prod", parameters=STRICT, breakGlass={"by": ["vic"]})
    other = road.promote(road.release("9.0.0", OLD), "prod")
    with pytest.raises(BreakGlassNotAllowed):
        ask(road, other, by="vic")


def test_it_is_off_where_nobody_switched_it_on(road: Road) -> None:
    road.environment("dev", parameters=STRICT)
    found = road.promote(road.release("1.0.0", OLD), "dev")
    with pytest.raises(BreakGlassNotAllowed, match="nobody"):
        ask(road, found)


@pytest.mark.parametrize(
    ("hours", "reason"), [(2.01, "x"), (0, "x"), (-1, "x"), (1, "  "), (1, "x" * 2001)]
)
def test_it_has_a_reason_and_an_end_soon(road: Road, hours: float, reason: str) -> None:
    found = held(road)
    with pytest.raises(ImpossibleBreakGlass):
        ask(road, found, hours=hours, reason=reason)
    assert "BreakGlassRequested" not in road.kinds(found.id)


def test_one_at_a_time_and_for_the_plan_that_was_looked_at(road: Road) -> None:
    found = held(road)
    ask(road, found)
    with pytest.raises(ImpossibleBreakGlass, match="requested until"):
        ask(road, found)
    with road.database.transaction(actor="x") as tx, pytest.raises(PlanHasChanged):
        request_break_glass(
            tx,
            road.people["ann"],
            found.id,
            plan_digest="sha256:" + "0" * 64,
            reason="x",
            ends_at=tx.now + timedelta(hours=1),
            blobs=road.work.blobs,
        )


def test_it_lapses_at_its_end(road: Road) -> None:
    found = held(road)
    ask(road, found)
    road.clock.go_on(hours=1)
    with pytest.raises(BreakGlassIsOver):
        agree(road, found)
    with road.database.transaction(actor="system") as tx:
        assert lapse_break_glass(tx) == 1
    with road.database.transaction(actor="system") as tx:
        assert lapse_break_glass(tx) == 0
    assert "BreakGlassLapsed" in road.kinds(found.id)
    ask(road, found)
    assert agree(road, found).state is State.DEPLOYING, "another one may be asked for"


def test_what_was_taken_back_lets_nothing_through(road: Road) -> None:
    found = held(road)
    ask(road, found)
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        end_break_glass(tx, found.id, "mended otherwise")
        with pytest.raises(BreakGlassIsOver):
            end_break_glass(tx, found.id, "")
    with pytest.raises(BreakGlassIsOver):
        agree(road, found)


def _standing(road: Road) -> Promotion:
    """Agreed to, but not judged yet: what follows happens first."""
    found = held(road)
    ask(road, found)
    with road.database.transaction(actor=road.people["ann"].id) as tx:
        agree_to_break_glass(tx, road.people["ann"], found.id, "")
    return road.promotion(found.id)


@pytest.mark.parametrize("who", ["dan", "ann"])
def test_a_sign_in_that_was_revoked_voids_it(road: Road, who: str) -> None:
    found = _standing(road)
    with road.database.transaction(actor="usr_op") as tx:
        change_user(tx, road.people[who].id, disabled=True)
    road.settle()
    assert road.promotion(found.id).state is State.BLOCKED


@pytest.mark.parametrize("who", ["dan", "ann"])
def test_a_role_that_was_taken_voids_it(road: Road, who: str) -> None:
    found = _standing(road)
    change_roles(road, who, Role.VIEWER)
    road.settle()
    assert road.promotion(found.id).state is State.BLOCKED


def test_an_end_before_it_is_judged_voids_it(road: Road) -> None:
    found = _standing(road)
    road.clock.go_on(hours=1)
    road.settle()
    assert road.promotion(found.id).state is State.BLOCKED


def test_another_plan_is_not_let_through(road: Road) -> None:
    found = _standing(road)
    road.environment("dev", parameters={"severityMax": "medium"}, breakGlass=BOTH)
    road.settle()
    after = road.promotion(found.id)
    assert after.state is State.BLOCKED
    assert after.plan_digest != found.plan_digest
    assert "GlassBroken" not in road.kinds(found.id)
    assert "breakGlass" not in record_of(road, after)


def test_another_promotion_is_not_let_through(road: Road) -> None:
    found = held(road)
    ask(road, found)
    done = road.deploy(agree(road, found))
    again = road.promote(road.release("1.0.1", OLD), done.environment)
    assert again.state is State.BLOCKED


def test_a_withdrawn_release_goes_nowhere(road: Road) -> None:
    found = _standing(road)
    with road.database.transaction(actor="usr_op") as tx:
        withdraw_release(tx, found.release, "it loses orders")
    road.settle()
    assert road.promotion(found.id).state is State.ERRORED


def test_a_digest_that_is_another_on_the_host_fails_as_ever(road: Road) -> None:
    found = held(road)
    ask(road, found)
    through = agree(road, found)
    road.finish("host-a", OrderOutcome.FAILED, "the digest is another")
    assert road.promotion(through.id).state is not State.DEPLOYED


def test_what_is_reopened_waits_for_its_turn(road: Road) -> None:
    found = held(road)
    ask(road, found)
    before = road.promote(road.release("2.0.0", {}), "dev")
    assert before.state is State.DEPLOYING
    assert agree(road, found).state is State.QUEUED
    road.deploy(before)
    assert road.promotion(found.id).state is State.DEPLOYING


def test_what_waits_for_its_turn_begins_in_no_freeze_of_since(road: Road) -> None:
    """Two people let it through without an approval. That it is frozen, neither of them saw."""
    road.environment("dev", breakGlass=BOTH, approvals=[{"rule": "one", "approvers": ["bob"]}])
    first = road.approve(road.promote(road.release("1.0.0"), "dev"), "bob")
    second = road.promote(road.release("2.0.0"), "dev")
    ask(road, second)
    queued = agree(road, second)
    assert (first.state, queued.state) == (State.DEPLOYING, State.QUEUED)
    with road.database.transaction(actor="usr_op") as tx:
        begin_freeze(tx, "dev", ends_at=tx.now + timedelta(hours=3), reason="stop everything")
    road.deploy(first)
    after = road.promotion(second.id)
    assert after.state is State.BLOCKED
    (blocked,) = [one for one in road.facts(second.id) if one.kind == "PromotionBlocked"]
    assert blocked.data["gates"] == ["freeze", "approvals"]
    assert "breakGlass" not in record_of(road, after)
    proves(road, after)
    with road.database.transaction(actor=road.people["ann"].id) as tx:
        end_break_glass(tx, second.id, "there is a freeze now")
    ask(road, after)
    assert agree(road, after).state is State.DEPLOYING, "of this freeze both of them know"


def test_what_two_people_saw_is_kept_and_told(road: Road) -> None:
    found = held(road, approvals=[{"rule": "one", "approvers": ["bob"]}])
    ask(road, found)
    with road.database.read() as tx:
        assert find_break_glass(tx, found.id).gates == ("policy", "approvals")
    (asked,) = [one for one in road.facts(found.id) if one.kind == "BreakGlassRequested"]
    assert asked.data["gates"] == ["policy", "approvals"]
    assert record_of(road, agree(road, found))["breakGlass"]["gates"] == ["policy", "approvals"]


def test_a_gate_that_passes_by_now_needs_nobody(road: Road) -> None:
    road.environment("dev", breakGlass=BOTH, approvals=[{"rule": "one", "approvers": ["bob"]}])
    first = road.approve(road.promote(road.release("1.0.0"), "dev"), "bob")
    with road.database.transaction(actor="usr_op") as tx:
        window = begin_freeze(tx, "dev", ends_at=tx.now + timedelta(hours=3), reason="stocktaking")
    found = road.promote(road.release("2.0.0"), "dev")
    ask(road, found)
    assert agree(road, found).state is State.QUEUED
    with road.database.transaction(actor="usr_op") as tx:
        end_freeze(tx, window.id, "all is counted")
    road.deploy(first)
    through = road.promotion(found.id)
    assert through.state is State.DEPLOYING
    states = {gate["name"]: gate["state"] for gate in record_of(road, through)["gates"]}
    assert (states["freeze"], states["approvals"]) == ("pass", "waiting")
    assert road.kinds(found.id).count("GlassBroken") == 1


def test_nothing_is_reopened_that_was_asked_for_again_meanwhile(road: Road) -> None:
    found = held(road)
    ask(road, found)
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        request_promotion(tx, road.people["dan"], release=found.release, environment="dev")
    with pytest.raises(AlreadyRequested):
        agree(road, found)
    assert road.promotion(found.id).state is State.BLOCKED
    with road.database.read() as tx:
        assert find_break_glass(tx, found.id).agreed_by is None, "nothing is left half-done"


def test_what_is_reopened_expires_as_it_would_have(road: Road) -> None:
    found = held(road, promotions={"expiresAfter": 1})
    assert road.promote(road.release("2.0.0", {}), "dev").state is State.DEPLOYING
    ask(road, found, hours=0.9)
    assert agree(road, found).state is State.QUEUED
    road.clock.go_on(hours=1)
    judge_due(road)
    assert road.promotion(found.id).state is State.EXPIRED


def test_the_glass_is_not_broken_for_what_has_expired(road: Road) -> None:
    found = held(road, promotions={"expiresAfter": 1})
    road.clock.go_on(hours=1)
    with pytest.raises(NothingToBreak, match="its time is over"):
        ask(road, found)
    assert "BreakGlassRequested" not in road.kinds(found.id)


def test_nobody_agrees_to_it_once_it_has_expired(road: Road) -> None:
    found = held(road, promotions={"expiresAfter": 1})
    ask(road, found, hours=0.9)
    road.clock.go_on(hours=1)
    with pytest.raises(NothingToBreak, match="its time is over"):
        agree(road, found)
    assert road.promotion(found.id).state is State.BLOCKED


def test_it_ends_no_later_than_what_it_serves(road: Road) -> None:
    found = held(road, promotions={"expiresAfter": 1})
    with pytest.raises(ImpossibleBreakGlass, match="no later than"):
        ask(road, found, hours=1.01)
    ask(road, found, hours=0.99)


def test_a_rollback_that_is_reopened_holds_its_environment_again(road: Road) -> None:
    road.environment("dev", parameters={"severityMax": "critical"})
    for release in (road.release("1.0.0", OLD), road.release("2.0.0", FIXED)):
        road.deploy(road.promote(release, "dev"))
    road.environment("dev", parameters=STRICT, breakGlass=BOTH)
    back = road.roll_back("dev")
    assert back.state is State.BLOCKED
    with road.database.read() as tx:
        assert find_hold(tx, "dev") is None
    ask(road, back)
    assert agree(road, back).state is State.DEPLOYING
    with road.database.read() as tx:
        again = find_hold(tx, "dev")
    assert again is not None
    assert again.promotion == back.id
    done = road.deploy(back)
    assert done.state is State.DEPLOYED
    with road.database.read() as tx:
        assert find_hold(tx, "dev") == again


def test_two_people_let_go_what_waits_for_its_window(road: Road) -> None:
    road.environment("dev", breakGlass=BOTH)
    release = road.release("2.0.0", FIXED)
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        start = StartWindow(tx.now + timedelta(hours=8))
        made = request_promotion(
            tx, road.people["dan"], release=release.id, environment="dev", start=start
        )
    road.settle()
    waiting = road.promotion(made.id)
    assert waiting.state is State.SCHEDULED
    ask(road, waiting)
    assert agree(road, waiting).state is State.DEPLOYING


def test_there_is_nothing_to_break_in_what_goes_on_or_has_ended(road: Road) -> None:
    road.environment("dev", breakGlass=BOTH)
    running = road.promote(road.release("2.0.0", FIXED), "dev")
    with pytest.raises(NothingToBreak):
        ask(road, running)
    with pytest.raises(NothingToBreak):
        ask(road, road.deploy(running))


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"by": []}, "names nobody"),
        ({"by": ["a" * 81]}, "characters"),
        ({"by": ["ann"], "hoursMax": 5}, "1 to 4"),
        ({"by": ["ann"], "hoursMax": 0}, "1 to 4"),
        ({"hoursMax": 1}, "by"),
        ({"by": ["ann"], "hours": 1}, "hours"),
    ],
)
def test_a_rule_without_people_or_bound_is_refused(road: Road, rule: Json, why: str) -> None:
    with pytest.raises(MalformedDocument, match=why):
        road.environment("dev", breakGlass=rule)
