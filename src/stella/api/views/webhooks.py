"""Webhooks and their deliveries, as the API shows them. No body and no secret is in any view."""

from typing import Any

from stella.api.views.base import View
from stella.hub.deliveries import Refusals
from stella.hub.delivery import Delivery


class ReceivedView(View):
    """How a delivery was taken. replay: the same was there before, and is not handled again."""

    delivery: str
    state: str
    replay: bool


class DeliveryView(View):
    """What one webhook said, and what came of it.

    delivery: its id, as the service's own proof has it. content: what was read of it. replays: how
    often the same came again. nextAt: when it is tried; null where it is not waiting.
    """

    id: str
    integration: str
    delivery: str
    event: str
    state: str
    outcome: str
    attempts: int
    replays: int
    received_at: str
    next_at: str | None
    ended_at: str | None
    content: dict[str, Any]


class RefusalsView(View):
    """How often deliveries were refused with that code. Nothing is kept of what they said."""

    code: str
    count: int
    last_at: str


class WebhookView(View):
    """Where a service sends to, how many deliveries are kept by state, what was refused."""

    integration: str
    address: str
    deliveries: dict[str, int]
    refusals: list[RefusalsView]


def delivery_view(value: Delivery) -> DeliveryView:
    """One delivery."""
    return DeliveryView(
        id=value.id,
        integration=value.integration,
        delivery=value.delivery,
        event=value.event,
        state=value.state.value,
        outcome=value.outcome,
        attempts=value.attempts,
        replays=value.replays,
        received_at=value.received_at,
        next_at=value.next_at or None,
        ended_at=value.ended_at or None,
        content=dict(value.content),
    )


def refusals_view(value: Refusals) -> RefusalsView:
    """One count."""
    return RefusalsView(code=value.code, count=value.count, last_at=value.last_at)
