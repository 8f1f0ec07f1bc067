"""Where sources lie: which commits lie between two releases, who signed them, what is told of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class SignatureState(StrEnum):
    """What is known of a commit's signature. Unknown: there is one, and its key is not."""

    GOOD = "good"
    BAD = "bad"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CommitSignature:
    """signer: name, address or key, as it was verified; empty unless good. why: for people."""

    state: SignatureState
    signer: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. id: 40 or 64 hex digits. title: the first line of its message."""

    id: str
    parents: tuple[str, ...]
    author_name: str
    author_email: str
    committed_at: datetime
    title: str
    signature: CommitSignature


@dataclass(frozen=True, slots=True)
class CommitRange:
    """What is reachable from one commit and not from another, newest first.

    is_complete: False where there are more than were asked for. dropped: how many commits the earlier
    one has that the later one has not: not 0 where history was rewritten, or it goes back; at least so
    many where there are very many.
    """

    commits: tuple[Commit, ...]
    is_complete: bool
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class FileList:
    """What lies in a folder, by whole paths in any order.

    links: symbolic links and other repositories, none of which is read. is_complete: False where there
    is more than was asked for.
    """

    files: tuple[str, ...]
    links: tuple[str, ...] = ()
    is_complete: bool = True


class StatusState(StrEnum):
    """How something about a commit stands."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """What we say of a commit. context: whose word it is (``stella/production``); again, it replaces."""

    context: str
    state: StatusState
    description: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class DeploymentNote:
    """What we say of a deployment. key: of ours; again, it is the same deployment there."""

    key: str
    environment: str
    state: StatusState
    description: str
    url: str = ""


class Scm(Protocol):
    """One server of repositories; ``repository`` is the path there (``shop/web``).

    All calls raise ``ServiceUnreachable``, ``ServiceRefused``, ``NotThere``; ``list_files`` and
    both ``set_`` calls also ``NotSupported``.
    """

    def resolve(self, repository: str, reference: str) -> Commit:
        """The commit that a branch, a tag or an id names now."""
        ...

    def between(self, repository: str, base: str, head: str, limit: int) -> CommitRange:
        """The commits of ``head`` that ``base`` has not, at most ``limit``; both are ids."""
        ...

    def read_file(self, repository: str, commit: str, path: str) -> bytes:
        """A file as it was at that commit; at most 1 MiB, more is refused."""
        ...

    def list_files(
        self, repository: str, commit: str, folder: str, is_deep: bool, limit: int
    ) -> FileList:
        """What lies in a folder as it was at that commit, at most ``limit``; empty for the topmost.

        is_deep: what lies in the folders there as well. ``NotSupported`` where files are only read.
        """
        ...

    def set_status(self, repository: str, commit: str, status: CommitStatus) -> None:
        """Say how something about the commit stands."""
        ...

    def set_deployment(self, repository: str, commit: str, note: DeploymentNote) -> str:
        """Say how a deployment of the commit stands; where it can be seen, or nothing."""
        ...

    def check(self) -> str:
        """Who we are there, in a few words."""
        ...
