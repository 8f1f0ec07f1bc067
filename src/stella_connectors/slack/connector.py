"""A channel of Slack as a notifier. Source: Slack Web API, methods ``chat.*`` and ``auth.test``."""

import re

from stella.sdk import Connection, Json, Message, SentMessage, StellaError, Ticket
from stella.sdk.message_text import one_line
from stella.sdk.service_client import ServiceClient
from stella_connectors.slack.blocks import blocks_of, escaped

_CHANNEL = re.compile(r"[A-Z0-9]{6,20}\Z")
_TIME = re.compile(r"[0-9]{1,12}\.[0-9]{1,12}\Z")
_FALLBACK_MAX = 300
_BUSY = frozenset(
    {"fatal_error", "internal_error", "ratelimited", "request_timeout", "service_unavailable"}
)
_MISSING = frozenset(
    {"cant_update_message", "channel_not_found", "is_archived", "message_not_found"}
)
_ADVICE = {
    "account_inactive": "Give the token of an app that is still installed.",
    "invalid_auth": "Give the bot's token, xoxb-..., of an app that is installed.",
    "missing_scope": "Give the app the scope chat:write and install it again.",
    "not_authed": "Give the bot's token, xoxb-....",
    "not_in_channel": "Invite the app to the channel: /invite @APP.",
    "restricted_action": "Let an administrator of the workspace allow the app to write there.",
    "token_expired": "Give a token that still counts.",
    "token_revoked": "Give a token that still counts.",
}


def open_slack(connection: Connection) -> "SlackChannel":
    """The notifier of a connection profile; nothing is sent yet. Raises ServiceRefused."""
    return SlackChannel(connection)


class SlackChannel:
    """``stella.sdk.Notifier`` in one channel. Safe for several threads.

    What is sent again is told again: Slack knows no key of ours.
    """

    def __init__(self, connection: Connection) -> None:
        is_plain = connection.config.get("plain_http") is True
        self._client = ServiceClient(connection, "Slack", may_be_plain=is_plain)
        self._channel = str(connection.config.get("channel") or "")
        if not _CHANNEL.match(self._channel):
            raise self._client.refused(
                "it has no channel",
                "Set channel to its ID, C..., which the channel's details show.",
            )

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def send(self, message: Message) -> SentMessage:
        """By ``chat.postMessage``. The reference is the channel and the time of the message."""
        told = self._call("chat.postMessage", {"channel": self._channel, **_content(message)})
        return self._sent(told)

    def update(self, reference: str, message: Message) -> SentMessage:
        """By ``chat.update``."""
        channel, _, at = reference.partition(":")
        if not _CHANNEL.match(channel) or not _TIME.match(at):
            raise self._client.not_there("message of that reference")
        told = self._call("chat.update", {"channel": channel, "ts": at, **_content(message)})
        return self._sent(told)

    def ticket(self, key: str) -> Ticket:
        """There are none here."""
        del key
        raise self._client.not_supported("tell of tickets")

    def check(self) -> str:
        """The bot and its workspace."""
        told = self._call("auth.test", {})
        names = [told.get(name) for name in ("user", "team")]
        if not all(isinstance(one, str) and one for one in names):
            raise self._client.unreachable("it does not say who we are")
        user, team = (one_line(str(one), 100) for one in names)
        return f"{user} in {team}, writing to {self._channel}"

    def _call(self, method: str, body: Json) -> dict[str, object]:
        """What it answers where it says yes."""
        headers = {"Authorization": f"Bearer {self._client.credential('token')}"}
        told = self._client.json("POST", f"api/{method}", headers, body, what=f"method {method}")
        if not isinstance(told, dict) or not isinstance(told.get("ok"), bool):
            raise self._client.unreachable("its answer is none of Slack")
        if told["ok"]:
            return dict(told)
        raise self._refusal(told.get("error"))

    def _refusal(self, error: object) -> StellaError:
        """Only words of Slack's own list are told."""
        if error in _BUSY:
            return self._client.unreachable("it is busy or in trouble", "Try again later.")
        if error in _MISSING:
            return self._client.not_there(f"channel or message as named ({error})")
        known = error if isinstance(error, str) and error in _ADVICE else ""
        return self._client.refused(
            f"it says no{f' ({known})' if known else ''}",
            _ADVICE.get(known, "See its app's settings, its scopes and the channel."),
        )

    def _sent(self, told: dict[str, object]) -> SentMessage:
        channel, at = told.get("channel"), told.get("ts")
        if not (isinstance(channel, str) and isinstance(at, str)):
            raise self._client.unreachable("it does not say where the message is")
        if not _CHANNEL.match(channel) or not _TIME.match(at):
            raise self._client.unreachable("it does not say where the message is")
        return SentMessage(f"{channel}:{at}")


def _content(message: Message) -> dict[str, Json]:
    """text: for notifications and screen readers."""
    return {
        "text": escaped(one_line(message.title, _FALLBACK_MAX)),
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": blocks_of(message),
    }
