"""Judge a promotion's gates: gather, decide, keep the signed record, move it."""

from collections.abc import Collection
from dataclasses import replace
from typing import assert_never

import msgspec

from stella.blob.errors import BlobsUnusable
from stella.environment.store import keep_environment
from stella.finding.lifecycle import ScanState
from stella.finding.store import pending_scan, scan_of_platform
from stella.kernel import Digest, Json, StellaError, canonical_json, time_text
from stella.promotion.assemble import Assembled, Deciding, assemble
from stella.promotion.decide import decide, outcome_of, record_of
from stella.promotion.expiry import expire_promotion, is_expired
from stella.promotion.facts import (
    GatesDecided,
    GlassBroken,
    HotfixTaken,
    PromotionApproved,
    PromotionBlocked,
    PromotionErrored,
)
from stella.promotion.gates.broken_glass import held_by
from stella.promotion.gates.start_window import START
from stella.promotion.known.look_up import ticket_to_be
from stella.promotion.known.together import asked_together
from stella.promotion.lifecycle import NOT_BEGUN, Event, State
from stella.promotion.model import Decision, GateState, Person, document
from stella.promotion.request import promotable
from stella.promotion.store import Promotion, find_promotion, update_promotion
from stella.record.read import facts_about
from stella.record.transaction import Tx
from stella.release.model import Release
from stella.release.store import find_release, keep_release
from stella.trust import GATE_DECISION, Signer, sign_statement


def evaluate_promotion(tx: Tx, promotion_id: str, deciding: Deciding, signer: Signer) -> Promotion:
    """Judge it now, or end it where its time is over; what has begun or ended stays as it is.

    A refusal (a release withdrawn meanwhile, a plan that cannot be made, a document that is gone)
    ends it as errored, with why.
    Raises BlobsUnusable, and changes nothing then.
    """
    before = _kept_still(tx, promotion_id)
    if before.state not in NOT_BEGUN or tx.has_caused("GatesDecided", promotion_id):
        return before
    if is_expired(before, tx.now):
        return expire_promotion(tx, before)
    try:
        promotable(tx, before.release)
        assembled = assemble(tx, before, deciding, keep=True)
        decision = decide(assembled.given, assembled.documents, assembled.bundle, ask=deciding.ask)
    except BlobsUnusable:
        raise  # a full disk says nothing about the promotion
    except StellaError as refusal:
        return break_promotion(tx, before, refusal)
    kept = _kept(before, assembled, decision, deciding, signer)
    after = replace(kept, due_at=_earliest(due_of(decision), before.expires_at)).moved(
        _event(decision)
    )
    update_promotion(tx, after)
    tx.add(
        GatesDecided(
            after.id,
            decision.outcome.value,
            decision.plan_digest,
            after.record or "",
            after.input or "",
            tuple(one.name for one in decision.gates if one.state is GateState.WAITING),
        )
    )
    _tell_of_broken_glass(tx, after, decision)
    _tell_of_hotfix(tx, after, decision)
    if after.state is State.BLOCKED:
        gates = held_by(decision.gates)
        tx.add(PromotionBlocked(after.id, after.environment, decision.outcome.value, gates))
    elif after.state is State.APPROVED and before.state is not after.state:
        tx.add(PromotionApproved(after.id, after.environment, decision.plan_digest))
    return after


def _kept_still(tx: Tx, promotion_id: str) -> Promotion:
    """The promotion, its row held; where it goes and what goes there stay as they are meanwhile.

    What was taken back between the reading and the fact of the decision would stand before that fact
    in the chain, and its packet would never verify. The environment comes first, as for whoever
    begins a deployment or asks for one.
    """
    keep_environment(tx, find_promotion(tx, promotion_id).environment)
    found = find_promotion(tx, promotion_id, lock=True)
    keep_release(tx, found.release)
    return found


def _tell_of_broken_glass(tx: Tx, after: Promotion, decision: Decision) -> None:
    """That it did not pass by its gates is never silent, and told once of each gate."""
    if decision.break_glass is msgspec.UNSET:
        return
    held = held_by(decision.gates)
    outcome = outcome_of(decision.gates).value
    glass, plan = decision.break_glass.id, decision.plan_digest
    if any(
        fact.kind == "GlassBroken"
        and fact.data.get("break_glass") == glass
        and set(held) <= set(_names(fact.data.get("gates")))
        for fact in facts_about(tx, [after.id])
    ):
        return
    tx.add(GlassBroken(after.id, after.environment, glass, plan, outcome, held))


