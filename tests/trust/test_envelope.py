"""Envelopes are opened by their key, under their name, as they were sealed; by nothing else."""

import json
import os

import pytest

from stella.trust.envelope import KEY_BYTES, Ring, key_id, wrapped_under
from stella.trust.errors import BrokenEnvelope

OLD, NEW = bytes(range(KEY_BYTES)), bytes(KEY_BYTES)
FIRST = Ring({key_id(OLD): OLD}, key_id(OLD))
BOTH = Ring({key_id(OLD): OLD, key_id(NEW): NEW}, key_id(NEW))


def test_what_was_sealed_is_opened_and_shows_nothing():
    envelope = FIRST.seal(b"the secret", "one", os.urandom)
    assert FIRST.open(envelope, "one") == b"the secret"
    assert "secret" not in envelope
    assert FIRST.seal(b"the secret", "one", os.urandom) != envelope, "a fresh nonce each time"


def test_it_is_brought_under_another_key_without_being_opened():
    envelope = FIRST.seal(b"x" * 100, "one", os.urandom)
    moved = BOTH.rewrap(envelope, "one", os.urandom)
    assert (wrapped_under(envelope), wrapped_under(moved)) == (key_id(OLD), key_id(NEW))
    assert json.loads(moved)["content"] == json.loads(envelope)["content"]
    assert Ring({key_id(NEW): NEW}, key_id(NEW)).open(moved, "one") == b"x" * 100


def test_another_name_another_key_and_changed_bytes_are_refused():
    envelope = FIRST.seal(b"the secret", "one", os.urandom)
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
            ring.open(text, about)


@pytest.mark.parametrize("part", ["dataKey", "content"])
def test_every_changed_character_is_refused(part: str):
    held = json.loads(FIRST.seal(b"the secret", "one", os.urandom))
    for place, character in enumerate(held[part]):
        changed = held[part][:place] + ("A" if character != "A" else "B") + held[part][place + 1 :]
        with pytest.raises(BrokenEnvelope):
            FIRST.open(json.dumps({**held, part: changed}), "one")
