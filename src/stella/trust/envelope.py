"""Envelope encryption: each secret under a key of its own, and that key under the key of a ring.

AES-256-GCM throughout (NIST SP 800-38D), a fresh 96-bit nonce each time.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from stella.kernel import Remedy
from stella.trust.errors import BrokenEnvelope

KEY_BYTES = 32
_NONCE_BYTES = 12
Random = Callable[[int], bytes]


def key_id(key: bytes) -> str:
    """By which a wrapping key is known: 16 hex digits of its SHA-256, which tell nothing of it."""
    return hashlib.sha256(b"stella wrapping key\0" + key).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Ring:
    """Wrapping keys by id; ``active`` is the one that new envelopes are made with."""

    keys: Mapping[str, bytes]
    active: str

    def seal(self, content: bytes, about: str, random: Random) -> str:
        """``content`` as an envelope, bound to ``about``: opened under another name it is refused."""
        data_key = random(KEY_BYTES)
        return json.dumps(
            {
                "key": self.active,
                "dataKey": _encrypt(self.keys[self.active], data_key, about, random),
                "content": _encrypt(data_key, content, about, random),
            }
        )

    def open(self, envelope: str, about: str) -> bytes:
        """What was sealed. Raises BrokenEnvelope: another key, another name, or changed bytes."""
        held = _read(envelope)
        return _decrypt(self._data_key(held, about), held["content"], about)

    def rewrap(self, envelope: str, about: str, random: Random) -> str:
        """The same content under the active key; it is not decrypted for that."""
        held = _read(envelope)
        data_key = self._data_key(held, about)
        held["dataKey"] = _encrypt(self.keys[self.active], data_key, about, random)
        return json.dumps({**held, "key": self.active})

    def _data_key(self, held: Mapping[str, str], about: str) -> bytes:
        key = self.keys.get(held["key"])
        if key is None:
            raise _broken(f"its key {held['key'][:16]} is not here")
        return _decrypt(key, held["dataKey"], about)


def wrapped_under(envelope: str) -> str:
    """The id of the key that an envelope lies under. Raises BrokenEnvelope."""
    return _read(envelope)["key"]


def _read(envelope: str) -> dict[str, str]:
    try:
        held = json.loads(envelope)
        return {name: str(held[name]) for name in ("key", "dataKey", "content")}
    except (ValueError, KeyError, TypeError) as error:
        raise _broken("it is no envelope") from error


def _encrypt(key: bytes, content: bytes, about: str, random: Random) -> str:
    nonce = random(_NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, content, about.encode())).decode()


def _decrypt(key: bytes, text: str, about: str) -> bytes:
    try:
        held = base64.b64decode(text, validate=True)
        return AESGCM(key).decrypt(held[:_NONCE_BYTES], held[_NONCE_BYTES:], about.encode())
    except (ValueError, InvalidTag):
        raise _broken("it was changed, or belongs to something else") from None


def _broken(why: str) -> BrokenEnvelope:
    return BrokenEnvelope(
        f"a stored secret cannot be opened: {why}",
        remedy=Remedy("Restore keys and database from the same backup, or store it anew."),
    )
