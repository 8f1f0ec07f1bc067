"""Ask that an objection be passed over for a time; agree to that; take it back; let it lapse."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from stella.environment.store import find_environment
from stella.identity.model import UNPROVEN, Proof
from stella.kernel import Remedy, time_text
from stella.promotion.errors import ImpossibleWaiver, OwnWaiver, WaiverIsOver
from stella.promotion.exceptions.waiver_store import (
    Waiver,
    count_open,
    find_waiver,
    insert_waiver,
    overdue_waivers,
    update_waiver,
)
from stella.promotion.facts import WaiverApproved, WaiverEnded, WaiverLapsed, WaiverRequested
from stella.promotion.gates.proving import recent_proof
from stella.promotion.lifecycle import WAIVER, WaiverEvent, WaiverState
from stella.promotion.model import Person
from stella.record.transaction import Tx

LIFE_MAX = timedelta(days=180)
OPEN_MAX = 1000
"""In one environment: each of them is weighed in each decision there."""
REASON_CHARACTERS_MAX = 2000
NAME_CHARACTERS_MAX = 200
_LAPSES_MAX = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be passed over. Fields as those of ``Waiver``."""

    environment: str
    rule: str
    finding: str | None
    component: str | None
    unknown: bool
    reason: str
    expires_at: datetime


def request_waiver(tx: Tx, person: Person, wish: Wish) -> Waiver:
    """Ask for it; it counts once somebody else has approved it.

    Raises UnknownEnvironment, ImpossibleWaiver.
    """
    # The row is held, or two who ask at once would both be the last that there is room for.
    find_environment(tx, wish.environment, lock=True)
    _refuse_impossible(tx, wish)
    value = Waiver(
        id=tx.new_id("wvr"),
        environment=wish.environment,
        rule=wish.rule,
        finding=wish.finding or None,
        component=wish.component or None,
        unknown=wish.unknown,
        reason=wish.reason.strip(),
        expires_at=time_text(wish.expires_at),
        state=WAIVER.start,
        requested_by=person,
        requested_at=time_text(tx.now),
    )
    insert_waiver(tx, value)
    tx.add(
        WaiverRequested(
            value.id,
            value.environment,
            value.rule,
            value.finding,
            value.component,
            value.unknown,
            value.expires_at,
            value.reason,
        )
    )
    return value


def approve_waiver(
    tx: Tx, person: Person, waiver_id: str, comment: str, proof: Proof = UNPROVEN
) -> Waiver:
    """The second person's yes.

    Raises UnknownWaiver, OwnWaiver, WaiverIsOver, ReauthenticationNeeded, UnknownEnvironment.
    """
    before = find_waiver(tx, waiver_id, lock=True)
    if person.id == before.requested_by.id:
        raise OwnWaiver(
            f"{person.name} asked for {before.id} and cannot approve it",
            remedy=Remedy("Ask somebody else who may approve waivers."),
            waiver=before.id,
        )
    if before.state is not WaiverState.REQUESTED or before.expires_at <= time_text(tx.now):
        raise _is_over(before)
    recent_proof(tx, find_environment(tx, before.environment), person, proof)
    after = replace(
        before,
        state=WAIVER.next(before.state, WaiverEvent.APPROVE),
        approved_by=person,
        approved_at=time_text(tx.now),
    )
    update_waiver(tx, after)
    tx.add(WaiverApproved(after.id, after.environment, after.rule, after.expires_at, comment))
    return after


def end_waiver(tx: Tx, waiver_id: str, reason: str) -> Waiver:
    """Take it back before its time: what it let pass is judged without it from now on.

    Raises UnknownWaiver, WaiverIsOver.
    """
    before = find_waiver(tx, waiver_id, lock=True)
    if WAIVER.is_final(before.state) or before.expires_at <= time_text(tx.now):
        raise _is_over(before)
    after = _over(tx, before, WaiverEvent.END)
    was_standing = before.state is WaiverState.STANDING
    tx.add(WaiverEnded(after.id, after.environment, after.rule, reason, was_standing))
    return after


def lapse_waivers(tx: Tx) -> int:
    """Say of each whose time is over that it is. Decisions do not wait for that; how many."""
    overdue = overdue_waivers(tx, time_text(tx.now), _LAPSES_MAX)
    for seen in overdue:
        before = find_waiver(tx, seen.id, lock=True)
        if WAIVER.is_final(before.state):
            continue  # somebody else's sweep was faster
        after = _over(tx, before, WaiverEvent.LAPSE)
        was_standing = before.state is WaiverState.STANDING
        tx.add(
            WaiverLapsed(after.id, after.environment, after.rule, after.expires_at, was_standing)
        )
    return len(overdue)


def _over(tx: Tx, before: Waiver, event: WaiverEvent) -> Waiver:
    after = replace(before, state=WAIVER.next(before.state, event), ended_at=time_text(tx.now))
    update_waiver(tx, after)
    return after


def _refuse_impossible(tx: Tx, wish: Wish) -> None:
    names = (wish.rule, wish.finding or "", wish.component or "")
    if not wish.rule or any(len(one) > NAME_CHARACTERS_MAX for one in names):
        why = f"it names no rule, or one with more than {NAME_CHARACTERS_MAX} characters"
    elif not wish.finding and not wish.component:
        why = "it names neither a finding nor a component, so that it would switch the rule off"
    elif not 0 < len(wish.reason.strip()) <= REASON_CHARACTERS_MAX:
        why = f"it has no reason, or one with more than {REASON_CHARACTERS_MAX} characters"
    elif not tx.now < wish.expires_at <= tx.now + LIFE_MAX:
        why = f"it has to end after now, and within {LIFE_MAX.days} days"
    elif count_open(tx, wish.environment) >= OPEN_MAX:
        why = f"{wish.environment} has {OPEN_MAX} already: what is waived so often is a parameter"
    else:
        return
    raise ImpossibleWaiver(
        f"there can be no such waiver: {why}",
        remedy=Remedy(
            "Name the rule, the finding or the component, a reason and an end.",
            command="stella waiver create",
        ),
    )


def _is_over(found: Waiver) -> WaiverIsOver:
    state = found.state.value if found.state is not WaiverState.REQUESTED else "over"
    return WaiverIsOver(
        f"the waiver {found.id} is {state}; it ends or ended at {found.ended_at or found.expires_at}",
        remedy=Remedy("Ask for another one, where it is still needed.", "stella waiver list"),
        waiver=found.id,
        state=found.state.value,
    )
