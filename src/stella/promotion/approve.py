"""Say yes, no, or take it back. A yes is bound to the plan that was looked at."""

from dataclasses import replace

from stella.blob import Blobs
from stella.environment.store import find_environment
from stella.kernel import Digest, Remedy, StellaError, time_text
from stella.promotion.approvals import may_speak_for
from stella.promotion.errors import (
    AlreadyApproved,
    NoRuleNamesYou,
    NotAwaitingApproval,
    OwnRequest,
    PlanHasChanged,
)
from stella.promotion.facts import ApprovalGiven, PromotionCancelled, PromotionRejected
from stella.promotion.lifecycle import PROMOTION, Event, State
from stella.promotion.model import Person, RuleInput, document
from stella.promotion.store import (
    Approval,
    Promotion,
    find_promotion,
    insert_approval,
    list_approvals,
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
) -> Approval:
    """One person's yes to exactly ``plan_digest``, signed. Counting it is the gates' matter.

    Raises UnknownPromotion, NotAwaitingApproval, OwnRequest, NoRuleNamesYou, PlanHasChanged,
    AlreadyApproved.
    """
    found = find_promotion(tx, promotion_id, lock=True)
    refusal = why_not_approve(tx, found, person)
    if refusal is not None:
        raise refusal
    if plan_digest != found.plan_digest:
        raise PlanHasChanged(
            f"the plan of {found.id} is {found.plan_digest} now, not {plan_digest}",
            remedy=Remedy("Look at it again.", command=f"stella why {found.id}"),
            wanted=found.plan_digest,
            given=plan_digest,
        )
    approval_id, at = tx.new_id("apr"), time_text(tx.now)
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
        },
    )
    given = Approval(
        approval_id, found.id, person, at, comment, plan_digest, blobs.put(bundle).text
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
    after = replace(found, state=PROMOTION.next(found.state, Event.REJECT))
    update_promotion(tx, after)
    tx.add(PromotionRejected(after.id, after.environment, comment))
    return after


def cancel_promotion(tx: Tx, promotion_id: str, comment: str) -> Promotion:
    """Take it back before it is deployed. Raises UnknownPromotion, IllegalMove."""
    found = find_promotion(tx, promotion_id, lock=True)
    after = replace(found, state=PROMOTION.next(found.state, Event.CANCEL))
    update_promotion(tx, after)
    tx.add(PromotionCancelled(after.id, after.environment, comment))
    return after


def why_not_approve(tx: Tx, found: Promotion, person: Person) -> StellaError | None:
    """Why this person cannot approve it now; None where they can. What the console shows too."""
    refusal = why_not_reject(tx, found, person)
    if refusal is not None:
        return refusal
    for given in list_approvals(tx, found.id):
        if given.by.id == person.id and given.plan_digest == found.plan_digest:
            return AlreadyApproved(
                f"{person.name} approved this plan of {found.id} at {given.at}",
                remedy=Remedy("Nothing is left for you to do; somebody else has to speak."),
                approval=given.id,
            )
    return None


def why_not_reject(tx: Tx, found: Promotion, person: Person) -> StellaError | None:
    """Why this person has no say in it now; None where they have."""
    if found.state is not State.WAITING:
        return NotAwaitingApproval(
            f"{found.id} is {found.state.value}: it waits for nobody",
            remedy=Remedy("See how it stands.", command=f"stella why {found.id}"),
            state=found.state.value,
        )
    if person.id == found.requested_by.id:
        return OwnRequest(
            f"{person.name} requested {found.id} and cannot decide about it",
            remedy=Remedy("Ask another approver of this environment."),
            promotion=found.id,
        )
    rules = find_environment(tx, found.environment).approvals
    if not any(
        may_speak_for(person, RuleInput(one.rule, one.approvers, one.count)) for one in rules
    ):
        who = sorted({name for one in rules for name in one.approvers})
        return NoRuleNamesYou(
            f"no approval rule of {found.environment} names {person.name} or their roles",
            remedy=Remedy(f"Ask one of: {', '.join(who) or 'nobody is named'}."),
            environment=found.environment,
            approvers=who,
        )
    return None
