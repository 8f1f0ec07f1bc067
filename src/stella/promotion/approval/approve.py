"""Say yes, no, or take it back. A yes is bound to the plan that was looked at."""

from stella.blob import Blobs
from stella.environment.store import find_environment
from stella.identity.model import UNPROVEN, Proof
from stella.kernel import Digest, StellaError, time_text
from stella.promotion.approval.voice import voice_in, why_not_reject
from stella.promotion.facts import ApprovalGiven, PromotionCancelled, PromotionRejected
from stella.promotion.gates.proving import recent_proof
from stella.promotion.lifecycle import Event
from stella.promotion.model import OnCallInput, Person, document
from stella.promotion.store import (
    Approval,
    Promotion,
    find_promotion,
    insert_approval,
    refuse_other_plan,
    update_promotion,
)
from stella.record.transaction import Tx
from stella.trust import APPROVAL, Signer, sign_statement


def approve_promotion(
    tx: Tx,
    person: Person,
    promotion_id: str,
    *,
    plan_digest: str,
    comment: str,
    blobs: Blobs,
    signer: Signer,
    stands_for: str | None = None,
    proof: Proof = UNPROVEN,
) -> Approval:
    """One person's yes to exactly ``plan_digest``, signed. Counting it is the gates' matter.

    stands_for: name of the absent one in whose place it is given; where it is left out, a person
    whom no rule takes by themselves speaks for the first absent one who could.
    proof: when they last proved who they are, for an environment that asks for it.

    Raises UnknownPromotion, NotAwaitingApproval, OwnRequest, NoRuleNamesYou, NotYourTurn,
    PlanHasChanged, AlreadyApproved, ReauthenticationNeeded, AuthorsUnknown, NotOnCall.
    """
    found = find_promotion(tx, promotion_id, lock=True)
    voice = voice_in(tx, blobs, found, person, stands_for, keep=True)
    if isinstance(voice, StellaError):
        raise voice
    refuse_other_plan(found, plan_digest)
    proven_at = recent_proof(tx, find_environment(tx, found.environment), person, proof)
    approval_id, at = tx.new_id("apr"), time_text(tx.now)
    on_call = tuple(OnCallInput(one.name, blobs.put(one.to_json()).text) for one in voice.rosters)
    bundle = sign_statement(
        signer,
        subject_name=f"plan of {found.id}",
        subject=Digest(plan_digest),
        predicate_type=APPROVAL,
        predicate={
            "id": approval_id,
            "promotion": found.id,
            "planDigest": plan_digest,
            "by": document(person),
            "at": at,
            "comment": comment,
            **({} if voice.absent is None else {"standsFor": document(voice.absent)}),
            **({} if proven_at is None else {"provenAt": proven_at}),
            **({"onCall": [document(one) for one in on_call]} if on_call else {}),
        },
    )
    given = Approval(
        approval_id,
        found.id,
        person,
        at,
        comment,
        plan_digest,
        blobs.put(bundle).text,
        voice.absent,
        proven_at,
        on_call,
    )
    insert_approval(tx, given)
    tx.add(ApprovalGiven(found.id, given.id, plan_digest, comment))
    return given


def reject_promotion(tx: Tx, person: Person, promotion_id: str, comment: str) -> Promotion:
    """A person who may approve says no, which ends it.

    Raises UnknownPromotion, NotAwaitingApproval, OwnRequest, NoRuleNamesYou.
    """
    found = find_promotion(tx, promotion_id, lock=True)
    refusal = why_not_reject(tx, found, person)
    if refusal is not None:
        raise refusal
    after = found.moved(Event.REJECT)
    update_promotion(tx, after)
    tx.add(PromotionRejected(after.id, after.environment, comment))
    return after


def cancel_promotion(tx: Tx, promotion_id: str, comment: str) -> Promotion:
    """Take it back before it is deployed. Raises UnknownPromotion, IllegalMove."""
    found = find_promotion(tx, promotion_id, lock=True)
    after = found.moved(Event.CANCEL)
    update_promotion(tx, after)
    tx.add(PromotionCancelled(after.id, after.environment, comment))
    return after
