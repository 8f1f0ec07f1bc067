"""A signed POST of each message. Source: Standard Webhooks, specification 1.0."""

import base64
import binascii
import contextlib
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime

from stella.sdk import Connection, Json, Message, SentMessage, Ticket, time_text
from stella.sdk.message_text import TITLE_MAX, fields_of, key_digest, lines, one_line
from stella.sdk.service_client import ServiceClient

_ID = re.compile(r"[A-Za-z0-9_:-]{1,128}\Z")
_PREFIX = "whsec_"
_SECRET_BYTES_MIN = 16


def open_webhook_out(connection: Connection) -> "SignedWebhook":
    """The notifier of a connection profile; nothing is sent yet. Raises ServiceRefused."""
    return SignedWebhook(connection)


class SignedWebhook:
    """``stella.sdk.Notifier``: the endpoint is told, who it tells is its own affair.

    now: the clock, UTC; receivers take a message for five minutes.
    """

    def __init__(
        self, connection: Connection, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        is_plain = connection.config.get("plain_http") is True
        self._client = ServiceClient(connection, "the webhook", may_be_plain=is_plain)
        # As it was given: a slash at its end may matter there.
        self._url = connection.endpoint
        self._now = now

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def send(self, message: Message) -> SentMessage:
        """Any 2xx is a yes. The id is the message's key, so that the receiver knows it again."""
        at = self._now()
        document: Json = {
            "type": "stella.message",
            "timestamp": time_text(at),
            "data": {
                "key": message.key,
                "title": one_line(message.title, TITLE_MAX),
                "text": lines(message.text),
                "severity": message.severity.value,
                "fields": dict(fields_of(message)),
                "url": message.url,
                "choices": [
                    {"name": one.name, "title": one.title, "url": one.url, "about": one.about}
                    for one in message.choices
                ],
            },
        }
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        named = message.key if _ID.match(message.key) else key_digest(message.key)
        stamp = str(int(at.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": named,
            "webhook-timestamp": stamp,
            "webhook-signature": " ".join(
                signature(key, named, stamp, body) for key in self._keys()
            ),
        }
        reply = self._client.ask("POST", self._url, headers, body)
        self._client.refuse(reply, "receiver of messages")
        return SentMessage("")

    def update(self, reference: str, message: Message) -> SentMessage:
        """A message that was told is told."""
        del reference, message
        raise self._client.not_supported("change a message that was told")

    def ticket(self, key: str) -> Ticket:
        """There are none here."""
        del key
        raise self._client.not_supported("tell of tickets")

    def check(self) -> str:
        """That something answers there and that the secret is one; nobody is told anything."""
        count = len(self._keys())
        self._client.ask("HEAD", self._url, {})
        return f"it answers; messages carry {count} signature{'s' if count > 1 else ''}"

    def _keys(self) -> tuple[bytes, ...]:
        """Of the secret and, while receivers change over, of the one before."""
        given = [self._client.credential("signing_secret")]
        before = self._client.optional_credential("previous_signing_secret")
        return tuple(self._key(one) for one in [*given, *([before] if before else [])])

    def _key(self, text: str) -> bytes:
        key = b""
        with contextlib.suppress(binascii.Error):
            key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
        if len(key) < _SECRET_BYTES_MIN:
            raise self._client.refused(
                "its signing secret is no base64 of 16 bytes or more",
                "Make one: echo whsec_$(openssl rand -base64 32)",
            )
        return key


def signature(key: bytes, named: str, stamp: str, body: bytes) -> str:
    """Of the id, the time in seconds and the body, with dots between them."""
    signed = b".".join((named.encode(), stamp.encode(), body))
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"
