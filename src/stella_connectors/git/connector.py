"""Any git server as a place of sources, read only: what it has is fetched object by object.

Ids are digests, and each object is held to the id that it was asked for by: a server, or whoever stands
before it, cannot show another commit under an id.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from stella.sdk import (
    Commit,
    CommitRange,
    CommitStatus,
    Connection,
    DeploymentNote,
    FileList,
    Remedy,
    ServiceRefused,
)
from stella_connectors.git.objects import (
    FILE_MODES,
    FOLDER_MODE,
    RawCommit,
    entries_of,
    entry_of,
    is_id,
    newest_first,
    reachable,
    read_commit,
)
from stella_connectors.git.over_http import GitHttp
from stella_connectors.git.pack import Shape, Stored
from stella_connectors.git.signatures import AllowedSigners, judged
from stella_connectors.git.source import Garbled, TooMuch
from stella_connectors.git.talk import Talk, Transport

FILE_BYTES_MAX = 1024 * 1024
_REPOSITORY = re.compile(r"[A-Za-z0-9_~][A-Za-z0-9._~+-]*(?:/[A-Za-z0-9_~][A-Za-z0-9._~+-]*)*\Z")
_REFERENCE = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\-][^\x00-\x20\x7f~^:?*\[\\]*\Z")
_COMMITS = frozenset({Shape.COMMIT})
_PATH_DEPTH_MAX = 50
_PATH_LETTERS_MAX = 1000
_ENTRIES_MAX = 100_000
_TREES = frozenset({Shape.TREE})
_NO_FILES = "blob:none"


def open_git(connection: Connection) -> "GitScm":
    """The server of a connection profile; nothing is sent yet. Raises ServiceRefused."""
    if connection.endpoint.startswith("ssh://"):
        from stella_connectors.git.over_ssh import GitSsh

        return GitScm(connection, GitSsh(connection))
    return GitScm(connection, GitHttp(connection))


class GitScm:
    """One server of git repositories, as ``stella.sdk.Scm`` asks. Safe for several threads."""

    def __init__(self, connection: Connection, transport: Transport) -> None:
        self._transport = transport
        try:
            self._signers = AllowedSigners.parse(connection.config.get("allowed_signers"))
        except ValueError as error:
            raise ServiceRefused(
                f"the allowed signers of {transport.host} cannot be used: {error}",
                remedy=Remedy("Write them as ssh-keygen(1) says under ALLOWED SIGNERS."),
                service=transport.host,
            ) from None

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def resolve(self, repository: str, reference: str) -> Commit:
        """The commit that a branch, a tag or a whole id names; ``HEAD`` is the server's own choice."""
        with self._talk(repository) as talk:
            wanted = reference if is_id(reference) else self._named(talk, reference)
            return self._shown(self._single(talk, wanted))

    def between(self, repository: str, base: str, head: str, limit: int) -> CommitRange:
        """Exact, whatever was merged: the server leaves out all that ``base`` leads to."""
        with self._talk(repository) as talk:
            for one in (base, head):
                self._single(talk, one)
            commits = self._range(talk, base, head)
            dropped = self._range(talk, head, base)
        ordered = newest_first(commits)
        return CommitRange(
            tuple(self._shown(one) for one in ordered[:limit]), len(ordered) <= limit, len(dropped)
        )

    def read_file(self, repository: str, commit: str, path: str) -> bytes:
        """By one tree after the other, and the file alone."""
        with self._talk(repository) as talk:
            at = self._found(talk, commit, path, is_folder=False)
            try:
                content = self._one(talk, at, Shape.BLOB)
            except TooMuch:
                content = bytes(FILE_BYTES_MAX + 1)
        if len(content) > FILE_BYTES_MAX:
            raise self._transport.refused(
                f"the file {path[:200]!r} has more than {FILE_BYTES_MAX >> 10} KiB",
                "Name a smaller one.",
            )
        return content

    def list_files(
        self, repository: str, commit: str, folder: str, is_deep: bool, limit: int
    ) -> FileList:
        """By the trees below that folder, all at once; no file is copied where the server can help it."""
        with self._talk(repository) as talk:
            if folder:
                at = self._found(talk, commit, folder, is_folder=True)
            else:
                at = self._single(talk, commit).tree
            trees = self._trees(talk, at) if is_deep else {at: self._one(talk, at, Shape.TREE)}
            return self._listed(trees, at, folder, is_deep=is_deep, limit=limit)

    def set_status(self, repository: str, commit: str, status: CommitStatus) -> None:
        """Git alone has no place for it."""
        del repository, commit, status
        raise self._transport.not_supported("the status of a commit is no part of git")

    def set_deployment(self, repository: str, commit: str, note: DeploymentNote) -> str:
        """Git alone has no place for it."""
        del repository, commit, note
        raise self._transport.not_supported("a deployment is no part of git")

    def check(self) -> str:
        """That it answers, and what it was asked."""
        return self._transport.check()

    # ------------------------------------------------------------ one question

    def _named(self, talk: Talk, reference: str) -> str:
        if len(reference) > 255 or ".." in reference or not _REFERENCE.match(reference):
            raise self._transport.not_there(f"branch or tag {reference[:80]!r}")
        names = [reference] if reference == "HEAD" or reference.startswith("refs/") else []
        names += [f"refs/heads/{reference}", f"refs/tags/{reference}"]
        found = talk.references(*names)
        known = [found[name] for name in names if name in found]
        if not known:
            raise self._transport.not_there(f"branch or tag {reference[:80]!r}")
        if not is_id(known[0]):
            raise Garbled("a reference leads to no id")
        return known[0]

    def _single(self, talk: Talk, commit: str) -> RawCommit:
        # A server ends without a word where the id is of another length than its own.
        if not is_id(commit) or len(commit) != talk.id_letters:
            raise self._transport.not_there(f"commit {commit[:80]!r}")
        return read_commit(commit, self._one(talk, commit, Shape.COMMIT))

    def _one(self, talk: Talk, wanted: str, shape: Shape) -> bytes:
        """One object by its id; what came with it is not read to its end."""
        is_commit = shape is Shape.COMMIT
        kept = frozenset({shape})
        with closing(talk.fetch(wanted, is_single=is_commit, kept=kept)) as objects:
            for one in objects:
                if one.id == wanted:
                    return one.content
        raise self._transport.not_there(f"{shape.name.lower()} {wanted[:12]}")

    def _found(self, talk: Talk, commit: str, path: str, *, is_folder: bool) -> str:
        """The id of a file, or of a folder's tree, by one tree after the other."""
        what, parts = "folder" if is_folder else "file", path.split("/")
        if not path or not all(parts) or len(parts) > _PATH_DEPTH_MAX:
            raise self._transport.not_there(f"{what} {path[:200]!r}")
        at = self._single(talk, commit).tree
        for depth, name in enumerate(parts, 1):
            entry = entry_of(self._one(talk, at, Shape.TREE), name, len(at) // 2)
            if entry is None or entry[0] is not (is_folder or depth < len(parts)):
                raise self._transport.not_there(f"{what} {path[:200]!r} at {commit[:12]}")
            at = entry[1]
        return at

    def _trees(self, talk: Talk, wanted: str) -> dict[str, bytes]:
        """A tree and all below it, by their ids."""
        found = talk.fetch(wanted, is_single=False, kept=_TREES, leave_out=_NO_FILES)
        return {one.id: one.content for one in found}

    def _listed(
        self, trees: dict[str, bytes], top: str, folder: str, *, is_deep: bool, limit: int
    ) -> FileList:
        files, links = list[str](), list[str]()
        waiting, seen = [(folder, top)], 0
        while waiting:
            path, at = waiting.pop()
            if at not in trees:
                raise Garbled("a tree is missing")
            for mode, name, entry in entries_of(trees[at], len(at) // 2):
                seen += 1
                told = f"{path}/" * bool(path) + name.decode("utf-8", "replace")
                if seen > _ENTRIES_MAX or len(told) > _PATH_LETTERS_MAX:
                    raise TooMuch  # trees within trees stand for more than was copied
                if mode == FOLDER_MODE:
                    if is_deep:
                        waiting.append((told, entry))
                    continue
                if len(files) + len(links) == limit:
                    return FileList(tuple(files), tuple(links), is_complete=False)
                (files if mode in FILE_MODES else links).append(told)
        return FileList(tuple(files), tuple(links))

    def _range(self, talk: Talk, base: str, head: str) -> list[RawCommit]:
        """What ``head`` leads to and ``base`` does not."""
        if base == head:
            return []
        found: dict[str, RawCommit] = {}
        objects: Iterator[Stored] = talk.fetch(head, haves=(base,), is_single=False, kept=_COMMITS)
        for one in objects:
            found[one.id] = read_commit(one.id, one.content)
        return reachable(found, head)

    def _shown(self, raw: RawCommit) -> Commit:
        return Commit(
            raw.id,
            raw.parents,
            raw.author_name,
            raw.author_email,
            raw.committed_at,
            raw.title,
            judged(raw, self._signers),
        )

    @contextmanager
    def _talk(self, repository: str) -> Iterator[Talk]:
        if len(repository) > 255 or not _REPOSITORY.match(repository):
            raise self._transport.not_there(f"repository {repository[:80]!r}")
        trouble: Callable[[], Exception] | None = None
        try:
            with self._transport.line(repository) as line:
                yield Talk(self._transport, line)
        except Garbled as error:
            why = str(error)
            trouble = lambda: self._transport.unreachable(why)  # noqa: E731
        except TooMuch:
            trouble = lambda: self._transport.refused(  # noqa: E731
                "more would have to be copied than is allowed",
                "Let it leave trees and files out: git config uploadpack.allowFilter true.",
            )
        if trouble is not None:  # here, so that nothing leads back to what was received
            raise trouble()
