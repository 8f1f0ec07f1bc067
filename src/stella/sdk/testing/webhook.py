"""A service's deliveries without the service: for tests of what takes them."""

import hmac
import json
from collections.abc import Mapping
from datetime import datetime

from stella.kernel import Remedy
from stella.plugin.contract.connection import Connection
from stella.plugin.contract.webhook import PushedCommits, Received
from stella.plugin.refusals import WebhookForged, WebhookMalformed, WebhookTooOld
from stella.sdk.webhooks import standard_signature

_AGE_S_MAX = 300
_BODY_BYTES_MAX = 1024 * 1024


class SimulatedWebhook:
    """``stella.sdk.Webhook``. Deliveries are signed by ``stella.sdk.webhooks.standard_headers``.

    A body is ``{"repository", "reference", "before", "after"}``, texts of up to 200 characters;
    another object does not concern us. Credentials: ``secret``, ``previous_secret``.
    """

    def __init__(self, connection: Connection) -> None:
        self._credentials = connection.credentials

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        """Verify, then read."""
        delivery = headers.get("webhook-id", "")
        seconds = headers.get("webhook-timestamp", "")
        shown = headers.get("webhook-signature", "").encode("utf-8", "surrogatepass")
        is_id = 0 < len(delivery) <= 200 and delivery.isprintable()
        is_time = seconds.isascii() and seconds.isdecimal() and len(seconds) <= 12
        if not (is_id and is_time and self._is_signed(shown, delivery, seconds, body)):
            raise WebhookForged("it is not signed", remedy=Remedy("Sign it."))
        if abs(received_at.timestamp() - int(seconds)) > _AGE_S_MAX:
            raise WebhookTooOld("it is of another time", remedy=Remedy("Send it anew."))
        return _read(delivery, body)

    def _is_signed(self, shown: bytes, delivery: str, seconds: str, body: bytes) -> bool:
        for name in ("secret", "previous_secret"):
            ask = self._credentials.get(name)
            secret = ask() if ask is not None else ""
            if secret:
                made = standard_signature(secret, delivery.encode(), seconds.encode(), body)
                if hmac.compare_digest(shown, made.encode()):
                    return True
        return False


def _read(delivery: str, body: bytes) -> Received:
    try:
        said = json.loads(body) if len(body) <= _BODY_BYTES_MAX else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise WebhookMalformed("it is no JSON object", remedy=Remedy("Send one."))
    names = ("repository", "reference", "before", "after")
    if not said.keys() >= set(names):
        return Received(delivery, "other")
    texts = [said[name] for name in names]
    if not all(isinstance(one, str) and one.isprintable() and len(one) <= 200 for one in texts):
        raise WebhookMalformed("it holds what is no text", remedy=Remedy("Send texts."))
    return Received(delivery, "push", commits=(PushedCommits(*texts),))
