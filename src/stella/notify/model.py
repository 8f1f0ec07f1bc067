"""A rule, and a message that follows from it."""

from dataclasses import dataclass
from enum import StrEnum

from stella.kernel import Json


@dataclass(frozen=True, slots=True)
class Notification:
    """One rule. on: names of ``EVENTS``. environments: those that it is about; empty for all, and for
    what has none. integration: of a notifier. include_text: whether what people wrote (reasons,
    comments) is told.
    """

    name: str
    on: tuple[str, ...]
    integration: str
    environments: tuple[str, ...] = ()
    include_text: bool = True
    enabled: bool = True

    def spec(self) -> dict[str, Json]:
        """As it stands in a declarative document."""
        return {
            "on": list(self.on),
            "environments": list(self.environments),
            "integration": self.integration,
            "includeText": self.include_text,
            "enabled": self.enabled,
        }


@dataclass(frozen=True, slots=True)
class KnownNotification:
    """A rule as it is stored."""

    rule: Notification
    changed_at: str


class MessageState(StrEnum):
    """Where a message stands."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """One message on its way, or at its end.

    event: of ``EVENTS``; ``test`` where somebody tried the rule. fact: which it follows from.
    subject, environment: what it is about. content: title, text, severity, fields, url and choices,
    as they are sent. attempts: begun so far. due_at: when it is tried, again where an attempt was
    begun. detail: how the last attempt ended. reference, url: where the service keeps it.
    """

    id: str
    rule: str
    integration: str
    event: str
    fact: str
    subject: str
    environment: str
    content: dict[str, Json]
    state: MessageState
    attempts: int
    queued_at: str
    due_at: str
    ended_at: str | None
    detail: str
    reference: str
    url: str

    @property
    def title(self) -> str:
        """Its first line."""
        return str(self.content["title"])
