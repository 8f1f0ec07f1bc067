"""What servers of repositories with a JSON API have in common: names, answers, times, bounds."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import quote

from stella.sdk import Commit, CommitRange, CommitSignature, Connection, Json
from stella.sdk.exchange import Reply
from stella.sdk.http import HttpTrouble, bounded
from stella.sdk.service_client import ServiceClient

FILE_BYTES_MAX = 1024 * 1024
PAGE_BYTES_MAX = 8 * 1024 * 1024
PAGE = 100
COUNTED_MAX = 1000
"""What was dropped is counted no further."""
TITLE_MAX = 300
DESCRIPTION_MAX = 140
_NAME = r"[A-Za-z0-9_][A-Za-z0-9._~+-]*"
_REPOSITORY = re.compile(rf"{_NAME}(?:/{_NAME}){{1,20}}\Z")
_PAIR = re.compile(rf"{_NAME}/{_NAME}\Z")
_REFERENCE = re.compile(r"[A-Za-z0-9._/@+=#-]{1,255}\Z")
_ID = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)

T = TypeVar("T")


class Forge(ServiceClient):
    """Calls to one server. header: what lets in, asked for at each use; nothing for nobody."""

    def __init__(
        self,
        connection: Connection,
        title: str,
        header: Callable[["Forge"], Mapping[str, str]],
        *,
        is_nested: bool = False,
    ) -> None:
        super().__init__(
            connection, title, may_be_plain=connection.config.get("plain_http") is True
        )
        self._header = header
        self._is_nested = is_nested

    def headers(self, **more: str) -> dict[str, str]:
        """What every call says."""
        return {**self._header(self), **more}

    def get(self, path: str, what: str) -> Any:
        """The JSON there."""
        return self.json("GET", path, self.headers(), what=what, bytes_max=PAGE_BYTES_MAX)

    def post(self, path: str, body: Json, what: str, method: str = "POST") -> Any:
        """The JSON that is answered to ``body``."""
        return self.json(method, path, self.headers(), body, what=what)

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

    def content(self, url: str, what: str, **headers: str) -> Reply:
        """The bytes of a file. Raises ServiceRefused for more than a mebibyte."""
        trouble = ""
        try:
            answer = self._connections.send(
                "GET", self.url(url), {"User-Agent": "stella-ops", **self.headers(**headers)}
            )
            try:
                named = {name.lower(): text for name, text in answer.headers.items()}
                body = bounded(answer, FILE_BYTES_MAX)
                reply = Reply(answer.status_code, body, named)
            finally:
                answer.close()
        except HttpTrouble as error:
            trouble = str(error)[:300]
        if trouble:
            raise self.unreachable(trouble)
        if reply.status in {408, 425, 429, 503}:
            raise self._busy(reply.status, None)
        if reply.status >= 500 or 300 <= reply.status < 400:
            raise self.unreachable(f"HTTP {reply.status}")
        self.refuse(reply, what)
        if len(reply.body) > FILE_BYTES_MAX:
            raise self.too_large(what)
        return reply

    def too_large(self, what: str) -> Exception:
        """A file beyond the bound."""
        return self.refused(
            f"{what} has more than {FILE_BYTES_MAX >> 10} KiB", "Name a smaller one."
        )

    # ------------------------------------------------------------ answers

    def field(self, value: object, kind: type[T], *path: str) -> T:
        """What lies below ``path``. Raises ServiceUnreachable where it is not there, or no ``kind``."""
        at = value
        for name in path:
            at = at.get(name) if isinstance(at, dict) else None
        if not isinstance(at, kind) or (kind is int and isinstance(at, bool)):
            raise self.unreachable(f"its answer has no {'.'.join(path) or kind.__name__}")
        return at

    def id_in(self, value: object, *path: str) -> str:
        """A commit's id in an answer."""
        found = self.field(value, str, *path)
        if not _ID.match(found):
            raise self.unreachable(f"its answer has no id in {'.'.join(path)}")
        return found

    def time(self, value: object, *path: str) -> datetime:
        """A time in an answer, in UTC."""
        text = self.field(value, str, *path)
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            raise self.unreachable(f"its answer has no time in {'.'.join(path)}") from None

    def first(self, pages: Iterable[Json], count: int) -> list[object]:
        """The first ``count`` members of lists that come page by page."""
        return list(islice((one for page in pages for one in self.field(page, list)), count))

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


def shown(text: object, length_max: int = TITLE_MAX) -> str:
    """The first line, for people: printable, of bounded length; nothing where it is no text."""
    line = text.lstrip("\n").partition("\n")[0] if isinstance(text, str) else ""
    return "".join(one if one.isprintable() else " " for one in line)[:length_max].strip()


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
