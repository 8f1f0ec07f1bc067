"""Who keeps the keys of secrets: each opens its own, and nothing counts that it does not give back."""

import os

import pytest

from stella.hub.keepers import Keepers, KeptElsewhere, parse_keeper
from stella.trust.envelope import Ring, key_id, open_sealed, rewrap, seal
from stella.trust.errors import BrokenEnvelope

ONE, TWO = b"1" * 32, b"2" * 32
URI = "vault-transit://main/transit/stella"


class Held:
    """``stella.sdk.KeyKeeper`` in memory: what is wrapped is a ticket."""

    def __init__(self, *, gives: bytes | None = None) -> None:
        self.newest, self._kept, self._gives = 1, list[tuple[bytes, str]](), gives

    def key_versions(self, _path: str) -> tuple[int, int]:
        return 1, self.newest

    def wrap_key(self, _path: str, _version: int, key: bytes, about: str) -> str:
        self._kept.append((key, about))
        return str(len(self._kept) - 1)

    def unwrap_key(self, _path: str, wrapped: str, about: str) -> bytes:
        key, its_own = self._kept[int(wrapped)]
        assert about == its_own
        return self._gives or key

    def renew_key(self, _path: str) -> None:
        self.newest += 1


def elsewhere(held: Held) -> KeptElsewhere:
    keeper = parse_keeper(URI)
    assert keeper is not None
    assert keeper.text == URI
    return KeptElsewhere(keeper, lambda: held)


def ring(key: bytes) -> Ring:
    return Ring({key_id(key): key}, key_id(key))


def test_nothing_is_sealed_that_the_keeper_does_not_give_back():
    with pytest.raises(BrokenEnvelope, match="gives back another key"):
        seal(elsewhere(Held(gives=b"x" * 32)), b"the secret", "one", os.urandom)


def test_each_opens_what_lies_under_its_own_and_the_first_one_wraps():
    held = Held()
    files, service = Keepers({"file:": ring(ONE)}), Keepers({URI: elsewhere(held)})
    envelopes = [seal(keys, b"the secret", "one", os.urandom) for keys in (files, service)]
    both = Keepers({URI: elsewhere(held), "file:": ring(ONE), "env:KEYS": ring(TWO)})
    assert [open_sealed(both, one, "one") for one in envelopes] == [b"the secret"] * 2
    assert both.active == f"{URI}#1"
    moved = rewrap(both, envelopes[0], "one", os.urandom)
    assert open_sealed(service, moved, "one") == b"the secret"
    with pytest.raises(BrokenEnvelope):
        open_sealed(files, moved, "one")
    with pytest.raises(BrokenEnvelope):
        open_sealed(Keepers({"env:KEYS": ring(TWO)}), envelopes[0], "one")


def test_a_version_that_was_made_meanwhile_counts_at_the_next_use():
    held = Held()
    at_this_use = elsewhere(held)
    assert at_this_use.active == f"{URI}#1"
    held.renew_key("transit/stella")
    assert at_this_use.active == f"{URI}#1", "one envelope is made with one version"
    assert elsewhere(held).active == f"{URI}#2"


@pytest.mark.parametrize(
    "key", ["", "#1", f"{URI}#0", f"{URI}#3", f"{URI}#x", f"{URI}#1 ", f"{URI}/b#1", key_id(ONE)]
)
def test_a_key_of_somebody_else_is_not_held(key: str):
    held = Held()
    held.renew_key("")
    assert not elsewhere(held).holds(key)
    assert not Keepers({URI: elsewhere(held)}).holds(key)
