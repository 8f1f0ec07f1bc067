"""A channel that is spoken to by HTTP; README.md says how the service answers.

Replace the paths, the header and ``_content`` by what your service has. ``ServiceClient`` stays: it opens
every socket by ``connection.connect``, bounds each answer, and makes refusals that tell nothing.
"""

import html
import re

from stella.sdk import Connection, Json, Message, SentMessage, Ticket
from stella.sdk.message_text import TITLE_MAX, as_text, one_line
from stella.sdk.service_client import ServiceClient

_CHANNEL = re.compile(r"[a-z0-9-]{1,60}\Z")
_REFERENCE = re.compile(r"m[0-9]{1,12}\Z")


class HttpChannel:
    """``stella.sdk.Notifier``. Opened once for a connection, called by several threads at once."""

    def __init__(self, connection: Connection) -> None:
        self._client = ServiceClient(connection, "Your title")
        self._channel = str(connection.config.get("channel") or "")
        if not _CHANNEL.match(self._channel):
            raise self._client.refused("it has no channel", "Set channel to its name.")

    def close(self) -> None:
        """Called where it is not needed any more."""
        self._client.close()

    def send(self, message: Message) -> SentMessage:
        """The key goes along: the service tells the same one once."""
        body: Json = {"key": message.key, **_content(message)}
        path = f"v1/channels/{self._channel}/messages"
        return self._sent(self._ask("POST", path, body, f"channel {self._channel}"))

    def update(self, reference: str, message: Message) -> SentMessage:
        """What no reference can be is not sent."""
        if not _REFERENCE.match(reference):
            raise self._client.not_there("message of that reference")
        path = f"v1/channels/{self._channel}/messages/{reference}"
        return self._sent(self._ask("PUT", path, _content(message), "message of that reference"))

    def ticket(self, key: str) -> Ticket:
        """There are none here."""
        del key
        raise self._client.not_supported("tell of tickets")

    def check(self) -> str:
        """The name that the service knows us by; nobody is told anything."""
        name = self._ask("GET", "v1/whoami", None, "look at our name").get("name")
        if not isinstance(name, str) or not name.isprintable() or not name:
            raise self._client.unreachable("it does not say who we are")
        return name[:200]

    def _ask(self, method: str, path: str, body: Json, what: str) -> dict[str, Json]:
        """The credential is asked for here, at its use, and not kept."""
        headers = {"Authorization": f"Bearer {self._client.credential('token')}"}
        told = self._client.json(method, path, headers, body, what=what)
        if not isinstance(told, dict):
            raise self._client.unreachable("it does not answer as it should")
        return dict(told)

    def _sent(self, told: dict[str, Json]) -> SentMessage:
        reference = told.get("id")
        if not isinstance(reference, str) or not _REFERENCE.match(reference):
            raise self._client.unreachable("it does not say which message that is")
        return SentMessage(reference)


def _content(message: Message) -> dict[str, Json]:
    """The service reads HTML: everything of a message is escaped."""
    title = html.escape(one_line(message.title, TITLE_MAX))
    return {"title": title, "text": html.escape(as_text(message))}
