"""A followed repository: what is read of it, what that may bring, and how it went the last time."""

from dataclasses import dataclass, replace
from enum import StrEnum

import msgspec

from stella.kernel import Json

KIND = "FollowedRepository"
OWNER_PREFIX = "repository-"
"""How the owners of what repositories bring are called; nobody applies under such a name by hand."""


class Followed(msgspec.Struct, frozen=True):
    """One repository. integration: an SCM's. branch: or tag; ``HEAD`` is the server's own choice.

    files: paths, folders and patterns there (``followed.files``), whose documents are applied together.
    kinds: which ones they may bring beside those that whoever changes environments may apply. prune:
    what they brought and name no more ends. signed: every commit has to be, by somebody whom the
    integration knows.
    """

    name: str
    integration: str
    repository: str
    branch: str
    files: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    prune: bool = True
    signed: bool = msgspec.field(default=False, name="signedCommits")

    @property
    def owner(self) -> str:
        """Under which name its documents are kept."""
        return f"{OWNER_PREFIX}{self.name}"

    @property
    def place(self) -> tuple[str, str, str]:
        """Where it is: another one has another history."""
        return self.integration, self.repository, self.branch

    def spec(self) -> dict[str, Json]:
        """As it is written, with every value."""
        plain: dict[str, Json] = msgspec.to_builtins(self)
        del plain["name"]
        return plain


class SyncOutcome(StrEnum):
    """How it went the last time."""

    WAITING = "waiting"
    APPLIED = "applied"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


class Head(msgspec.Struct, frozen=True):
    """The commit that the branch named when it was last looked at. signer: empty unless verified."""

    id: str
    author: str
    title: str
    signer: str = ""


class Counted(msgspec.Struct, frozen=True):
    """A file whose documents count. documents: how many it has."""

    path: str
    documents: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a followed repository stands. applied: the commit whose documents count, since applied_at.

    accepted: a commit that a person lets follow although history does not lead to it. asked: somebody
    wants it looked at now; asks: how often that was so, by which a look knows whether it was asked for
    meanwhile. counted: the files of the commit that counts. code, message, advice: of the refusal, empty
    where there was none.
    """

    outcome: SyncOutcome = SyncOutcome.WAITING
    checked_at: str | None = None
    head: Head | None = None
    applied: str | None = None
    applied_at: str | None = None
    accepted: str | None = None
    asked: bool = False
    asks: int = 0
    counted: tuple[Counted, ...] = ()
    code: str = ""
    message: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """A followed repository, and how it stands."""

    followed: Followed
    standing: Standing

    def asked_for(self) -> "Known":
        """The same, to be looked at now."""
        standing = self.standing
        return replace(self, standing=replace(standing, asked=True, asks=standing.asks + 1))
