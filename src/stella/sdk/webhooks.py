"""How a delivery is signed as Standard Webhooks describes: for who sends, and for tests.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime

_PREFIX = "whsec_"


def standard_key(secret: str) -> bytes:
    """The key in a secret: after ``whsec_`` in base64, otherwise the text as it is.

    Raises ValueError where there is none: an empty one would be everybody's.
    """
    key = secret.encode()
    if secret.startswith(_PREFIX):
        try:
            key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            key = b""
    if not key:
        raise ValueError("it is no secret to sign with")
    return key


def standard_signature(secret: str, delivery: bytes, seconds: bytes, body: bytes) -> str:
    """What stands in ``webhook-signature``. Raises ValueError as ``standard_key`` does."""
    content = b".".join((delivery, seconds, body))
    made = hmac.new(standard_key(secret), content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(made).decode()}"


def standard_headers(secret: str, delivery: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of a delivery. delivery: its id, the same for each try of one.

    Raises ValueError as ``standard_key`` does.
    """
    seconds = str(int(at.timestamp()))
    return {
        "webhook-id": delivery,
        "webhook-timestamp": seconds,
        "webhook-signature": standard_signature(secret, delivery.encode(), seconds.encode(), body),
    }
