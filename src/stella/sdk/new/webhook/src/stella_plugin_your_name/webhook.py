"""A service that tells of its builds, and signs what it sends.

It works as it stands. Replace how a delivery is proved (``_refuse_forged``) and what its body says
(``_builds``) by what your service's documentation says; keep the order: proof first, then content.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from stella.sdk import (
    BuildState,
    Connection,
    EndedBuild,
    Received,
    Remedy,
    WebhookForged,
    WebhookMalformed,
)

_SIGNATURE = "x-your-name-signature"
_EVENT = "x-your-name-event"
_BODY_BYTES_MAX = 1024 * 1024
_TEXT_MAX = 500
_STATES = {"passed": BuildState.SUCCEEDED, "failed": BuildState.FAILED}


class BuildsWebhook:
    """``stella.sdk.Webhook``. Credentials are asked for at each use: they may have been replaced."""

    def __init__(self, connection: Connection) -> None:
        self._credentials = connection.credentials

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        """Verify, then read."""
        del received_at  # this service signs no time; where yours does, refuse one far from it
        self._refuse_forged(headers.get(_SIGNATURE, ""), body)
        said = _read(body)
        # It signs no id: the digest of what it signs is one, so that a replay is known.
        delivery = f"sha256:{hashlib.sha256(body).hexdigest()}"
        event = headers.get(_EVENT, "")
        is_name = 0 < len(event) <= 100 and event.isascii() and event.isprintable()
        return Received(delivery, event if is_name else "unnamed", builds=_builds(said))

    def _refuse_forged(self, shown: str, body: bytes) -> None:
        """Two secrets count, so that none is lost while the service is given a new one."""
        for name in ("secret", "previous_secret"):
            ask = self._credentials.get(name)
            secret = ask() if ask is not None else ""
            if secret:  # an empty one would be everybody's
                made = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
                # As bytes: a header may hold letters that this comparison does not take as text.
                if hmac.compare_digest(shown.encode("utf-8", "surrogatepass"), made.encode()):
                    return
        raise WebhookForged(
            "it is not signed with the secret of this webhook",
            remedy=Remedy("See that both sides have the same secret."),
        )


def _read(body: bytes) -> Mapping[str, Any]:
    if len(body) > _BODY_BYTES_MAX:
        raise _malformed("its body is too large")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise _malformed("its body is no JSON") from None
    if not isinstance(said, dict):
        raise _malformed("its body is no JSON object")
    return said


def _builds(said: Mapping[str, Any]) -> tuple[EndedBuild, ...]:
    """Pure. What does not concern us is nothing, and no refusal: it would be sent again."""
    state = _STATES.get(str(said.get("result")))
    if state is None:
        return ()
    return (EndedBuild(_text(said, "job"), _text(said, "number"), state),)


def _text(said: Mapping[str, Any], key: str) -> str:
    found = said.get(key)
    if not isinstance(found, str) or not 0 < len(found) <= _TEXT_MAX or not found.isprintable():
        raise _malformed(f"{key} is no text")
    return found


def _malformed(why: str) -> WebhookMalformed:
    return WebhookMalformed(why, remedy=Remedy("See that the right service sends to this webhook."))
