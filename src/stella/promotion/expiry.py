"""When a request ends by itself: nobody agreed in time, or its turn did not come."""

from datetime import datetime, timedelta

from stella.environment.model import Environment
from stella.kernel import Remedy, time_text
from stella.promotion.errors import ImpossibleExpiry
from stella.promotion.facts import PromotionExpired
from stella.promotion.gates.start_window import StartWindow
from stella.promotion.lifecycle import Event
from stella.promotion.store import Promotion, update_promotion
from stella.record.transaction import Tx

_AHEAD_MAX = timedelta(days=366)


def expiry_of(
    wanted: datetime | None, environment: Environment, start: StartWindow, now: datetime
) -> str | None:
    """When it expires: as asked for, else as the environment has it; None for never.

    The environment's hours count from the first moment at which it may begin, or a request for next
    week would be over before. Raises ImpossibleExpiry.
    """
    begins = max(start.not_before or now, now)
    if wanted is not None:
        if not begins < wanted <= now + _AHEAD_MAX:
            raise ImpossibleExpiry(
                f"it cannot expire at {time_text(wanted)}",
                remedy=Remedy(
                    "Give a time after now and after its start window opens,"
                    f" {_AHEAD_MAX.days} days ahead at most."
                ),
            )
        return time_text(wanted)
    hours = environment.promotions.expires_after_h
    return None if hours is None else time_text(begins + timedelta(hours=hours))


def is_expired(promotion: Promotion, now: datetime) -> bool:
    """Whether its time is over."""
    return promotion.expires_at is not None and promotion.expires_at <= time_text(now)


def expire_promotion(tx: Tx, before: Promotion) -> Promotion:
    """End what has not begun in time; the caller holds the row. Raises IllegalMove."""
    assert before.expires_at is not None, "what expires has a time for it"
    after = before.moved(Event.EXPIRE)
    update_promotion(tx, after)
    message = f"it was {before.state.value} when its time was over"
    tx.add(PromotionExpired(after.id, after.environment, before.expires_at, message))
    return after
