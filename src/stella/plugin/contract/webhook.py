"""What a service sends by itself: is it from there, is it new, and what does it say?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from stella.plugin.contract.ci import BuildState


@dataclass(frozen=True, slots=True)
class PushedImage:
    """``tag`` of ``repository`` names ``digest`` now. host: as in image references; empty where the
    service does not say it. at: when it was pushed, where the service says it: one that is overtaken
    on its way changes nothing.
    """

    host: str
    repository: str
    tag: str
    digest: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PushedCommits:
    """``reference`` (``refs/heads/main``) went from ``before`` to ``after``; all zeros for none."""

    repository: str
    reference: str
    before: str
    after: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class EndedBuild:
    """A build has ended. images: what it pushed, by digest, where the service says it."""

    pipeline: str
    build: str
    state: BuildState
    repository: str = ""
    commit: str = ""
    url: str = ""
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PressedChoice:
    """Somebody pressed a button of a message. key: what the choice is about; by: as the service
    knows them.
    """

    key: str
    choice: str
    by: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """A delivery that is what it says.

    id: of this delivery, from what is signed: the same again is a replay. Where the service signs no
    id, the digest of what it signs. event: as the service calls it. reply: what the service wants as
    the answer's body at once (a challenge). All lists are empty for what does not concern us.
    """

    id: str
    event: str
    images: tuple[PushedImage, ...] = ()
    commits: tuple[PushedCommits, ...] = ()
    builds: tuple[EndedBuild, ...] = ()
    choices: tuple[PressedChoice, ...] = ()
    reply: str = ""


class Webhook(Protocol):
    """One service's deliveries. Reads what it is given, reaches nothing."""

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        """Verify, then read. headers: names in lower case.

        Raises ``WebhookForged`` where the signature is missing or wrong, ``WebhookTooOld`` where it
        signs a time that is more than five minutes away, ``WebhookMalformed``. Nothing of the body
        is used before its signature is good.
        """
        ...
