"""In an emergency one promotion goes through although gates hold it: two people, a reason, an end.

It serves one promotion, one plan and the gates that two people saw, and is told everywhere. It is no
way round what is no gate: a release that was withdrawn, a document that is gone, a digest that the
host finds to be another.
"""

from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from stella.blob import Blobs
from stella.environment.hold import hold_for_rollback
from stella.environment.model import Environment
from stella.environment.store import find_environment
from stella.identity import Permission, may, present
from stella.identity.model import UNPROVEN, Proof
from stella.kernel import Digest, Remedy, StellaError, time_text
from stella.promotion.errors import (
    BreakGlassIsOver,
    BreakGlassNotAllowed,
    ImpossibleBreakGlass,
    NothingToBreak,
    OwnBreakGlass,
)
from stella.promotion.exceptions.break_glass_store import (
    BreakGlass,
    find_break_glass,
    insert_break_glass,
    last_break_glass,
    overdue_break_glass,
    update_break_glass,
)
from stella.promotion.expiry import is_expired
from stella.promotion.facts import (
    BreakGlassAgreed,
    BreakGlassEnded,
    BreakGlassLapsed,
    BreakGlassRequested,
)
from stella.promotion.gates.broken_glass import held_by
from stella.promotion.gates.proving import recent_proof
from stella.promotion.lifecycle import (
    BREAK_GLASS,
    BreakGlassEvent,
    BreakGlassState,
    Event,
    State,
)
from stella.promotion.model import BreakGlassInput, Decision, Person
from stella.promotion.request import refuse_repeated
from stella.promotion.store import Promotion, find_promotion, refuse_other_plan, update_promotion
from stella.record.transaction import Tx

REASON_CHARACTERS_MAX = 2000
HELD = frozenset({State.BLOCKED, State.WAITING, State.SCHEDULED})
_LAPSES_MAX = 200


def request_break_glass(
    tx: Tx,
    person: Person,
    promotion_id: str,
    *,
    plan_digest: str,
    reason: str,
    ends_at: datetime,
    blobs: Blobs,
    proof: Proof = UNPROVEN,
) -> BreakGlass:
    """Ask for it, for exactly ``plan_digest`` and the gates that hold it up as its record says.

    It counts once another person has agreed, and until another gate holds it up as well.

    Raises UnknownPromotion, NothingToBreak, BreakGlassNotAllowed, PlanHasChanged,
    ImpossibleBreakGlass, ReauthenticationNeeded, BlobsUnusable.
    """
    found = find_promotion(tx, promotion_id, lock=True)
    environment = find_environment(tx, found.environment)
    _refuse(why_not_break(tx, found, environment, person))
    refuse_other_plan(found, plan_digest)
    _refuse_impossible(tx, found, environment, reason, ends_at)
    recent_proof(tx, environment, person, proof)
    gates = _held_up_by(found, blobs)
    value = BreakGlass(
        id=tx.new_id("bgl"),
        promotion=found.id,
        environment=found.environment,
        plan_digest=plan_digest,
        reason=reason.strip(),
        ends_at=time_text(ends_at),
        state=BREAK_GLASS.start,
        requested_by=person,
        requested_at=time_text(tx.now),
        gates=gates,
    )
    insert_break_glass(tx, value)
    tx.add(
        BreakGlassRequested(
            found.id, value.environment, value.id, plan_digest, value.ends_at, value.reason, gates
        )
    )
    return value


def agree_to_break_glass(
    tx: Tx, person: Person, promotion_id: str, comment: str, proof: Proof = UNPROVEN
) -> BreakGlass:
    """The second person's yes: what is held up is judged again with it.

    Raises UnknownPromotion, NothingToBreak, BreakGlassNotAllowed, OwnBreakGlass, BreakGlassIsOver,
    PlanHasChanged, AlreadyRequested, ReauthenticationNeeded.
    """
    # The environment first, as whoever begins a deployment or asks for one holds them.
    environment = find_environment(tx, find_promotion(tx, promotion_id).environment, lock=True)
    found = find_promotion(tx, promotion_id, lock=True)
    before = find_break_glass(tx, found.id)
    _refuse(why_not_agree(tx, found, environment, person, before))
    refuse_other_plan(found, before.plan_digest)
    recent_proof(tx, environment, person, proof)
    after = replace(
        before,
        state=BREAK_GLASS.next(before.state, BreakGlassEvent.AGREE),
        agreed_by=person,
        agreed_at=time_text(tx.now),
    )
    update_break_glass(tx, after)
    if found.state is State.BLOCKED:
        _reopen(tx, found)
    tx.add(
        BreakGlassAgreed(
            found.id, after.environment, after.id, after.plan_digest, after.ends_at, comment
        )
    )
    return after


