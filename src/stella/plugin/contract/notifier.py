"""Who is told: tickets, chats, mail, a program that listens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Severity(StrEnum):
    """How much it matters."""

    INFO = "info"
    GOOD = "good"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Choice:
    """A button. name: what is told when it is pressed (``approve``). url: where it leads, for those
    that cannot tell us. about: what it decides, told with the name; the message's key where it is empty.
    """

    name: str
    title: str
    url: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be told. key: of ours; sent again with it, nobody is told twice where that can be.

    title, text: plain text, line ends in ``text`` only; a notifier escapes what its service would
    read as markup. fields: short facts, by name. url: where it is shown.
    """

    key: str
    title: str
    text: str
    severity: Severity = Severity.INFO
    fields: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class SentMessage:
    """reference: what ``update`` names; empty where it cannot be changed. url: where it is seen."""

    reference: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A change ticket as the service has it now. key: as people name it. url: where it is seen.

    status: in the service's words. is_approved: whether that counts as approved by the configuration
    of this connection. starts_at, ends_at: the time that is planned for the change, RFC 3339 in UTC with
    microseconds; "" where it has none.
    """

    key: str
    url: str
    status: str
    is_approved: bool
    starts_at: str = ""
    ends_at: str = ""


class Notifier(Protocol):
    """One channel, project or mailbox. All calls raise ``ServiceUnreachable``, ``ServiceRefused``."""

    def send(self, message: Message) -> SentMessage:
        """Tell it. Raises ``NotThere`` where there is no such channel."""
        ...

    def update(self, reference: str, message: Message) -> SentMessage:
        """Say it anew in the same place. Raises ``NotThere``, ``NotSupported``."""
        ...

    def ticket(self, key: str) -> Ticket:
        """How a ticket stands, be it one of ours or not; nothing is changed there.

        key: as people name it, and they may write anything. Raises ``NotThere`` also where it lies
        outside of the project or table of this connection; ``NotSupported`` where there are none.
        """
        ...

    def check(self) -> str:
        """Who we are there, in a few words; nobody is told anything."""
        ...
