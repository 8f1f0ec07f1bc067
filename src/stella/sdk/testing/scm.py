"""A server of repositories in memory, for tests: it passes the kit that the connectors of real ones pass."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from stella.kernel import Remedy
from stella.plugin.contract.scm import (
    Commit,
    CommitRange,
    CommitSignature,
    CommitStatus,
    DeploymentNote,
    FileList,
    SignatureState,
)
from stella.plugin.refusals import NotThere, ServiceRefused, ServiceUnreachable
from stella.sdk.testing.scm_checks import BRANCH, FILE, FILE_CONTENT, LARGE_FILE, TAG

FILE_BYTES_MAX = 1024 * 1024
_FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)
_ID = re.compile(r"[0-9a-f]{40}\Z")


@dataclass(slots=True)
class SimulatedRepository:
    """One repository. references: branch or tag -> id. statuses, deployments: commit -> what was said."""

    commits: dict[str, Commit] = field(default_factory=dict)
    files: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, dict[str, CommitStatus]] = field(default_factory=dict)
    deployments: dict[str, dict[str, DeploymentNote]] = field(default_factory=dict)

    def commit(
        self,
        title: str,
        *parents: str,
        files: Mapping[str, bytes] | None = None,
        signature: CommitSignature | None = None,
    ) -> Commit:
        """A commit on ``parents``, a minute after the one before. files: beside those of the first."""
        at = _FIRST + timedelta(minutes=len(self.commits) + 1)
        whole = {**(self.files[parents[0]] if parents else {}), **(files or {})}
        told = f"{title}\n{parents}\n{at}\n{sorted(whole)}".encode()
        made = Commit(
            id=hashlib.sha1(told, usedforsecurity=False).hexdigest(),
            parents=parents,
            author_name="Ada L\u00f6we",
            author_email="ada@shop.example",
            committed_at=at,
            title=title,
            signature=signature or CommitSignature(SignatureState.NONE),
        )
        self.commits[made.id] = made
        self.files[made.id] = whole
        return made

    def reached(self, start: str) -> dict[str, Commit]:
        """What ``start`` leads to, itself included, by id."""
        found: dict[str, Commit] = {}
        waiting = [start]
        while waiting:
            at = waiting.pop()
            if at not in found:
                found[at] = self.commits[at]
                waiting += found[at].parents
        return found

    def without(self, head: str, base: str) -> list[Commit]:
        """What ``head`` leads to and ``base`` does not, newest first."""
        known = self.reached(base)
        found = [one for name, one in self.reached(head).items() if name not in known]
        return sorted(found, key=lambda one: one.committed_at, reverse=True)


@dataclass(slots=True)
class SimulatedScm:
    """``stella.sdk.Scm`` in memory.

    is_out: it cannot be reached. is_shut: it takes no login. denied: repositories that the login may
    not read.
    """

    is_out: bool = False
    is_shut: bool = False
    denied: set[str] = field(default_factory=set)
    repositories: dict[str, SimulatedRepository] = field(default_factory=dict)

    def repository(self, name: str) -> SimulatedRepository:
        """The repository of that name, made where there is none."""
        return self.repositories.setdefault(name, SimulatedRepository())

    # ------------------------------------------------------------ what the host does

    def resolve(self, repository: str, reference: str) -> Commit:
        """``stella.sdk.Scm``."""
        known = self._known(repository)
        return self._commit(known, known.references.get(reference, reference))

    def between(self, repository: str, base: str, head: str, limit: int) -> CommitRange:
        """``stella.sdk.Scm``."""
        known = self._known(repository)
        for one in (base, head):
            self._commit(known, one)
        found = known.without(head, base)
        dropped = len(known.without(base, head))
        return CommitRange(tuple(found[:limit]), len(found) <= limit, dropped)

    def read_file(self, repository: str, commit: str, path: str) -> bytes:
        """``stella.sdk.Scm``."""
        known = self._known(repository)
        content = known.files[self._commit(known, commit).id].get(path)
        if content is None:
            raise _missing(f"file {path[:200]!r}")
        if len(content) > FILE_BYTES_MAX:
            raise ServiceRefused(
                "the file has more than 1 MiB", remedy=Remedy("Name a smaller one.")
            )
        return content

    def list_files(
        self, repository: str, commit: str, folder: str, is_deep: bool, limit: int
    ) -> FileList:
        """``stella.sdk.Scm``."""
        known = self._known(repository)
        start = f"{folder}/" if folder else ""
        below = [
            path
            for path in sorted(known.files[self._commit(known, commit).id])
            if path.startswith(start)
        ]
        if folder and not below:
            raise _missing(f"folder {folder[:200]!r}")
        found = [path for path in below if is_deep or "/" not in path[len(start) :]]
        return FileList(tuple(found[:limit]), is_complete=len(found) <= limit)

    def set_status(self, repository: str, commit: str, status: CommitStatus) -> None:
        """``stella.sdk.Scm``."""
        known = self._known(repository)
        said = known.statuses.setdefault(self._commit(known, commit).id, {})
        said[status.context] = status

    def set_deployment(self, repository: str, commit: str, note: DeploymentNote) -> str:
        """``stella.sdk.Scm``."""
        known = self._known(repository)
        known.deployments.setdefault(self._commit(known, commit).id, {})[note.key] = note
        return ""

    def check(self) -> str:
        """That it is simulated."""
        self._let_in()
        return "simulated repositories"

    def _known(self, repository: str) -> SimulatedRepository:
        self._let_in()
        if repository in self.denied:
            raise ServiceRefused(
                f"the simulated server does not give us {repository!r}",
                remedy=Remedy("Take it off `denied`."),
            )
        if repository not in self.repositories:
            raise _missing(f"repository {repository[:200]!r}")
        return self.repositories[repository]

    def _commit(self, known: SimulatedRepository, commit: str) -> Commit:
        if not _ID.match(commit) or commit not in known.commits:
            raise _missing(f"commit {commit[:80]!r}")
        return known.commits[commit]

    def _let_in(self) -> None:
        if self.is_out:
            raise ServiceUnreachable(
                "the simulated server cannot be reached", remedy=Remedy("Set `is_out` to False.")
            )
        if self.is_shut:
            raise ServiceRefused(
                "the simulated server does not take the login",
                remedy=Remedy("Set `is_shut` to False."),
            )


@dataclass(frozen=True, slots=True)
class KitHistory:
    """What ``ScmBench`` wants of a repository."""

    made: tuple[Commit, ...]
    aside: str
    merged: str


def kit_history(repository: SimulatedRepository, later: Iterable[str] = ("", "", "")) -> KitHistory:
    """Write the history that the kit knows. later: titles of the commits after the third."""
    large = {LARGE_FILE: bytes(FILE_BYTES_MAX + 1), "price": b"1"}
    made = [repository.commit("Begin the shop", files=large)]
    made.append(repository.commit("Name a price", made[-1].id, files={"price": b"2"}))
    made.append(repository.commit("Say what is sold", made[-1].id, files={FILE: FILE_CONTENT}))
    for number, title in enumerate(later):
        made.append(repository.commit(title or f"Price {number}", made[-1].id))
    aside = repository.commit("Another way", made[1].id)
    merged = repository.commit("Bring both together", made[-1].id, aside.id)
    repository.references |= {
        BRANCH: made[-1].id,
        TAG: made[1].id,
        "aside": aside.id,
        "merged": merged.id,
    }
    return KitHistory(tuple(made), aside.id, merged.id)


def _missing(what: str) -> NotThere:
    return NotThere(f"the simulated server has no {what}", remedy=Remedy("Put it there."))
