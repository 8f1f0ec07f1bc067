"""Begin a promotion's deployment, and end it with that."""

from dataclasses import replace
from enum import StrEnum

from stella.environment.hold import end_hold, find_hold
from stella.promotion.facts import PromotionDeployed, PromotionFailed, PromotionStarted
from stella.promotion.lifecycle import PROMOTION, Event, State
from stella.promotion.store import Promotion, find_promotion, update_promotion
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
    """It is being deployed. Raises IllegalMove."""
    after = replace(promotion.moved(Event.START), deployment=deployment)
    update_promotion(tx, after)
    tx.add(PromotionStarted(after.id, after.environment, deployment))
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
    """It ended. Where it is a rollback that never began, what it held is held no more."""
    found = find_promotion(tx, promotion_id)
    held = find_hold(tx, found.environment)
    if held is not None and held.promotion == found.id and found.deployment is None:
        end_hold(tx, held, f"its rollback was {found.state.value}", found.id)


def _move_on(tx: Tx, deployed: Promotion) -> None:
    """Who asked for it knew of the hold, and wanted the environment to go on."""
    held = find_hold(tx, deployed.environment)
    if held is not None and not deployed.rollback and deployed.requested_at >= held.at:
        end_hold(tx, held, f"{deployed.requested_by.name} moved it on", deployed.id)
