"""Signed requests: what an agent sends carries its own proof, whatever ends the TLS before us."""

import base64
import hashlib
from datetime import datetime, timedelta

from stella.kernel import Remedy, parse_time, time_text
from stella.kernel.clock import MalformedTime
from stella.trust.dsse import decode
from stella.trust.errors import BadRequestSignature, BadSignature, MalformedEnvelope
from stella.trust.keys import PublicKey, Signer

SIGNATURE, SIGNED_AT, NONCE = "X-Stella-Signature", "X-Stella-Signed-At", "X-Stella-Nonce"
WINDOW = timedelta(seconds=120)
_NONCE_MAX = 64


def sign_request(
    signer: Signer, *, method: str, path: str, body: bytes, now: datetime, nonce: str
) -> dict[str, str]:
    """The headers that prove who sends this body to this path, once and now."""
    at = time_text(now)
    signature = signer.sign(_signed_bytes(method, path, body, at, nonce))
    return {SIGNATURE: base64.b64encode(signature).decode(), SIGNED_AT: at, NONCE: nonce}


def verify_request(
    key: PublicKey,
    headers: dict[str, str],
    *,
    method: str,
    path: str,
    body: bytes,
    now: datetime,
) -> str:
    """The request's nonce, which the caller must not have seen within WINDOW.

    Raises BadRequestSignature where the key did not sign exactly this, about now.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    try:
        signature = decode(lowered[SIGNATURE.lower()])
        at, nonce = lowered[SIGNED_AT.lower()], lowered[NONCE.lower()]
        signed_at = parse_time(at)
        key.verify(signature, _signed_bytes(method, path, body, at, nonce))
    except (KeyError, MalformedEnvelope, MalformedTime, BadSignature) as error:
        raise _refused("the request is not signed by the agent's key") from error
    if abs(now - signed_at) > WINDOW:
        raise _refused(f"the request was signed at {at}, more than {WINDOW.seconds} s from now")
    if not 0 < len(nonce) <= _NONCE_MAX:
        raise _refused("the request's nonce is empty or too long")
    return nonce


def _signed_bytes(method: str, path: str, body: bytes, at: str, nonce: str) -> bytes:
    digest = hashlib.sha256(body).hexdigest()
    return f"stella-request-v1\n{method.upper()}\n{path}\n{digest}\n{at}\n{nonce}".encode()


def _refused(why: str) -> BadRequestSignature:
    return BadRequestSignature(
        why, remedy=Remedy("See that the host's clock is right and the agent is enrolled.")
    )
