"""Is it from there, and is it new? Signatures, tokens and times; nothing of a body is read here."""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from stella.sdk import Connection, Remedy, WebhookForged, WebhookTooOld
from stella.sdk.webhooks import standard_signature

AGE_S_MAX = 300
"""How far a signed time may be from ours."""

_CREDENTIALS = ("secret", "previous_secret")
_TIME_DIGITS_MAX = 12
_STANDARD_SIGNATURES_MAX = 20
_ID_LENGTH_MAX = 200


class Secrets:
    """The secret, and the one before it while both count: asked for at each use, never kept."""

    def __init__(self, credentials: Mapping[str, Callable[[], str]]) -> None:
        self._credentials = credentials

    @classmethod
    def of(cls, connection: Connection) -> "Secrets":
        """Those of a connection."""
        return cls(connection.credentials)

    def each(self) -> Iterator[str]:
        """The newest first; an empty one is none, for everybody could sign with it."""
        for name in _CREDENTIALS:
            ask = self._credentials.get(name)
            secret = ask() if ask is not None else ""
            if secret:
                yield secret

    def refuse_token(self, shown: str) -> None:
        """Return where ``shown`` is one of them. Raises WebhookForged."""
        if not any(_same(shown, secret) for secret in self.each()):
            raise forged()

    def refuse_hex(self, shown: str, content: bytes) -> None:
        """Return where ``shown`` is the HMAC-SHA256 of ``content``, in hex. Raises WebhookForged."""
        if not any(
            _same(shown.lower(), hmac.new(secret.encode(), content, hashlib.sha256).hexdigest())
            for secret in self.each()
        ):
            raise forged()

    def refuse_standard(
        self, headers: Mapping[str, str], body: bytes, received_at: datetime
    ) -> str:
        """The id of a delivery that is signed as Standard Webhooks describes.

        Raises WebhookForged, WebhookTooOld. https://www.standardwebhooks.com
        """
        delivery, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        shown = headers.get("webhook-signature", "").split(" ")[:_STANDARD_SIGNATURES_MAX]
        if not delivery or len(delivery) > _ID_LENGTH_MAX or not delivery.isprintable():
            raise forged()
        for secret in self.each():
            try:
                made = standard_signature(secret, _plain(delivery), _plain(at), body)
            except ValueError:  # what is kept is no key: nobody signs with it
                continue
            if any(_same(one, made) for one in shown):
                refuse_time(at, received_at)
                return delivery
        raise forged()


def refuse_time(text: str, received_at: datetime) -> None:
    """Return where that time (seconds since 1970) is near. Raises WebhookTooOld, WebhookForged.

    To be called once the signature over it is good: whoever cannot sign learns nothing.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= _TIME_DIGITS_MAX):
        raise forged()
    away_s = received_at.timestamp() - int(text)
    if abs(away_s) > AGE_S_MAX:
        raise WebhookTooOld(
            f"it was signed {abs(away_s):.0f} s {'ago' if away_s > 0 else 'ahead of us'}, "
            f"more than {AGE_S_MAX} s",
            remedy=Remedy("See that both clocks are right, and send it anew."),
        )


def forged() -> WebhookForged:
    """The one answer to whatever is not signed as it should be."""
    return WebhookForged(
        "it is not signed with the secret of this webhook",
        remedy=Remedy("See that both sides have the same secret."),
    )


def body_id(body: bytes) -> str:
    """The id of a delivery whose service signs no id: the same body again is a replay."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def header_id(text: str, body: bytes) -> str:
    """The id that a service sends beside a token; where it sends none, that of the body."""
    is_id = 0 < len(text) <= _ID_LENGTH_MAX and text.isascii() and text.isprintable()
    return text if is_id else body_id(body)


def _same(shown: str, wanted: str) -> bool:
    # As bytes: the comparison takes no text beyond ASCII, and a header may hold any.
    return hmac.compare_digest(_plain(shown), wanted.encode())


def _plain(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
