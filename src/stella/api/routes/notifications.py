"""Who is told of what, and what became of each message."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from stella.api.asked import Asked, Viewer
from stella.api.looking import Integrator
from stella.api.views.base import Page
from stella.api.views.notifications import (
    EventView,
    MessageView,
    NotificationView,
    message_view,
    notification_view,
)
from stella.notify.apply import delete_notification
from stella.notify.events import EVENTS
from stella.notify.model import MessageState
from stella.notify.queue import queue_again, queue_test
from stella.notify.store import find_notification, list_messages, list_notifications
from stella.record import Tx

router = APIRouter(tags=["notifications"])


@router.get("/notifications")
def get_notifications(asked: Viewer) -> Page[NotificationView]:
    """The rules, by name."""
    with asked.read() as tx:
        return Page(items=[_shown(tx, one.rule.name) for one in list_notifications(tx)])


@router.get("/notifications/events")
def get_notification_events(asked: Viewer) -> Page[EventView]:
    """What rules can tell of."""
    del asked
    return Page(
        items=[
            EventView(name=name, fact=one.fact, meaning=one.meaning) for name, one in EVENTS.items()
        ]
    )


@router.get("/notifications/sent")
def get_sent_messages(
    asked: Viewer,
    rule: str | None = None,
    state: Annotated[str | None, Query(pattern="^(waiting|sent|failed)$")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Page[MessageView]:
    """Messages and what became of them, the newest first; of those that ended the last 2,000."""
    with asked.read() as tx:
        wanted = MessageState(state) if state is not None else None
        found = list_messages(tx, rule=rule, state=wanted, limit=limit)
        return Page(items=[message_view(one) for one in found])


@router.post("/notifications/sent/{message}/resend", response_model=MessageView)
def post_message_resend(asked: Integrator, message: str) -> Response:
    """Try a message anew that was given up."""
    return asked.once(lambda tx: message_view(queue_again(tx, message)))


@router.get("/notifications/{name}")
def get_notification(asked: Viewer, name: str) -> NotificationView:
    """One rule."""
    with asked.read() as tx:
        return _shown(tx, name)


@router.delete("/notifications/{name}", status_code=204)
def delete_notification_(asked: Integrator, name: str) -> Response:
    """End a rule; what waits is still sent."""
    return asked.once(lambda tx: delete_notification(tx, name), status=204)


@router.post("/notifications/{name}/test", status_code=202, response_model=MessageView)
def post_notification_test(asked: Integrator, name: str) -> Response:
    """Queue a message that says it is a test; its outcome stands under `/notifications/sent`."""

    def do(tx: Tx) -> MessageView:
        return message_view(queue_test(tx, name, _url(asked)))

    return asked.once(do, status=202)


def _url(asked: Asked) -> str:
    return asked.services.url


def _shown(tx: Tx, name: str) -> NotificationView:
    known = find_notification(tx, name)
    last = next(iter(list_messages(tx, rule=name, limit=1)), None)
    return notification_view(known, last)