def _tell_of_hotfix(tx: Tx, after: Promotion, decision: Decision) -> None:
    """That phases were left out is never silent, and told once of the same.

    Where another gate blocks it nothing went: that is told, and its decision says the rest.
    """
    use = decision.hotfix
    if use is msgspec.UNSET or after.state is State.BLOCKED:
        return
    if any(
        fact.kind == "HotfixTaken" and tuple(_names(fact.data.get("phases"))) == use.phases
        for fact in facts_about(tx, [after.id])
    ):
        return
    tx.add(
        HotfixTaken(
            after.id,
            after.environment,
            use.lifecycle,
            use.phases,
            use.channel,
            decision.plan_digest,
            use.reason,
        )
    )


def _names(said: Json) -> list[Json]:
    return said if isinstance(said, list) else []


def due_of(decision: Decision) -> str | None:
    """When the first gate whose answer time changes is to be judged again; None where none is."""
    times = [gate.due for gate in decision.gates if gate.due is not msgspec.UNSET]
    return min(times, default=None)


def judge_due(tx: Tx, promotion: Promotion, deciding: Deciding, signer: Signer) -> Promotion:
    """Its time has come: judge it again, or forget the time where there is nothing left to judge."""
    after = evaluate_promotion(tx, promotion.id, deciding, signer)
    if after.due_at is None or after.due_at > time_text(tx.now):
        return after
    left = replace(after, due_at=after.expires_at if after.state in NOT_BEGUN else None)
    update_promotion(tx, left)
    return left


def waits_for_scan(tx: Tx, promotion: Promotion) -> bool:
    """Whether an image of it is being scanned: judged before that, it would end as unknown."""
    if promotion.state is not State.EVALUATING:
        return False
    for component in find_release(tx, promotion.release).components:
        if pending_scan(tx, component.pinned) is not None:
            return True
        for platform in component.platforms:
            known = scan_of_platform(tx, platform.digest)
            if known is not None and known.state is ScanState.PENDING:
                return True
    return False


def preview_promotion(
    tx: Tx,
    person: Person,
    release: Release,
    environment: str,
    deciding: Deciding,
    *,
    hotfix: bool = False,
    change_ticket: str = "",
    together: Collection[str] = (),
    hypothetical: bool = False,
) -> tuple[Decision, Assembled]:
    """What the gates would say now. Stores no promotion and no fact.

    together: environments that the same request names, to which it would be on its way.

    hypothetical: nobody thinks of asking; it is about what the release is, not about a promotion of it.
    """
    asked = Promotion(
        id="prm_00000000000000000000000000",
        release=release.id,
        release_digest=release.digest,
        environment=environment,
        state=State.EVALUATING,
        requested_by=person,
        requested_at="",
        reason="",
        rollback=False,
        hotfix=hotfix,
    )
    ticket = (
        ticket_to_be(tx, person, environment, change_ticket, asked.release_digest)
        if change_ticket
        else None
    )
    assembled = assemble(tx, asked, deciding, ticket=ticket)
    if together:
        assembled = replace(assembled, given=asked_together(assembled.given, together))
    if hypothetical:
        given = msgspec.structs.replace(assembled.given, hypothetical=True)
        assembled = replace(assembled, given=given)
    decision = decide(assembled.given, assembled.documents, assembled.bundle, ask=deciding.ask)
    return decision, assembled


def break_promotion(tx: Tx, before: Promotion, refusal: StellaError) -> Promotion:
    """End it as errored: it could not be judged or begun, which is no verdict."""
    after = before.moved(Event.BREAK)
    update_promotion(tx, after)
    tx.add(PromotionErrored(after.id, after.environment, refusal.code, str(refusal)))
    return after


def _kept(
    before: Promotion,
    assembled: Assembled,
    decision: Decision,
    deciding: Deciding,
    signer: Signer,
) -> Promotion:
    """The promotion with the documents of this decision, which are in the blob store now."""
    blobs = deciding.blobs
    record = record_of(decision)
    bundle = sign_statement(
        signer,
        subject_name=f"plan of {before.id}",
        subject=Digest(decision.plan_digest),
        predicate_type=GATE_DECISION,
        predicate=document(decision),
    )
    return replace(
        before,
        plan_digest=decision.plan_digest,
        input=blobs.put(canonical_json(document(assembled.given))).text,
        record=blobs.put(record).text,
        bundle=blobs.put(bundle).text,
        plan=assembled.given.deployment_plan,
    )


def _event(decision: Decision) -> Event:
    match decision.outcome:
        case GateState.PASS:
            return Event.PASS
        case GateState.WAITING:
            waiting = {one.name for one in decision.gates if one.state is GateState.WAITING}
            return Event.SCHEDULE if waiting == {START} else Event.WAIT
        case GateState.BLOCKED | GateState.UNKNOWN:
            return Event.BLOCK
        case _:
            assert_never(decision.outcome)


def _earliest(*times: str | None) -> str | None:
    return min((one for one in times if one is not None), default=None)
