"""Envelopes are opened by their key, under their name, as they were sealed; by nothing else."""

import base64
import json
import os
import string

import pytest

from stella.trust.envelope import (
    KEY_BYTES,
    Random,
    Ring,
    WrappingKeys,
    broken_envelope,
    key_id,
    open_sealed,
    rewrap,
    seal,
    wrapped_under,
)
from stella.trust.errors import BrokenEnvelope

OLD, NEW = bytes(range(KEY_BYTES)), bytes(KEY_BYTES)
FIRST = Ring({key_id(OLD): OLD}, key_id(OLD))
BOTH = Ring({key_id(OLD): OLD, key_id(NEW): NEW}, key_id(NEW))


class KeyService:
    """Keys that lie elsewhere: what is wrapped there is a ticket that means nothing here."""

    def __init__(self, *versions: str) -> None:
        self.versions = list(versions)
        self._held: dict[tuple[str, str, str], bytes] = {}

    @property
    def active(self) -> str:
        return self.versions[-1]

    def holds(self, key: str) -> bool:
        return key in self.versions

    def wrap(self, data_key: bytes, about: str, random: Random) -> str:
        ticket = random(8).hex()
        self._held[self.active, ticket, about] = data_key
        return ticket

    def unwrap(self, key: str, wrapped: str, about: str) -> bytes:
        if not self.holds(key) or (key, wrapped, about) not in self._held:
            raise broken_envelope("the service does not know it")
        return self._held[key, wrapped, about]


@pytest.fixture(params=["files", "service"])
def keys(request: pytest.FixtureRequest) -> WrappingKeys:
    return FIRST if request.param == "files" else KeyService("1")


def test_whoever_holds_the_keys_opens_what_was_sealed_and_nothing_else(keys: WrappingKeys):
    envelope = seal(keys, b"the secret", "one", os.urandom)
    assert open_sealed(keys, envelope, "one") == b"the secret"
    assert keys.holds(wrapped_under(envelope))
    assert not keys.holds("another")
    assert "secret" not in envelope
    again = rewrap(keys, envelope, "one", os.urandom)
    assert open_sealed(keys, again, "one") == b"the secret"
    for text, about in (
        (envelope, "two"),
        (json.dumps({**json.loads(envelope), "key": "another"}), "one"),
        (json.dumps({**json.loads(envelope), "dataKey": "AAAA"}), "one"),
    ):
        with pytest.raises(BrokenEnvelope):
            open_sealed(keys, text, about)


def test_a_service_exchanges_its_key_as_files_do():
    service = KeyService("1")
    envelope = seal(service, b"the secret", "one", os.urandom)
    service.versions.append("2")
    moved = rewrap(service, envelope, "one", os.urandom)
    service.versions.remove("1")
    assert open_sealed(service, moved, "one") == b"the secret"
    with pytest.raises(BrokenEnvelope):
        open_sealed(service, envelope, "one")


def test_what_was_sealed_is_opened_and_shows_nothing():
    envelope = seal(FIRST, b"the secret", "one", os.urandom)
    assert open_sealed(FIRST, envelope, "one") == b"the secret"
    assert "secret" not in envelope
    assert seal(FIRST, b"the secret", "one", os.urandom) != envelope, "a fresh nonce each time"


def test_it_is_brought_under_another_key_without_being_opened():
    envelope = seal(FIRST, b"x" * 100, "one", os.urandom)
    moved = rewrap(BOTH, envelope, "one", os.urandom)
    assert (wrapped_under(envelope), wrapped_under(moved)) == (key_id(OLD), key_id(NEW))
    assert json.loads(moved)["content"] == json.loads(envelope)["content"]
    assert open_sealed(Ring({key_id(NEW): NEW}, key_id(NEW)), moved, "one") == b"x" * 100


def test_another_name_another_key_and_changed_bytes_are_refused():
    envelope = seal(FIRST, b"the secret", "one", os.urandom)
    other = Ring({key_id(OLD): NEW}, key_id(OLD))
    gone = Ring({key_id(NEW): NEW}, key_id(NEW))
    for ring, text, about in (
        (FIRST, envelope, "two"),
        (other, envelope, "one"),
        (gone, envelope, "one"),
        (FIRST, "nonsense", "one"),
        (FIRST, "{}", "one"),
        (FIRST, json.dumps({**json.loads(envelope), "content": "!"}), "one"),
    ):
        with pytest.raises(BrokenEnvelope):
            open_sealed(ring, text, about)


def test_spare_bits_of_base64_are_a_change_too():
    held = json.loads(seal(FIRST, b"the secret", "one", os.urandom))
    last = held["content"][-2]
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    spare = letters[letters.index(last) + 1]
    other = held["content"].removesuffix(last + "=") + spare + "="
    assert base64.b64decode(other, validate=True) == base64.b64decode(held["content"])
    with pytest.raises(BrokenEnvelope):
        open_sealed(FIRST, json.dumps({**held, "content": other}), "one")


@pytest.mark.parametrize("part", ["dataKey", "content"])
def test_every_changed_character_is_refused(part: str):
    held = json.loads(seal(FIRST, b"the secret", "one", os.urandom))
    for place, character in enumerate(held[part]):
        changed = held[part][:place] + ("A" if character != "A" else "B") + held[part][place + 1 :]
        with pytest.raises(BrokenEnvelope):
            open_sealed(FIRST, json.dumps({**held, part: changed}), "one")
