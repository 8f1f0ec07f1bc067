"""A channel of Microsoft Teams as a notifier, by the webhook of a workflow.

Source: Microsoft Teams, "Post a workflow when a webhook request is received". The webhook's whole URL
is what lets in, so that it is a credential, not the endpoint.
"""

from urllib.parse import urlsplit

from stella.sdk import Connection, Message, SentMessage, Ticket
from stella.sdk.http import origin_of
from stella.sdk.service_client import ServiceClient
from stella_connectors.teams.card import card_bytes

_PORTS = {"https": ":443", "http": ":80"}


def open_teams(connection: Connection) -> "TeamsChannel":
    """The notifier of a connection profile; nothing is sent yet. Raises ServiceRefused."""
    return TeamsChannel(connection)


class TeamsChannel:
    """``stella.sdk.Notifier`` in one channel. What is sent again is told again."""

    def __init__(self, connection: Connection) -> None:
        is_plain = connection.config.get("plain_http") is True
        self._client = ServiceClient(connection, "Microsoft Teams", may_be_plain=is_plain)

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def send(self, message: Message) -> SentMessage:
        """One POST; a workflow that takes it answers 202, and posts it a moment later."""
        headers = {"Content-Type": "application/json"}
        reply = self._client.ask("POST", self._url(), headers, card_bytes(message))
        self._client.refuse(reply, "channel behind the webhook")
        return SentMessage("")

    def update(self, reference: str, message: Message) -> SentMessage:
        """A webhook cannot change what it posted."""
        del reference, message
        raise self._client.not_supported("change a message that was posted")

    def ticket(self, key: str) -> Ticket:
        """There are none here."""
        del key
        raise self._client.not_supported("tell of tickets")

    def check(self) -> str:
        """That its URL is one of the endpoint, which answers; nobody is told anything."""
        url = self._url()
        self._client.ask("HEAD", f"{urlsplit(url).scheme}://{urlsplit(url).netloc}/", {})
        return f"{self._client.host} answers; whether the webhook counts shows with a message"

    def _url(self) -> str:
        """The credential, where it leads to the endpoint's host: no other may be reached."""
        url = self._client.credential("webhook_url")
        try:
            is_there = _place(url) == _place(self._client.root)
        except ValueError:
            is_there = False
        if not is_there:
            raise self._client.refused(
                "its webhook leads to another host than its endpoint",
                "Let the endpoint be https://HOST of the webhook's URL.",
            )
        return url


def _place(url: str) -> tuple[str, str]:
    scheme, place = origin_of(url)
    return scheme, place.removesuffix(_PORTS.get(scheme, ""))
