"""Whoever is on call approves: at the time of the vote, by a schedule that the packet holds."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from fixtures.road import Road
from promotion.test_rules import change_roles, packet_of, proves, rule
from stella.environment.errors import (
    ImpossibleShift,
    MalformedDocument,
    ShiftNotYours,
    UnknownSchedule,
    UnknownShift,
)
from stella.environment.oncall.store import (
    apply_schedule,
    delete_schedule,
    environments_naming,
    insert_shift,
    oncall_schedule,
    oncall_shift,
    roster_now,
    standing_shifts,
)
from stella.environment.oncall.take import TakenShift, return_shift, take_shift
from stella.evidence import collect_relied, names, read_packet, verify_packet
from stella.evidence.packet import build_packet
from stella.identity import Role
from stella.identity.errors import NoSuchUser
from stella.kernel import Digest, time_text
from stella.promotion.approval.absence import begin_absence
from stella.promotion.approval.approve import reject_promotion
from stella.promotion.approval.voice import why_not_approve
from stella.promotion.errors import NotOnCall, OwnRequest
from stella.promotion.lifecycle import State
from stella.promotion.store import Promotion, approval, list_approvals
from stella.replay import Verdict, replay_packet

# The clock of the test begins with 2030: ann until six in the evening, bob until six in the morning.
DAILY: Mapping[str, Any] = {
    "timeZone": "UTC",
    "layers": [
        {
            "name": "all",
            "people": ["ann", "bob"],
            "from": "2029-12-30T18:00",
            "every": {"hours": 24},
        }
    ],
}
ASKED = [rule("on duty", "oncall:payments")]


def schedule(road: Road, name: str = "payments", spec: Mapping[str, Any] = DAILY) -> None:
    with road.database.transaction(actor="usr_op") as tx:
        apply_schedule(tx, name, spec)
    road.settle()


def asked(road: Road, *, by: str = "dan", more: Any = ASKED) -> Promotion:
    schedule(road)
    road.environment("dev", approvals=more)
    return road.promote(road.release("2.0.0"), "dev", by=by)


def take(road: Road, person: str, hours: float, *, by: str = "ann", after: float = 0) -> TakenShift:
    with road.database.transaction(actor=road.people[by].id) as tx:
        starts_at = tx.now + timedelta(hours=after)
        made = take_shift(
            tx,
            by,
            "payments",
            person=person,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=hours),
            reason="a train is late",
        )
    road.settle()
    return made


def summary(road: Road, promotion: Promotion) -> str:
    """What the approvals gate says now."""
    content = road.work.blobs.get(Digest(road.promotion(promotion.id).record or ""))
    (gate,) = [one for one in json.loads(content)["gates"] if one["name"] == "approvals"]
    return f"{gate['summary']} | {gate.get('unblocks')} | {gate.get('due', '')}"


def test_whoever_is_on_call_approves_and_the_packet_proves_it(road: Road) -> None:
    held = asked(road)
    assert held.state is State.WAITING
    said = summary(road, held)
    assert "1 more from bob, on call for payments until 2030-01-01T18:00:00" in said
    assert said.endswith("| 2030-01-01T18:00:00.000000Z"), "it says so anew at the handover"
    with pytest.raises(
        NotOnCall, match=r"it is bob, on call for payments until 2030-01-01T18"
    ) as no:
        road.approve(held, "ann")
    assert no.value.facts["onCall"] == {"payments": "bob"}
    assert no.value.facts["until"] == {"payments": "2030-01-01T18:00:00.000000Z"}
    done = road.deploy(road.approve(held, "bob"))
    assert done.state is State.DEPLOYED
    proves(road, done)
    entries = read_packet(packet_of(road, done.id)).entries
    assert [name for name in entries if name.startswith(names.ON_CALL)]
    assert b'"onCall":{' in entries[names.DECISION_RECORD]
    assert b"on call for payments since 2029-12-31T18:00" in entries[names.REPORT]
    relied = verify_packet(packet_of(road, done.id), road.work.proving.root).checks
    assert any("1 shift on call" in one.detail for one in relied)


def test_a_word_stands_when_the_shift_ends_and_its_giver_has_to_have_the_right_still(
    road: Road,
) -> None:
    held = asked(road, more=[*ASKED, rule("product", "ann")])
    road.approve(held, "bob")
    road.clock.go_on(hours=20)  # ann is on call by now
    assert road.approve(held, "ann").state is State.DEPLOYING
    done = road.deploy(road.promotion(held.id))
    proves(road, done)


def test_who_was_on_call_and_may_approve_no_more_counts_no_more(road: Road) -> None:
    held = asked(road, more=[*ASKED, rule("product", "ann")])
    road.approve(held, "bob")
    change_roles(road, "bob", Role.VIEWER)
    road.clock.go_on(hours=20)
    assert road.approve(held, "ann").state is State.WAITING
    with road.database.read() as tx:
        assert len(list_approvals(tx, held.id)) == 2


def test_where_nobody_is_on_call_nothing_passes_and_it_says_so(road: Road) -> None:
    later = {**DAILY, "layers": [{**DAILY["layers"][0], "from": "2030-01-05T18:00"}]}
    schedule(road, spec=later)
    road.environment("dev", approvals=ASKED)
    held = road.promote(road.release("2.0.0"), "dev")
    assert held.state is State.WAITING
    assert "on duty: 0 of 1 approvals, nobody is on call for payments |" in summary(road, held)
    assert "nobody until 2030-01-05T18" in summary(road, held)
    for name in ("ann", "bob"):
        with pytest.raises(NotOnCall, match="nobody is on call for payments"):
            road.approve(held, name)
    # Somebody of the schedule takes the gap; it is judged anew by itself.
    take(road, "ann", 2)
    assert "1 more from ann" in summary(road, held)
    assert road.approve(held, "ann").state is State.DEPLOYING


def test_who_asked_does_not_approve_though_they_are_on_call(road: Road) -> None:
    held = asked(road, by="bob")
    with pytest.raises(OwnRequest):
        road.approve(held, "bob")
    take(road, "ann", 1)
    assert road.approve(held, "ann").state is State.DEPLOYING


def test_a_stand_in_speaks_for_whoever_is_away_and_on_call(road: Road) -> None:
    held = asked(road)
    bob, ann = road.people["bob"], road.people["ann"]
    with road.database.transaction(actor=bob.id) as tx:
        begin_absence(tx, bob, stand_in=ann.id, ends_at=tx.now + timedelta(hours=2))
    done = road.deploy(road.approve(held, "ann"))
    assert done.state is State.DEPLOYED
    proves(road, done)


def test_whoever_is_on_call_may_say_no(road: Road) -> None:
    held = asked(road)
    with road.database.transaction(actor=road.people["ann"].id) as tx, pytest.raises(NotOnCall):
        reject_promotion(tx, road.people["ann"], held.id, "no")
    with road.database.transaction(actor=road.people["bob"].id) as tx:
        after = reject_promotion(tx, road.people["bob"], held.id, "no")
    assert after.state is State.REJECTED


def test_a_shift_that_was_taken_counts_from_its_begin_and_until_it_is_given_back(
    road: Road,
) -> None:
    held = asked(road, more=[rule("on duty", "oncall:payments", count=2)])
    shift = take(road, "ann", 3, after=1)
    with pytest.raises(NotOnCall, match="it is bob"):
        road.approve(held, "ann")
    road.clock.go_on(hours=1)
    road.approve(held, "ann")
    with pytest.raises(NotOnCall, match="it is ann"):
        road.approve(held, "bob")
    with road.database.transaction(actor=road.people["bob"].id) as tx:
        return_shift(tx, "bob", shift.id)
        assert standing_shifts(tx, "payments") == ()
    road.settle()
    done = road.deploy(road.approve(held, "bob"))
    assert done.state is State.DEPLOYED
    assert road.kinds("payments")[-3:] == ["OnCallScheduleApplied", "ShiftTaken", "ShiftReturned"]
    proves(road, done)


def test_a_schedule_that_was_changed_later_changes_nothing_of_what_was_said(road: Road) -> None:
    held = asked(road, more=[*ASKED, rule("product", "ann")])
    road.approve(held, "bob")
    only_ann = {**DAILY, "layers": [{**DAILY["layers"][0], "people": ["ann"]}]}
    schedule(road, spec=only_ann)
    done = road.deploy(road.approve(held, "ann"))
    assert done.state is State.DEPLOYED
    proves(road, done)


def test_shifts_are_taken_by_people_who_take_turns(road: Road) -> None:
    schedule(road)
    for by, person in (("dan", "dan"), ("ann", "dan"), ("dan", "ann")):
        with pytest.raises(ShiftNotYours, match="dan takes no turns"):
            take(road, person, 1, by=by)
    with road.database.transaction(actor="usr_op") as tx:
        soon = tx.now + timedelta(hours=1)
        free = take_shift(tx, "olga", "payments", person="dan", ends_at=soon, is_free=True)
    with road.database.transaction(actor="usr_op") as tx, pytest.raises(ShiftNotYours):
        return_shift(tx, "olga", free.id)
    with road.database.transaction(actor="usr_op") as tx:
        assert return_shift(tx, "dan", free.id).ended_at is not None, "it is his own"
        with pytest.raises(ImpossibleShift, match="over already"):
            return_shift(tx, "dan", free.id)
        with pytest.raises(UnknownShift):
            return_shift(tx, "dan", "shf_1")
        with pytest.raises(UnknownSchedule):
            take_shift(tx, "ann", "nowhere", person="ann", ends_at=soon)
        with pytest.raises(NoSuchUser):
            take_shift(tx, "ann", "payments", person="zoe", ends_at=soon)


@pytest.mark.parametrize("hours", [0, -1, 24 * 400])
def test_a_shift_has_an_end_after_its_begin_and_not_too_late(road: Road, hours: float) -> None:
    schedule(road)
    with pytest.raises(ImpossibleShift, match="cannot end"):
        take(road, "ann", hours)
    with pytest.raises(ImpossibleShift, match="begins at 2033-"):
        take(road, "ann", 5, after=24 * 1100)
    with pytest.raises(ImpossibleShift, match="before now"):
        take(road, "ann", 5, after=-1)
    with road.database.read() as tx:
        assert standing_shifts(tx, "payments") == ()


def test_a_schedule_that_is_not_there_is_refused_where_an_environment_names_it(road: Road) -> None:
    with pytest.raises(MalformedDocument, match="no on-call schedule 'payments'"):
        road.environment("dev", approvals=ASKED)
    schedule(road)
    road.environment("dev", approvals=ASKED)
    with road.database.read() as tx:
        assert environments_naming(tx, "payments") == ["dev"]
    for approvers in (["oncall:"], ["oncall:Payments"]):
        with pytest.raises(MalformedDocument):
            road.environment("dev", approvals=[rule("on duty", *approvers)])
    with pytest.raises(MalformedDocument, match="breakGlass"):
        road.environment("dev", breakGlass={"by": ["oncall:payments"]})


def test_a_schedule_that_ended_gives_its_shifts_back(road: Road) -> None:
    schedule(road)
    take(road, "ann", 3)
    with road.database.transaction(actor="usr_op") as tx:
        delete_schedule(tx, "payments")
    schedule(road)
    with road.database.read() as tx:
        assert roster_now(tx, "payments").taken == ()


def test_nobody_is_on_call_by_their_name(road: Road) -> None:
    """A user cannot be called as a schedule is; whoever forged one is no approver."""
    held = asked(road)
    forged = road.people["ann"].__class__(road.people["ann"].id, "oncall:payments", ("approver",))
    with road.database.read() as tx:
        assert isinstance(why_not_approve(tx, road.work.blobs, held, forged), NotOnCall)


def forged(road: Road, done: Promotion) -> str:
    """Why its packet does not hold."""
    assert done.state is State.DEPLOYED, "the row got it through"
    found = verify_packet(packet_of(road, done.id), road.work.proving.root)
    bad = [one for one in found.checks if not one.good]
    assert bad, "it was found out"
    return bad[0].detail


def test_who_writes_a_shift_into_the_database_gets_no_packet_that_verifies(road: Road) -> None:
    held = asked(road)
    now = time_text(road.clock())
    with road.database.transaction(actor="usr_x") as tx:
        row = {
            "id": "shf_00000000000000000000000000",
            "tenant": tx.tenant,
            "schedule": "payments",
            "person": "ann",
            "starts_at": now,
            "ends_at": time_text(road.clock() + timedelta(hours=3)),
            "reason": "",
            "by": "usr_x",
            "at": now,
        }
        tx.connection.execute(oncall_shift.insert(), row)
    done = road.deploy(road.approve(held, "ann"))
    assert "the shifts that were taken of payments" in forged(road, done)


def test_a_shift_of_the_end_of_the_calendar_stops_no_promotion(road: Road) -> None:
    """It cannot be taken any more; one that was before is there still."""
    schedule(road, spec={**DAILY, "layers": [{**DAILY["layers"][0], "from": "2030-01-05T18:00"}]})
    starts, ends = "9998-12-30T00:00:00.000000Z", "9998-12-31T00:00:00.000000Z"
    far = TakenShift("shf_1", "payments", "ann", starts, ends, "", "usr_x", time_text(road.clock()))
    with road.database.transaction(actor="usr_x") as tx:
        insert_shift(tx, far)
    road.environment("dev", approvals=ASKED)
    held = road.promote(road.release("2.0.0"), "dev")
    assert held.state is State.WAITING
    assert "nobody until 2030-01-05T18" in summary(road, held)


def test_a_shift_that_was_taken_long_before_it_begins_is_proven(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect_relied, "PAGE_MAX", 1)
    held = asked(road)
    take(road, "ann", 3, after=2)
    for _ in range(3):
        shift = take(road, "bob", 1)
        with road.database.transaction(actor=road.people["bob"].id) as tx:
            return_shift(tx, "bob", shift.id)
        road.settle()
    road.clock.go_on(hours=2.5)
    done = road.deploy(road.approve(held, "ann"))
    assert done.state is State.DEPLOYED
    proves(road, done)


def test_who_gives_a_shift_back_in_the_database_alone_is_found_out(road: Road) -> None:
    held = asked(road)
    take(road, "ann", 3)
    with road.database.transaction(actor="usr_x") as tx:
        tx.connection.execute(oncall_shift.update().values(ended_at=time_text(tx.now)))
    done = road.deploy(road.approve(held, "bob"))
    assert "the shifts that were taken of payments" in forged(road, done)


def test_who_changes_a_schedule_in_the_database_alone_is_found_out(road: Road) -> None:
    held = asked(road)
    with road.database.transaction(actor="usr_x") as tx:
        spec = json.dumps({**DAILY, "layers": [{**DAILY["layers"][0], "people": ["ann"]}]})
        tx.connection.execute(oncall_schedule.update().values(spec=spec))
    done = road.deploy(road.approve(held, "ann"))
    assert "the on-call schedule payments" in forged(road, done)


def test_an_approval_without_its_roster_counts_for_nothing(road: Road) -> None:
    held = asked(road, more=[*ASKED, rule("product", "ann")])
    road.approve(held, "bob")
    with road.database.transaction(actor="usr_x") as tx:
        tx.connection.execute(approval.update().values(on_call=None))
    assert road.approve(held, "ann").state is State.WAITING


def test_a_packet_with_another_roster_is_found_out_and_replays_no_more(road: Road) -> None:
    """Whoever does it holds the key of evidence."""
    held = asked(road)
    done = road.deploy(road.approve(held, "bob"))
    read = read_packet(packet_of(road, done.id))
    (name,) = [one for one in read.entries if one.startswith(names.ON_CALL)]

    def made(content: bytes | None, at: str = name) -> bytes:
        entries = {one: read.entries[one] for one in read.entries if one not in _OWN}
        if content is None:
            del entries[at]
        else:
            entries[at] = content
        return build_packet(entries, about=read.about, signer=road.work.evidence_signer)

    assert verify_packet(made(read.entries[name]), road.work.proving.root).good
    other = read.entries[name].replace(b'["ann","bob"]', b'["bob","ann"]')
    assert other != read.entries[name]
    stranger = name.replace(name[-10], "0" if name[-10] != "0" else "1")
    for packet in (made(other), made(None), made(other, stranger)):
        found = verify_packet(packet, road.work.proving.root)
        assert [one.name for one in found.checks if not one.good]
    for packet in (made(other), made(None)):
        assert replay_packet(packet).verdict is not Verdict.IDENTICAL


_OWN = (names.MANIFEST, names.MANIFEST_BUNDLE, names.REPORT)
