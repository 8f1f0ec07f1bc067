"""Rules of who is told, and the messages that followed, as the API shows them."""

from stella.api.views.base import View
from stella.notify.model import KnownNotification, QueuedMessage


class NotificationView(View):
    """A rule. last: the newest message that followed from it; null where there was none."""

    name: str
    on: list[str]
    environments: list[str]
    integration: str
    include_text: bool
    enabled: bool
    changed_at: str
    last: "MessageView | None"


class MessageView(View):
    """One message. state: waiting, sent or failed. detail: why the last attempt failed.

    due_at: of one that waits, when it is tried (again). url: where the service shows it.
    """

    id: str
    rule: str
    integration: str
    event: str
    subject: str
    environment: str
    title: str
    state: str
    attempts: int
    queued_at: str
    due_at: str | None
    ended_at: str | None
    detail: str
    url: str


class EventView(View):
    """What can stand in a rule's `on`. fact: the kind of fact that it follows from."""

    name: str
    fact: str
    meaning: str


def notification_view(known: KnownNotification, last: QueuedMessage | None) -> NotificationView:
    """One rule."""
    rule = known.rule
    return NotificationView(
        name=rule.name,
        on=list(rule.on),
        environments=list(rule.environments),
        integration=rule.integration,
        include_text=rule.include_text,
        enabled=rule.enabled,
        changed_at=known.changed_at,
        last=message_view(last) if last is not None else None,
    )


def message_view(value: QueuedMessage) -> MessageView:
    """One message."""
    return MessageView(
        id=value.id,
        rule=value.rule,
        integration=value.integration,
        event=value.event,
        subject=value.subject,
        environment=value.environment,
        title=value.title,
        state=value.state.value,
        attempts=value.attempts,
        queued_at=value.queued_at,
        due_at=value.due_at if value.ended_at is None else None,
        ended_at=value.ended_at,
        detail=value.detail,
        url=value.url,
    )
