"""What a connector of a service with a JSON API needs beyond ``ServiceClient``: answers read by their
type, files of bounded size, the same headers at every call.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from stella.kernel import Json, StellaError
from stella.plugin.contract.connection import Connection
from stella.sdk.exchange import Reply
from stella.sdk.http import HttpTrouble, bounded
from stella.sdk.service_client import ServiceClient

FILE_BYTES_MAX = 1024 * 1024
PAGE_BYTES_MAX = 8 * 1024 * 1024

T = TypeVar("T")


class JsonService(ServiceClient):
    """Calls to one service. Safe for several threads.

    header: what every call says, with what lets in; asked for at each use.
    """

    def __init__(
        self,
        connection: Connection,
        title: str,
        header: Callable[[Any], Mapping[str, str]],
    ) -> None:
        super().__init__(
            connection, title, may_be_plain=connection.config.get("plain_http") is True
        )
        self._header = header

    def headers(self, **more: str) -> dict[str, str]:
        """What every call says."""
        return {**self._header(self), **more}

    def get(self, path: str, what: str) -> Any:
        """The JSON there."""
        return self.json("GET", path, self.headers(), what=what, bytes_max=PAGE_BYTES_MAX)

    def post(self, path: str, body: Json, what: str, method: str = "POST") -> Any:
        """The JSON that is answered to ``body``."""
        return self.json(method, path, self.headers(), body, what=what)

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

    def too_large(self, what: str) -> StellaError:
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


def shown(text: object, length_max: int = 300) -> str:
    """The first line, for people: printable, of bounded length; nothing where it is no text."""
    line = text.lstrip("\n").partition("\n")[0] if isinstance(text, str) else ""
    return "".join(one if one.isprintable() else " " for one in line)[:length_max].strip()
