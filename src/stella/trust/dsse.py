"""DSSE v1: a payload, its type, and signatures over both (github.com/secure-systems-lab/dsse)."""

import base64
import binascii
from collections.abc import Iterable

import msgspec

from stella.kernel import Remedy
from stella.trust.errors import BadSignature, MalformedEnvelope
from stella.trust.keys import PublicKey, Signer

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_SIZE_MAX = 256 * 1024 * 1024
_SIGNATURES_MAX = 16


class Signature(msgspec.Struct, frozen=True, omit_defaults=True):
    """One signature; ``sig`` in base64."""

    sig: str
    keyid: str = ""


class Envelope(msgspec.Struct, frozen=True, rename={"payload_type": "payloadType"}):
    """A DSSE envelope; ``payload`` in base64."""

    payload: str
    payload_type: str
    signatures: tuple[Signature, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """The pre-authentication encoding: what is really signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def sign_envelope(payload: bytes, payload_type: str, signer: Signer) -> Envelope:
    """``payload`` in an envelope with one signature."""
    signature = signer.sign(pae(payload_type, payload))
    # No key id: stock clients compute another one (of the SSH form of the key) and pass over a
    # signature whose id is not theirs. The bundle around it hints at the key.
    return Envelope(
        payload=base64.b64encode(payload).decode(),
        payload_type=payload_type,
        signatures=(Signature(base64.b64encode(signature).decode()),),
    )


def verify_envelope(envelope: Envelope, keys: Iterable[PublicKey]) -> tuple[bytes, PublicKey]:
    """The payload, and the trusted key that signed it.

    Raises BadSignature unless one of ``keys`` did, MalformedEnvelope for what is none.
    """
    if not 0 < len(envelope.signatures) <= _SIGNATURES_MAX:
        raise malformed(f"an envelope with {len(envelope.signatures)} signatures")
    payload = decode(envelope.payload)
    content = pae(envelope.payload_type, payload)
    trusted = tuple(keys)
    for signature in envelope.signatures:
        signed = decode(signature.sig)
        for key in trusted:
            try:
                key.verify(signed, content)
            except BadSignature:
                continue
            return payload, key
    raise BadSignature(
        "no trusted key signed this, or it was changed afterwards",
        remedy=Remedy("Trust the signer's key, or get the original again."),
        trusted=[key.key_id for key in trusted],
    )


def decode(text: str) -> bytes:
    """Strict base64. Raises MalformedEnvelope."""
    if len(text) > _SIZE_MAX:
        raise malformed(f"{len(text)} characters of base64")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise malformed("what should be base64 is not") from error


def malformed(why: str) -> MalformedEnvelope:
    """The refusal of something that is no envelope, statement or bundle."""
    return MalformedEnvelope(
        f"cannot be read as signed evidence: {why}",
        remedy=Remedy("Get the original again, from where it was made."),
    )
