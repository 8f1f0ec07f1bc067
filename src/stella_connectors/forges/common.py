"""What servers of repositories with a JSON API have in common: names, answers, times, bounds."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from stella.sdk import Commit, CommitRange, CommitSignature, Connection, FileList
from stella.sdk.json_service import JsonService, shown

PAGE = 100
COUNTED_MAX = 1000
"""What was dropped is counted no further."""
_LINK_MODES = frozenset({"120000", "160000"})
_PATH_LETTERS_MAX = 1000
DESCRIPTION_MAX = 140
_NAME = r"[A-Za-z0-9_][A-Za-z0-9._~+-]*"
_REPOSITORY = re.compile(rf"{_NAME}(?:/{_NAME}){{1,20}}\Z")
_PAIR = re.compile(rf"{_NAME}/{_NAME}\Z")
_REFERENCE = re.compile(r"[A-Za-z0-9._/@+=#-]{1,255}\Z")
_ID = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")


class Forge(JsonService):
    """Calls to one server."""

    def __init__(
        self,
        connection: Connection,
        title: str,
        header: Callable[[Any], Mapping[str, str]],
        *,
        is_nested: bool = False,
    ) -> None:
        super().__init__(connection, title, header)
        self._is_nested = is_nested

    def repository(self, name: str) -> str:
        """The name as a part of a path. Raises NotThere for what can be none."""
        pattern = _REPOSITORY if self._is_nested else _PAIR
        if len(name) > 255 or not pattern.match(name):
            raise self.not_there(f"repository {name[:80]!r}")
        return quote(name, safe="" if self._is_nested else "/")

    def reference(self, name: str) -> str:
        """The same of a branch, a tag or an id."""
        if not _REFERENCE.match(name) or ".." in name or name.startswith(("-", "/", ".")):
            raise self.not_there(f"branch or tag {name[:80]!r}")
        return name

    def commit_id(self, text: str) -> str:
        """A whole id."""
        if not _ID.match(text):
            raise self.not_there(f"commit {text[:80]!r}")
        return text

    def path(self, text: str) -> str:
        """The path of a file, unescaped."""
        parts = text.split("/")
        if len(text) > 1000 or not text.isprintable() or {"", ".", ".."} & set(parts):
            raise self.not_there(f"file {text[:200]!r}")
        return text

    def folder(self, text: str) -> str:
        """The path of a folder, unescaped; empty for the topmost."""
        return text and self.path(text)

    # ------------------------------------------------------------ answers

    def id_in(self, value: object, *path: str) -> str:
        """A commit's id in an answer."""
        found = self.field(value, str, *path)
        if not _ID.match(found):
            raise self.unreachable(f"its answer has no id in {'.'.join(path)}")
        return found

    def tree_id(self, entries: Iterable[object], name: str) -> str:
        """The id of the folder ``name`` among a tree's entries. Raises NotThere."""
        for one in entries:
            if self.field(one, str, "path") == name and self.field(one, str, "type") == "tree":
                return self.id_in(one, "sha")
        raise self.not_there(f"folder {name[:80]!r}")

    def list_of(
        self, entries: Iterable[object], start: str, limit: int, *, is_whole: bool = True
    ) -> FileList:
        """What a tree's entries are: ``path``, below ``start``, ``type`` and ``mode`` as git has it."""
        files, links = list[str](), list[str]()
        for one in entries:
            kind = self.field(one, str, "type")
            if kind == "tree":
                continue
            path = start + self.field(one, str, "path")
            if len(path) > _PATH_LETTERS_MAX:
                raise self.unreachable("its answer has a path without end")
            if len(files) + len(links) == limit:
                return FileList(tuple(files), tuple(links), is_complete=False)
            is_file = kind == "blob" and self.field(one, str, "mode") not in _LINK_MODES
            (files if is_file else links).append(path)
        return FileList(tuple(files), tuple(links), is_whole)

    def range_of(
        self,
        pair: tuple[str, str],
        commits: list[Commit],
        limit: int,
        dropped: int,
        total: int | None = None,
    ) -> CommitRange:
        """What lies between a pair of commits, newest first. total: where it is known."""
        count = len(commits) if total is None else total
        if pair[0] != pair[1] and not count and not dropped:
            raise self.unreachable("it says of two commits that neither has what the other has not")
        return CommitRange(tuple(commits[:limit]), count <= limit, dropped)


def is_id(text: str) -> bool:
    """Whether it is a whole id."""
    return _ID.match(text) is not None


def plain_commit(
    *,
    commit_id: str,
    parents: Iterable[str],
    author: tuple[object, object],
    committed_at: datetime,
    message: object,
    signature: CommitSignature,
) -> Commit:
    """author: name and address."""
    return Commit(
        commit_id,
        tuple(parents),
        shown(author[0], 200),
        shown(author[1], 200),
        committed_at,
        shown(message),
        signature,
    )
