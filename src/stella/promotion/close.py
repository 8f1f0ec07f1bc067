"""Begin a promotion's deployment, and end it with that."""

from dataclasses import replace
from enum import StrEnum

from stella.promotion.facts import PromotionDeployed, PromotionFailed, PromotionStarted
from stella.promotion.lifecycle import PROMOTION, Event
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
    return after
