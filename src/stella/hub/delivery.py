"""Deliveries of webhooks: verified, stored once, handled later. What was refused is counted."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from stella.hub.facts import WebhookFailed, WebhookHandled, WebhookRetried
from stella.hub.lifecycle import DELIVERY, DeliveryEvent, DeliveryState
from stella.kernel import Json, NotCanonical, Remedy, canonical_json, time_text
from stella.plugin.contract.webhook import Received
from stella.plugin.crossing import bounded_text
from stella.plugin.refusals import WebhookMalformed
from stella.plugin.wire import to_wire
from stella.record.transaction import Tx

CONTENT_BYTES_MAX = 256 * 1024
ATTEMPTS_MAX = 5
WAITS_S = (5, 30, 120, 600)
"""After each try that failed and that another may mend."""

_ID_LENGTH_MAX = 200
_EVENT_LENGTH_MAX = 100
_OUTCOME_MAX = 1000


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one webhook said, and what came of it.

    delivery: the id that makes it the same again. content: what was read of it, as JSON; never the
    body. replays: how often the same came again. next_at: when it is tried (again); empty where it
    is not waiting.
    """

    id: str
    integration: str
    delivery: str
    event: str
    state: DeliveryState
    received_at: str
    content: dict[str, Json]
    outcome: str = ""
    attempts: int = 0
    replays: int = 0
    next_at: str = ""
    ended_at: str = ""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A delivery whose signature is good, bounded. content: None for more than is kept."""

    integration: str
    delivery: str
    event: str
    content: dict[str, Json] | None


@dataclass(frozen=True, slots=True)
class Taken:
    """How it was taken. is_replay: the same was there before, and is not handled again."""

    id: str
    state: DeliveryState
    is_replay: bool


def arrived(integration: str, received: Received) -> Arrived:
    """What a connector read, as it can be stored. Raises WebhookMalformed: it cannot.

    Before it is stored with others, which must not suffer for it.
    """
    try:
        content = _content(received)
    except (NotCanonical, AssertionError, ValueError, TypeError, RecursionError):
        raise WebhookMalformed(
            "its connector read what cannot be stored",
            remedy=Remedy("Ask the publisher of its plugin."),
        ) from None
    event = bounded_text(received.event, _EVENT_LENGTH_MAX)
    return Arrived(integration, bounded_id(received.id), event, content)


def new_delivery(tx: Tx, arrived: Arrived) -> Delivery:
    """The row of what has arrived: queued, or ignored where it does not concern us."""
    content, outcome, state = arrived.content, "", DELIVERY.start
    if content is None:
        content, outcome = {}, f"it says more than {CONTENT_BYTES_MAX >> 10} KiB"
        state = DELIVERY.next(state, DeliveryEvent.FAIL)
    elif not content:
        outcome = "it does not concern us"
        state = DELIVERY.next(state, DeliveryEvent.IGNORE)
    now = time_text(tx.now)
    is_waiting = state is DeliveryState.QUEUED
    return Delivery(
        id=tx.new_id("whd"),
        integration=arrived.integration,
        delivery=arrived.delivery,
        event=arrived.event,
        state=state,
        received_at=now,
        content=content,
        outcome=outcome,
        next_at=now if is_waiting else "",
        ended_at="" if is_waiting else now,
    )


def bounded_id(text: str) -> str:
    """An id as it is stored: one that is too long, or cannot be stored, by its digest."""
    if 0 < len(text) <= _ID_LENGTH_MAX and text.isprintable():
        return text
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def ending(value: Delivery) -> WebhookHandled | WebhookFailed | None:
    """The fact that ``value`` leaves; None where it has not ended."""
    if value.state is DeliveryState.HANDLED:
        return WebhookHandled(value.id, value.integration, value.event, value.outcome)
    if value.state is DeliveryState.FAILED:
        return WebhookFailed(value.id, value.integration, value.event, value.outcome)
    return None


def handled(tx: Tx, value: Delivery, outcome: str) -> Delivery:
    """It is done. outcome: what came of it, in a sentence."""
    return replace(
        value,
        state=DELIVERY.next(value.state, DeliveryEvent.HANDLE),
        outcome=bounded_text(outcome, _OUTCOME_MAX),
        attempts=value.attempts + 1,
        next_at="",
        ended_at=time_text(tx.now),
    )


def failed(tx: Tx, value: Delivery, why: str, next_at: str | None) -> Delivery:
    """It could not be handled. next_at: when it is tried again; None where that would not help."""
    told, attempts = bounded_text(why, _OUTCOME_MAX), value.attempts + 1
    if next_at is not None and attempts < ATTEMPTS_MAX:
        return replace(value, outcome=told, attempts=attempts, next_at=next_at)
    return replace(
        value,
        state=DELIVERY.next(value.state, DeliveryEvent.FAIL),
        outcome=told,
        attempts=attempts,
        next_at="",
        ended_at=time_text(tx.now),
    )


def retried(tx: Tx, value: Delivery) -> Delivery:
    """Somebody wants it tried anew. Raises IllegalMove where it has not failed."""
    state = DELIVERY.next(value.state, DeliveryEvent.RETRY)
    tx.add(WebhookRetried(value.id, value.integration))
    return replace(value, state=state, attempts=0, next_at=time_text(tx.now), ended_at="")


def _content(received: Received) -> dict[str, Json] | None:
    """What concerns us, by list; None for more than is kept."""
    lists: dict[str, Sequence[object]] = {
        "images": received.images,
        "commits": received.commits,
        "builds": received.builds,
        "choices": received.choices,
    }
    content = {name: to_wire(list(found)) for name, found in lists.items() if found}
    return content if not content or len(canonical_json(content)) <= CONTENT_BYTES_MAX else None
