import base64

import pytest

from stella.trust import OneTimeKey, seal_once
from stella.trust.errors import BrokenEnvelope

ABOUT = "secrets ord_1 1"


def test_only_its_holder_opens_what_was_sealed():
    key = OneTimeKey()
    sealed = seal_once(key.public, b"hunter2", ABOUT)
    assert key.open(sealed, ABOUT) == b"hunter2"
    assert b"hunter2" not in base64.b64decode(sealed)
    with pytest.raises(BrokenEnvelope):
        OneTimeKey().open(sealed, ABOUT)


def test_each_message_has_a_key_of_its_own():
    key = OneTimeKey()
    assert seal_once(key.public, b"a", ABOUT) != seal_once(key.public, b"a", ABOUT)


@pytest.mark.parametrize("at", [0, 31, 32, -1])
def test_a_changed_byte_is_seen(at: int):
    key = OneTimeKey()
    content = bytearray(base64.b64decode(seal_once(key.public, b"hunter2", ABOUT)))
    content[at] ^= 1
    with pytest.raises(BrokenEnvelope):
        key.open(base64.b64encode(content).decode(), ABOUT)


def test_it_is_bound_to_what_it_is_about():
    key = OneTimeKey()
    with pytest.raises(BrokenEnvelope):
        key.open(seal_once(key.public, b"hunter2", ABOUT), "secrets ord_1 2")


@pytest.mark.parametrize("text", ["", "!", "AAAA", base64.b64encode(bytes(32)).decode()])
def test_what_is_no_key_or_no_message_is_refused(text: str):
    with pytest.raises(BrokenEnvelope):
        seal_once(text, b"hunter2", ABOUT)
    with pytest.raises(BrokenEnvelope):
        OneTimeKey().open(text, ABOUT)
