"""Buttons of Slack messages: https://api.slack.com/authentication/verifying-requests-from-slack

A button's ``action_id`` is the choice's name, its ``value`` the message's key.
"""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qs

from stella.sdk import Connection, PressedChoice, Received
from stella_connectors.webhooks.content import (
    BODY_BYTES_MAX,
    malformed,
    part,
    parts,
    read_json,
    text,
)
from stella_connectors.webhooks.proof import Secrets, body_id, forged, refuse_time

_FIELDS_MAX = 20


class SlackWebhook:
    """``stella.sdk.Webhook``."""

    def __init__(self, connection: Connection) -> None:
        self._secrets = Secrets.of(connection)

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        """Verify, then read."""
        at = headers.get("x-slack-request-timestamp", "")
        version, _, shown = headers.get("x-slack-signature", "").partition("=")
        if version != "v0":
            raise forged()
        content = b"v0:%b:%b" % (at.encode("utf-8", "surrogatepass"), body)
        self._secrets.refuse_hex(shown, content)
        refuse_time(at, received_at)
        delivery = body_id(content)
        if headers.get("content-type", "").startswith("application/json"):
            said = read_json(body)
            event = text(said, "type", most=100)
            if event == "url_verification":
                return Received(delivery, event, reply=text(said, "challenge", most=1000))
            return Received(delivery, event)
        return self._pressed(delivery, body)

    def _pressed(self, delivery: str, body: bytes) -> Received:
        if len(body) > BODY_BYTES_MAX:
            raise malformed("its body is too large")
        try:
            fields = parse_qs(body.decode(), max_num_fields=_FIELDS_MAX)
        except (ValueError, UnicodeDecodeError):
            raise malformed("its body is no form") from None
        said = read_json((fields.get("payload") or [""])[0])
        event = text(said, "type", most=100)
        if event != "block_actions":
            return Received(delivery, event)
        by = text(part(said, "user"), "id")
        # One that only leads somewhere is told of as well, and says nothing.
        pressed = [
            one for one in parts(said, "actions") if one.get("type") == "button" and "value" in one
        ]
        choices = tuple(
            PressedChoice(text(one, "value"), text(one, "action_id"), by) for one in pressed
        )
        return Received(delivery, event, choices=choices)


def open_slack(connection: Connection) -> SlackWebhook:
    """The factory."""
    return SlackWebhook(connection)