def _reopen(tx: Tx, blocked: Promotion) -> None:
    """It has not ended after all: it may expire again, and hold the environment as a rollback does."""
    refuse_repeated(tx, blocked.environment, blocked.release_digest, is_rollback=blocked.rollback)
    update_promotion(tx, replace(blocked.moved(Event.REOPEN), due_at=blocked.expires_at))
    if blocked.rollback:
        hold_for_rollback(tx, blocked.environment, blocked.reason, blocked.id)


def end_break_glass(tx: Tx, promotion_id: str, comment: str) -> BreakGlass:
    """Take it back before its end: what has not begun is judged without it.

    Raises UnknownPromotion, BreakGlassIsOver, also where there is none.
    """
    found = find_promotion(tx, promotion_id, lock=True)
    before = find_break_glass(tx, found.id)
    if BREAK_GLASS.is_final(before.state) or before.ends_at <= time_text(tx.now):
        raise _is_over(before)
    after = _over(tx, before, BreakGlassEvent.END)
    tx.add(BreakGlassEnded(found.id, after.environment, after.id, comment))
    return after


def lapse_break_glass(tx: Tx) -> int:
    """Say of each whose time is over that it is. Decisions do not wait for that; how many."""
    overdue = overdue_break_glass(tx, time_text(tx.now), _LAPSES_MAX)
    for seen in overdue:
        find_promotion(tx, seen.promotion, lock=True)
        before = last_break_glass(tx, seen.promotion)
        if before is None or before.id != seen.id or BREAK_GLASS.is_final(before.state):
            continue  # somebody else's sweep was faster
        after = _over(tx, before, BreakGlassEvent.LAPSE)
        tx.add(BreakGlassLapsed(after.promotion, after.environment, after.id, after.ends_at))
    return len(overdue)


def break_glass_input(
    tx: Tx, promotion: Promotion, environment: Environment
) -> BreakGlassInput | msgspec.UnsetType:
    """The one that stands for this promotion; left out where none does.

    It stands while the environment lets both its people break the glass.
    """
    if environment.break_glass is None:
        return msgspec.UNSET
    one = last_break_glass(tx, promotion.id)
    if one is None or not one.stands(time_text(tx.now)):
        return msgspec.UNSET
    assert one.agreed_by is not None, "a standing one was agreed to"
    assert one.agreed_at is not None, "a standing one was agreed to"
    both = (one.requested_by, one.agreed_by)
    if any(_why_not_allowed(tx, environment, person) for person in both):
        return msgspec.UNSET
    return BreakGlassInput(
        id=one.id,
        plan_digest=one.plan_digest,
        reason=one.reason,
        requested_by=one.requested_by,
        requested_at=one.requested_at,
        agreed_by=one.agreed_by,
        agreed_at=one.agreed_at,
        ends_at=one.ends_at,
        gates=msgspec.UNSET if one.gates is None else one.gates,
    )


def why_not_break(
    tx: Tx, found: Promotion, environment: Environment, person: Person
) -> StellaError | None:
    """Why this person cannot ask for it now; None where they can. What the console shows too."""
    refusal = _why_not_allowed(tx, environment, person)
    if refusal is not None:
        return refusal
    if found.state not in HELD or found.plan_digest is None:
        return NothingToBreak(
            f"{found.id} is {found.state.value}: no gate holds it up",
            remedy=Remedy("See how it stands.", command=f"stella why {found.id}"),
            promotion=found.id,
            state=found.state.value,
        )
    if is_expired(found, tx.now):
        return NothingToBreak(
            f"{found.id} expired at {found.expires_at}: its time is over",
            remedy=Remedy("Ask for it anew.", command="stella promote RELEASE --env ENVIRONMENT"),
            promotion=found.id,
            state=found.state.value,
        )
    return None


