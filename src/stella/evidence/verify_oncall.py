"""Checks of who was on call: each roster is here, was applied so, and holds every shift that was taken."""

from msgspec import UNSET

from stella.environment.oncall.document import read_roster
from stella.environment.oncall.model import Roster
from stella.environment.oncall.shifts import shift_at
from stella.evidence import names
from stella.evidence.reading import DoesNotHold, Reading, expect
from stella.evidence.told import Told, place_of
from stella.evidence.verify_facts import PacketFact
from stella.kernel import (
    Digest,
    Json,
    MalformedDigest,
    StellaError,
    digest_of,
    parse_time,
    time_text,
)
from stella.promotion.gates.oncall import rosters_named, schedules_in
from stella.promotion.model import ApprovalInput, OnCallInput, ShiftInput


def check_rosters_here(reading: Reading) -> int:
    """Every roster that the input names is here, and none that it does not; how many there are."""
    named = rosters_named(reading.given)
    here = set()
    for one in named:
        entry = _entry(one)
        reading.expect_digest(entry, one.document, f"who was on call for {one.schedule}")
        expect(one.schedule, _read(reading, one).name, "the schedule", entry)
        here.add(entry)
    for name in reading.packet.under(names.ON_CALL):
        if names.ON_CALL + name not in here:
            raise DoesNotHold("the decision does not know it", names.ON_CALL + name)
    return len(here)


def check_on_call(reading: Reading, told: Told) -> int:
    """Who was on call at each vote that counts for it, and at the decision, follows from facts.

    How many approvals count because of a shift.
    """
    given, decision = reading.given, reading.decision
    wanted = schedules_in(given.environment.rules)
    now = () if given.on_call is UNSET else given.on_call
    found = [one.schedule for one in now]
    expect(list(wanted), found, "the on-call schedules that its rules name", names.DECISION_INPUT)
    for one in now:
        _check_roster(told, one, _read(reading, one), given.now)
    by_id = {one.id: one for one in given.approvals}
    for approval in given.approvals:
        _check_vote(reading, told, approval)
    count = 0
    for counted in decision.approvals:
        if counted.on_call is UNSET:
            continue
        count += 1
        if counted.id not in by_id:
            raise DoesNotHold(f"the input does not know {counted.id}", names.DECISION_RECORD)
        _check_shift(reading, by_id[counted.id], counted.on_call)
    return count


def _check_vote(reading: Reading, told: Told, approval: ApprovalInput) -> None:
    """Its rosters are those of the time at which it was given, by its fact."""
    if approval.on_call is UNSET:
        return
    what = f"who gave {approval.id}"
    promotion = reading.given.promotion
    vote = told.the("ApprovalGiven", promotion, what, approval=approval.id)
    expect(approval.at, vote.at, "when it was given", place_of(vote))
    before = Told(tuple(one for one in told.facts if one.position < vote.position))
    for one in approval.on_call:
        _check_roster(before, one, _read(reading, one), approval.at)


def _check_shift(reading: Reading, approval: ApprovalInput, said: ShiftInput) -> None:
    """The approval names that roster, and it says so of the time at which it was given."""
    named = () if approval.on_call is UNSET else approval.on_call
    roster = OnCallInput(said.schedule, said.document)
    if roster not in named:
        detail = f"{approval.id} was not given by that roster"
        raise DoesNotHold(detail, names.DECISION_RECORD)
    voice = approval.by if approval.stands_for is UNSET else approval.stands_for
    entry = _entry(roster)
    shift = shift_at(_read(reading, roster), parse_time(approval.at))
    expect(voice.name, shift.person, f"who was on call when {approval.id} was given", entry)
    expect(said.person, shift.person, "who was on call", entry)
    expect(said.starts_at, time_text(shift.starts_at), "the begin of the shift", entry)
    ends_at = None if shift.ends_at is None else time_text(shift.ends_at)
    expect(said.ends_at, ends_at, "the end of the shift", entry)


def _check_roster(told: Told, named: OnCallInput, roster: Roster, at: str) -> None:
    """It is the schedule as it was applied last, with every shift that was taken and was not over."""
    name = named.schedule
    applied = told.of("OnCallScheduleApplied", name)
    if not applied:
        raise DoesNotHold(f"no fact tells how the on-call schedule {name} was applied", names.FACTS)
    spec = digest_of(roster.schedule.spec()).text
    expect(applied[-1].data.get("spec"), spec, f"the on-call schedule {name}", _entry(named))
    for over in told.of("OnCallScheduleDeleted", name):
        if over.position > applied[-1].position:
            raise DoesNotHold(f"the on-call schedule {name} was no more", place_of(over))
    standing = _standing(told, name, at)
    found: Json = [_as_in_roster(one) for one in standing]
    here: Json = [[one.id, one.person, one.starts, one.ends] for one in roster.taken]
    expect(found, here, f"the shifts that were taken of {name}", _entry(named))


def _as_in_roster(fact: PacketFact) -> list[Json]:
    """A shift that was taken, as a roster holds it."""
    data = fact.data
    return [data.get("shift"), data.get("person"), data.get("starts_at"), data.get("ends_at")]


def _standing(told: Told, schedule: str, at: str) -> list[PacketFact]:
    """What was taken by then, was not given back and is not over, the newest last."""
    returned = {one.data.get("shift") for one in told.of("ShiftReturned", schedule)}
    taken = [
        one
        for one in told.of("ShiftTaken", schedule)
        if one.data.get("shift") not in returned and str(one.data.get("ends_at")) > at
    ]
    return sorted(taken, key=lambda one: str(one.data.get("shift")))


def _entry(named: OnCallInput) -> str:
    try:
        return names.on_call_entry(Digest(named.document))
    except MalformedDigest as error:
        raise DoesNotHold(str(error), names.DECISION_INPUT) from None


def _read(reading: Reading, named: OnCallInput) -> Roster:
    entry = _entry(named)
    try:
        return read_roster(reading.content(entry))
    except StellaError as error:
        raise DoesNotHold(str(error), entry) from None
