"""Git's smart HTTP (gitprotocol-http), by the sockets of the connection."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from stella.sdk import Connection
from stella.sdk.exchange import Reply
from stella.sdk.http import HttpTrouble, bounded
from stella.sdk.service_client import ServiceClient

_SERVICE = "git-upload-pack"
_PIECE = 64 * 1024
_ERROR_BYTES_MAX = 64 * 1024
ADVERT_BYTES_MAX = 8 * 1024 * 1024


class GitHttp(ServiceClient):
    """``Transport`` over HTTP or HTTPS. Safe for several threads."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(
            connection, "Git", may_be_plain=connection.config.get("plain_http") is True
        )
        self._looked_at = str(connection.config.get("repository") or "")

    @contextmanager
    def line(self, repository: str) -> Iterator["_HttpLine"]:
        """A repository's upload-pack; each question is a request of its own."""
        yield _HttpLine(self, repository)

    def check(self) -> str:
        """That it lets us in, as far as that can be asked without naming a repository."""
        if self._looked_at:
            self.greeting(self._looked_at)
            return f"it gives us {self._looked_at}"
        reply = self.ask("GET", f"{self.root}/", self._headers())
        if reply.status in {401, 403}:
            self.refuse(reply, "its first page")
        return "it answers; name a repository in its configuration to see more"

    def greeting(self, repository: str) -> bytes:
        """What upload-pack says of itself."""
        url = f"{self.url(quote(repository))}/info/refs?service={_SERVICE}"
        reply = self.ask("GET", url, self._headers(), bytes_max=ADVERT_BYTES_MAX)
        self.refuse(reply, f"repository {repository}")
        kind = reply.headers.get("content-type", "").partition(";")[0].strip()
        if kind != f"application/x-{_SERVICE}-advertisement":
            raise self.unreachable("it does not speak git's smart HTTP")
        return reply.body

    @contextmanager
    def answer(self, repository: str, request: bytes) -> Iterator[Iterator[bytes]]:
        """What upload-pack answers, as it comes."""
        headers = {**self._headers(), "Content-Type": f"application/x-{_SERVICE}-request"}
        headers["Accept"] = f"application/x-{_SERVICE}-result"
        url, trouble = f"{self.url(quote(repository))}/{_SERVICE}", ""
        try:
            answer = self._connections.send("POST", url, headers, request)
            try:
                if answer.status_code != 200:
                    self._refuse_answer(
                        Reply(
                            answer.status_code,
                            bounded(answer, _ERROR_BYTES_MAX),
                            {name.lower(): text for name, text in answer.headers.items()},
                        ),
                        repository,
                    )
                yield answer.chunks(_PIECE)
            finally:
                answer.close()
        except HttpTrouble as error:
            trouble = str(error)[:300]
        if trouble:
            raise self.unreachable(trouble)

    def _refuse_answer(self, reply: Reply, repository: str) -> None:
        if reply.status in {408, 425, 429, 503}:
            raise self._busy(reply.status, None)
        if reply.status >= 500 or reply.is_success or reply.status < 400:
            raise self.unreachable(f"HTTP {reply.status}")
        self.refuse(reply, f"repository {repository}")

    def _headers(self) -> dict[str, str]:
        headers = {"Git-Protocol": "version=2"}
        password = self.optional_credential("password")
        if password is not None:
            name = self.optional_credential("username") or "git"
            headers["Authorization"] = f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"
        return headers


class _HttpLine:
    def __init__(self, http: GitHttp, repository: str) -> None:
        self._http = http
        self._repository = repository

    def advertised(self) -> Iterator[bytes]:
        """``Line``."""
        yield self._http.greeting(self._repository)

    @contextmanager
    def ask(self, request: bytes) -> Iterator[Iterator[bytes]]:
        """``Line``."""
        with self._http.answer(self._repository, request) as chunks:
            yield chunks
