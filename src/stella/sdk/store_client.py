"""What every secret store's connector needs: one bounded HTTP exchange, and refusals that tell nothing.

A refusal names the store, the reference and the status, never a part of what was sent or received, and
nothing hangs on it that could be printed instead: no cause, no context.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from stella.kernel import Remedy
from stella.plugin.contract import Connection
from stella.plugin.refusals import SecretNotFound, SecretStoreRefused, SecretStoreUnreachable
from stella.sdk.http import Connections, HttpTrouble, bounded, json_object

ANSWER_BYTES_MAX = 1024 * 1024
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|::1)\Z")
_BUSY = frozenset({408, 412, 425, 429})


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: int
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def object(self) -> dict[str, object]:
        """The JSON object that it is; an empty one where it is none."""
        return json_object(self.body) or {}


class StoreClient:
    """Exchanges with one secret store. Safe for several threads.

    title: of the kind of store, for people. may_be_plain: http is spoken beyond loopback by choice.
    Raises SecretStoreRefused for a connection profile that cannot be used.
    """

    def __init__(self, connection: Connection, title: str, *, may_be_plain: bool = False) -> None:
        self._connection = connection
        self._title = title
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

    def close(self) -> None:
        """Close every connection."""
        self._connections.close()

    def credential(self, name: str) -> str:
        """One credential of the profile, asked for now. Raises SecretStoreRefused for none."""
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

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> Reply:
        """One exchange. Raises SecretStoreUnreachable, also for what another try may mend."""
        trouble = ""
        try:
            answer = self._connections.send(
                method, url, {"User-Agent": "stella-ops", **headers}, content
            )
            try:
                reply = Reply(answer.status_code, bounded(answer, ANSWER_BYTES_MAX))
            finally:
                answer.close()
        except HttpTrouble as error:
            trouble = str(error)[:300]
        if trouble:
            raise self.unreachable(trouble)
        if reply.status in _BUSY or reply.status >= 500:
            raise self.unreachable(f"HTTP {reply.status}")
        if len(reply.body) > ANSWER_BYTES_MAX:
            raise self.unreachable(f"its answer has more than {ANSWER_BYTES_MAX >> 10} KiB")
        if not 200 <= reply.status < 300 and not 400 <= reply.status < 500:
            raise self.unreachable(f"HTTP {reply.status}")
        return reply

    def unreachable(self, why: str, advice: str = "") -> SecretStoreUnreachable:
        """No usable answer."""
        return SecretStoreUnreachable(
            f"{self._title} at {self.host} gives no usable answer: {why}",
            remedy=Remedy(
                advice or "Check its address and certificate, and that it runs; then try again."
            ),
            store=self.host,
        )

    def refused(self, why: str, advice: str) -> SecretStoreRefused:
        """We are not let in, or not to that secret."""
        return SecretStoreRefused(
            f"{self._title} at {self.host} cannot be used: {why}",
            remedy=Remedy(advice),
            store=self.host,
        )

    def not_found(self, what: str, advice: str) -> SecretNotFound:
        """There is no such secret, or no such field."""
        return SecretNotFound(
            f"{self._title} at {self.host} has no {what}", remedy=Remedy(advice), store=self.host
        )


def value_text(value: object) -> str:
    """A field's value: text as it stands, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def quoted(text: str) -> str:
    """A reference or a key as a message shows it: short, in quotes."""
    return repr(text if len(text) <= 200 else f"{text[:200]}...")


def _address(endpoint: str) -> tuple[str, str, str] | None:
    """Scheme, ``host[:port]`` and host; None for what is no endpoint."""
    try:
        parts = urlsplit(endpoint)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    if "@" in parts.netloc or parts.query or parts.fragment or not endpoint.isprintable():
        return None
    return parts.scheme, parts.netloc, parts.hostname
