"""Begin a promotion's deployment, and end it with that."""

from dataclasses import replace
from enum import StrEnum

from stella.environment.hold import Hold, end_hold, find_hold, hold_for_rollback
from stella.environment.store import find_environment
from stella.promotion.facts import PromotionDeployed, PromotionFailed, PromotionStarted
from stella.promotion.lifecycle import PROMOTION, Event, State
from stella.promotion.store import (
    Promotion,
    find_promotion,
    is_rollback_under_way,
    last_rollback_begun,
    update_promotion,
)
from stella.record.read import facts_about
from stella.record.transaction import Tx


class Ending(StrEnum):
    """How a deployment ended: ``failed`` is a verdict, ``errored`` could not be carried out."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ERRORED = "errored"


_EVENTS = {
    Ending.SUCCEEDED: Event.SUCCEED,
    Ending.FAILED: Event.FAIL,
    Ending.ERRORED: Event.BREAK,
}


def start_promotion(tx: Tx, promotion: Promotion, deployment: str) -> Promotion:
    """It is being deployed; the caller holds its environment. Raises IllegalMove."""
    after = replace(promotion.moved(Event.START), deployment=deployment)
    update_promotion(tx, after)
    tx.add(PromotionStarted(after.id, after.environment, deployment))
    if after.rollback:  # somebody may have moved on, or let it go, since it was asked for
        hold_for_rollback(tx, after.environment, after.reason, after.id)
    return after


def close_promotion(tx: Tx, promotion_id: str, deployment: str, ending: Ending) -> Promotion:
    """Its deployment has ended. A second call changes nothing."""
    found = find_promotion(tx, promotion_id, lock=True)
    if PROMOTION.is_final(found.state):
        return found
    after = found.moved(_EVENTS[ending])
    update_promotion(tx, after)
    fact = PromotionDeployed if ending is Ending.SUCCEEDED else PromotionFailed
    tx.add(fact(after.id, after.environment, deployment))
    if after.state is State.DEPLOYED:
        _move_on(tx, after)
    return after


def let_go(tx: Tx, promotion_id: str) -> None:
    """It ended. Where it is a rollback that never began, what rollbacks held is held no more.

    Unless another one holds it too: that is under way, or began since.
    """
    found = find_promotion(tx, promotion_id)
    if not found.rollback or found.deployment is not None:
        return
    find_environment(tx, found.environment, lock=True)
    held = find_hold(tx, found.environment)
    if held is None or held.promotion is None or _goes_back(tx, held):
        return
    end_hold(tx, held, f"its rollback was {found.state.value}", found.id)


def _goes_back(tx: Tx, held: Hold) -> bool:
    """Whether a rollback is under way there, or began while it was held."""
    if is_rollback_under_way(tx, held.environment):
        return True
    last = last_rollback_begun(tx, held.environment)
    return last is not None and any(
        fact.kind == "PromotionStarted" and fact.at >= held.at
        for fact in facts_about(tx, [last.id])
    )


def _move_on(tx: Tx, deployed: Promotion) -> None:
    """Who asked for it knew of the hold, and wanted the environment to go on."""
    held = find_hold(tx, deployed.environment)
    if held is not None and not deployed.rollback and deployed.requested_at >= held.at:
        end_hold(tx, held, f"{deployed.requested_by.name} moved it on", deployed.id)
