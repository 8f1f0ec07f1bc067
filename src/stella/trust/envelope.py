"""Envelope encryption: each secret under a key of its own, and that key under the key of a ring.

AES-256-GCM throughout (NIST SP 800-38D), a fresh 96-bit nonce each time.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

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


class WrappingKeys(Protocol):
    """What encrypts the keys of envelopes: files of the server today (``Ring``); a key service or a
    hardware module gives the same, and its keys never leave it. No secret's content is shown to it.
    """

    @property
    def active(self) -> str:
        """The id of the key that new envelopes are made with."""
        ...

    def holds(self, key: str) -> bool:
        """Whether what lies under that key can be opened."""
        ...

    def wrap(self, data_key: bytes, about: str, random: Random) -> str:
        """``data_key`` under the active key, bound to ``about``."""
        ...

    def unwrap(self, key: str, wrapped: str, about: str) -> bytes:
        """What was wrapped under that key. Raises BrokenEnvelope."""
        ...


def seal(keys: WrappingKeys, content: bytes, about: str, random: Random) -> str:
    """``content`` as an envelope, bound to ``about``: opened under another name it is refused."""
    data_key = random(KEY_BYTES)
    return json.dumps(
        {
            "key": keys.active,
            "dataKey": keys.wrap(data_key, about, random),
            "content": _encrypt(data_key, content, about, random),
        }
    )


def open_sealed(keys: WrappingKeys, envelope: str, about: str) -> bytes:
    """What was sealed. Raises BrokenEnvelope: another key, another name, or changed bytes."""
    held = _read(envelope)
    return _decrypt(keys.unwrap(held["key"], held["dataKey"], about), held["content"], about)


def rewrap(keys: WrappingKeys, envelope: str, about: str, random: Random) -> str:
    """The same content under the active key; it is not decrypted for that."""
    held = _read(envelope)
    data_key = keys.unwrap(held["key"], held["dataKey"], about)
    wrapped = keys.wrap(data_key, about, random)
    return json.dumps({**held, "dataKey": wrapped, "key": keys.active})


@dataclass(frozen=True, slots=True)
class Ring:
    """Wrapping keys by id, in the memory of this process."""

    keys: Mapping[str, bytes]
    active: str

    def holds(self, key: str) -> bool:
        """Whether it is one of them."""
        return key in self.keys

    def wrap(self, data_key: bytes, about: str, random: Random) -> str:
        """Encrypted with the active one."""
        return _encrypt(self.keys[self.active], data_key, about, random)

    def unwrap(self, key: str, wrapped: str, about: str) -> bytes:
        """Raises BrokenEnvelope."""
        if key not in self.keys:
            raise broken_envelope(f"its key {key[:16]} is not here")
        return _decrypt(self.keys[key], wrapped, about)


def wrapped_under(envelope: str) -> str:
    """The id of the key that an envelope lies under. Raises BrokenEnvelope."""
    return _read(envelope)["key"]


def _read(envelope: str) -> dict[str, str]:
    try:
        held = json.loads(envelope)
        return {name: str(held[name]) for name in ("key", "dataKey", "content")}
    except (ValueError, KeyError, TypeError) as error:
        raise broken_envelope("it is no envelope") from error


def _encrypt(key: bytes, content: bytes, about: str, random: Random) -> str:
    nonce = random(_NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, content, about.encode())).decode()


def _decrypt(key: bytes, text: str, about: str) -> bytes:
    try:
        held = base64.b64decode(text, validate=True)
        content = AESGCM(key).decrypt(held[:_NONCE_BYTES], held[_NONCE_BYTES:], about.encode())
    except (ValueError, InvalidTag):
        raise _changed() from None
    # The decoder overlooks spare bits of the last character: one text an envelope, no other.
    if base64.b64encode(held).decode() != text:
        raise _changed()
    return content


def _changed() -> BrokenEnvelope:
    return broken_envelope("it was changed, or belongs to something else")


def broken_envelope(why: str) -> BrokenEnvelope:
    """The refusal of an envelope, also by keys that lie elsewhere."""
    return BrokenEnvelope(
        f"a stored secret cannot be opened: {why}",
        remedy=Remedy("Restore keys and database from the same backup, or store it anew."),
    )
