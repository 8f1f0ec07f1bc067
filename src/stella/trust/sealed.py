"""Bytes for one reader and one use: sealed to a key that its holder makes, opens with once, and drops.

X25519 (RFC 7748) with a key of the sender's that lives for one message, HKDF-SHA256 (RFC 5869) over the
agreed secret and both public keys, AES-256-GCM bound to what it is about.
"""

import base64
import binascii
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from stella.kernel import Remedy
from stella.trust.errors import BrokenEnvelope

_KEY_BYTES = 32
_NONCE = bytes(12)  # each key encrypts one message


class OneTimeKey:
    """The reader's. public: base64, to be sent to who shall seal."""

    def __init__(self) -> None:
        self._key = X25519PrivateKey.generate()
        self.public = _text(self._key.public_key().public_bytes_raw())

    def open(self, sealed: str, about: str) -> bytes:
        """What was sealed to this key about that. Raises BrokenEnvelope."""
        try:
            content = base64.b64decode(sealed, validate=True)
            theirs = X25519PublicKey.from_public_bytes(content[:_KEY_BYTES])
            key = _derived(self._key.exchange(theirs), content[:_KEY_BYTES], _raw(self.public))
            return AESGCM(key).decrypt(_NONCE, content[_KEY_BYTES:], about.encode())
        except (ValueError, binascii.Error, InvalidTag):
            why = "what was sealed for this one use cannot be opened"
        raise BrokenEnvelope(why, remedy=Remedy("Ask for it again."))


def seal_once(
    public: str,
    content: bytes,
    about: str,
    make: Callable[[], X25519PrivateKey] = X25519PrivateKey.generate,
) -> str:
    """``content`` for the holder of that key alone, as base64. Raises BrokenEnvelope for a bad key."""
    try:
        theirs = X25519PublicKey.from_public_bytes(_raw(public))
        ours = make()
        sent = ours.public_key().public_bytes_raw()
        key = _derived(ours.exchange(theirs), sent, _raw(public))
    except (ValueError, binascii.Error):
        why = "the key that it is to be sealed to is none"
        raise BrokenEnvelope(why, remedy=Remedy("Send an X25519 public key.")) from None
    return _text(sent + AESGCM(key).encrypt(_NONCE, content, about.encode()))


def _derived(shared: bytes, sender: bytes, reader: bytes) -> bytes:
    info = b"stella sealed once\0" + sender + reader
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=info).derive(shared)


def _raw(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
