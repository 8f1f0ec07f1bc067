"""What happens to rules and messages. No text of a message is in any of them."""

from dataclasses import dataclass

from stella.kernel import Fact


@dataclass(frozen=True, slots=True)
class NotificationApplied(Fact):
    """A rule was made or changed. subject: its name; spec: digest of the new specification."""

    change: str
    spec: str


@dataclass(frozen=True, slots=True)
class NotificationDeleted(Fact):
    """A rule is no more. subject: its name."""


@dataclass(frozen=True, slots=True)
class MessageSent(Fact):
    """A service took it. subject: the message."""

    rule: str
    integration: str
    event: str
    attempts: int


@dataclass(frozen=True, slots=True)
class MessageFailed(Fact):
    """It was given up. subject: the message. code: of the refusal."""

    rule: str
    integration: str
    event: str
    attempts: int
    code: str
    detail: str
