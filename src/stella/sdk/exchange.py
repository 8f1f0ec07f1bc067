"""One bounded HTTP exchange with a service, as a connection profile says; what it means is a subclass's.

A refusal names the service and the status, never a part of what was sent or received, and nothing
hangs on it that could be printed instead: no cause, no context.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from stella.kernel import StellaError
from stella.plugin.contract.connection import Connection
from stella.sdk.http import Answer, Connections, HttpTrouble, bounded, json_object

ANSWER_BYTES_MAX = 1024 * 1024
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|::1)\Z")


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. headers: names in lower case."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def object(self) -> dict[str, object]:
        """The JSON object that it is; an empty one where it is none."""
        return json_object(self.body) or {}


@dataclass(frozen=True, slots=True)
class Begun:
    """An answer that is 2xx and whose body is unread. headers: names in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    answer: Answer = field(repr=False)


class Exchange(ABC):
    """Exchanges with one service. Safe for several threads.

    title: of the kind of service, for people. may_be_plain: http is spoken beyond loopback by choice.
    Raises its ``refused`` for a connection profile that cannot be used.
    """

    def __init__(self, connection: Connection, title: str, *, may_be_plain: bool = False) -> None:
        self._connection = connection
        self.title = title
        parts = _address(connection.endpoint)
        self.host = parts[1] if parts else "its endpoint"
        self.root = connection.endpoint.rstrip("/")
        if parts is None:
            raise self.refused("its endpoint is no http or https URL", "Write https://host[:port].")
        if parts[0] == "http" and not may_be_plain and not _LOOPBACK.match(parts[2]):
            raise self.refused(
                "its endpoint is plain http, where everybody on the way reads along",
                "Give an https:// endpoint, or allow plain_http in the connection's configuration.",
            )
        trouble = ""
        try:
            self._connections = Connections.of(connection)
        except HttpTrouble as error:
            trouble = str(error)
        if trouble:
            raise self.refused(trouble, "Give the authority as PEM, -----BEGIN CERTIFICATE-----.")

    @abstractmethod
    def unreachable(self, why: str, advice: str = "") -> StellaError:
        """No usable answer."""

    @abstractmethod
    def refused(self, why: str, advice: str) -> StellaError:
        """We are not let in, or not to that."""

    def close(self) -> None:
        """Close every connection."""
        self._connections.close()

    def credential(self, name: str) -> str:
        """One credential of the profile, asked for now. Raises its ``refused`` for none."""
        found = self.optional_credential(name)
        if found is None:
            raise self.refused(
                f"it has no credential {name}", f"Give the credential {name} in the connection."
            )
        return found

    def optional_credential(self, name: str) -> str | None:
        """The same; None where the profile has none."""
        if name not in self._connection.credentials:
            return None
        text = self._connection.credentials[name]()
        if not text:
            return None
        if not (text.isascii() and text.isprintable()) or " " in text:
            raise self.refused(
                f"its credential {name} holds blanks, line ends or letters beyond ASCII",
                "Store it without a line end, exactly as it was given out.",
            )
        return text

    def once(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None = None,
        *,
        bytes_max: int = ANSWER_BYTES_MAX,
    ) -> Reply:
        """One exchange, whatever its status. Raises its ``unreachable``."""
        return self._whole(self._sent(method, url, headers, content), bytes_max)

    def begin(self, method: str, url: str, headers: Mapping[str, str]) -> Begun | Reply:
        """The same, but the body of a 2xx is left to ``chunks``. Raises its ``unreachable``."""
        answer = self._sent(method, url, headers, None)
        if not answer.is_success:
            return self._whole(answer, ANSWER_BYTES_MAX)
        return Begun(answer.status_code, _named(answer), answer)

    def chunks(self, begun: Begun) -> Iterator[bytes]:
        """The body of what has begun. Raises its ``unreachable`` where it breaks off or drips."""
        parts = begun.answer.chunks(64 * 1024)
        while True:
            trouble = ""
            try:
                chunk = next(parts, None)
            except HttpTrouble as error:
                trouble = str(error)[:300]
            if trouble:
                raise self.unreachable(trouble)
            if chunk is None:
                return
            yield chunk

    def _sent(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> Answer:
        trouble = ""
        try:
            return self._connections.send(
                method, url, {"User-Agent": "stella-ops", **headers}, content
            )
        except HttpTrouble as error:
            trouble = str(error)[:300]
        raise self.unreachable(trouble)

    def _whole(self, answer: Answer, bytes_max: int) -> Reply:
        trouble = ""
        try:
            reply = Reply(answer.status_code, bounded(answer, bytes_max), _named(answer))
        except HttpTrouble as error:
            trouble = str(error)[:300]
        finally:
            answer.close()
        if trouble:
            raise self.unreachable(trouble)
        if len(reply.body) > bytes_max:
            raise self.unreachable(f"its answer has more than {bytes_max >> 10} KiB")
        return reply


def _named(answer: Answer) -> dict[str, str]:
    return {name.lower(): text for name, text in answer.headers.items()}


def _address(endpoint: str) -> tuple[str, str, str] | None:
    """Scheme, ``host[:port]`` and host; None for what is no endpoint."""
    try:
        parts = urlsplit(endpoint)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    # An empty query counts as well: what a connector asks for would become part of it.
    if "@" in parts.netloc or "?" in endpoint or "#" in endpoint or not endpoint.isprintable():
        return None
    return parts.scheme, parts.netloc, parts.hostname