def why_not_agree(
    tx: Tx, found: Promotion, environment: Environment, person: Person, asked: BreakGlass
) -> StellaError | None:
    """Why this person cannot agree to it now; None where they can."""
    refusal = why_not_break(tx, found, environment, person)
    if refusal is not None:
        return refusal
    if asked.state is not BreakGlassState.REQUESTED or asked.ends_at <= time_text(tx.now):
        return _is_over(asked)
    if person.id == asked.requested_by.id:
        return OwnBreakGlass(
            f"{person.name} asked for {asked.id} and cannot agree to it",
            remedy=Remedy(f"Ask somebody else whom {found.environment} names for it."),
            break_glass=asked.id,
        )
    return None


def _why_not_allowed(tx: Tx, environment: Environment, person: Person) -> StellaError | None:
    """Why the environment does not take this person's word, as they are now; None where it does."""
    rule = environment.break_glass
    if rule is None:
        return BreakGlassNotAllowed(
            f"{environment.name} lets nobody break the glass",
            remedy=Remedy("Mend what the gates say; or name who may, under breakGlass.by."),
            environment=environment.name,
        )
    # Users alone: a machine's word is its issuer's, and two of them are no two people.
    now = present(tx, [person.id]).get(person.id)
    roles = {role.value for role in now.roles} & set(person.roles) if now else set[str]()
    is_named = now is not None and bool({now.name, *roles} & set(rule.by))
    if is_named and may(now, Permission.PROMOTION_BREAK_GLASS):
        return None
    return BreakGlassNotAllowed(
        f"{environment.name} does not let {person.name} break the glass",
        remedy=Remedy(f"Ask one of: {', '.join(rule.by)}."),
        environment=environment.name,
        by=list(rule.by),
    )


def _refuse(refusal: StellaError | None) -> None:
    if refusal is not None:
        raise refusal


def _held_up_by(found: Promotion, blobs: Blobs) -> tuple[str, ...]:
    """The gates that did not pass in its record, which both people look at."""
    assert found.record is not None, "what is held up was judged"
    record = blobs.get(Digest(found.record))
    return held_by(msgspec.json.decode(record, type=Decision).gates)


def _refuse_impossible(
    tx: Tx, found: Promotion, environment: Environment, reason: str, ends_at: datetime
) -> None:
    assert environment.break_glass is not None, "somebody may break it"
    hours, last = environment.break_glass.hours_max, last_break_glass(tx, found.id)
    if not 0 < len(reason.strip()) <= REASON_CHARACTERS_MAX:
        why = f"it says why, in {REASON_CHARACTERS_MAX} characters at most"
    elif not tx.now < ends_at <= tx.now + timedelta(hours=hours):
        why = f"it ends after now, and within {hours} h in {environment.name}"
    elif found.expires_at is not None and time_text(ends_at) > found.expires_at:
        why = f"it ends no later than {found.id} expires, at {found.expires_at}"
    elif last is not None and last.is_open(time_text(tx.now)):
        why = f"{last.id} is {last.state.value} until {last.ends_at}"
    else:
        return
    raise ImpossibleBreakGlass(
        f"the glass cannot be broken so: {why}",
        remedy=Remedy("Give a reason and an end; end what is open first."),
        promotion=found.id,
    )


def _over(tx: Tx, before: BreakGlass, event: BreakGlassEvent) -> BreakGlass:
    state = BREAK_GLASS.next(before.state, event)
    after = replace(before, state=state, ended_at=time_text(tx.now))
    update_break_glass(tx, after)
    return after


def _is_over(found: BreakGlass) -> BreakGlassIsOver:
    state = "over" if found.state is BreakGlassState.REQUESTED else found.state.value
    return BreakGlassIsOver(
        f"the break-glass {found.id} is {state}; it ends or ended at {found.ended_at or found.ends_at}",
        remedy=Remedy("Ask for another one, where it is still needed."),
        break_glass=found.id,
        state=found.state.value,
    )
