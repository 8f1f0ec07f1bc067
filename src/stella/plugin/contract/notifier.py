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


class Notifier(Protocol):
    """One channel, project or mailbox. All calls raise ``ServiceUnreachable``, ``ServiceRefused``."""

    def send(self, message: Message) -> SentMessage:
        """Tell it. Raises ``NotThere`` where there is no such channel."""
        ...

    def update(self, reference: str, message: Message) -> SentMessage:
        """Say it anew in the same place. Raises ``NotThere``, ``NotSupported``."""
        ...

    def check(self) -> str:
        """Who we are there, in a few words; nobody is told anything."""
        ...
