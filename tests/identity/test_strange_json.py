"""Any JSON value where text is expected, in tokens and key sets: taken or refused, never a bug."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fixtures.issuers import AUDIENCE, Issuer, sign
from fixtures.sign_ins import Place
from stella.identity.errors import MalformedAssertion, UnusableKeys
from stella.identity.jwks import parse_keys
from stella.identity.jwt import read_unverified, verify
from stella.kernel import StellaError

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ISSUER = Issuer()
ISSUER.add_key("one")
KEYS = parse_keys(json.dumps(ISSUER.jwks()))
_WORDS = st.text(st.characters(), max_size=8)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=5,
)
HUGE = 10**400


@pytest.mark.long
@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(["kty", "kid", "alg", "use", "key_ops", "crv", "x", "y", "n", "e", "d"]),
    ANYTHING,
)
@example("kty", ["EC"])
@example("kty", {})
@example("alg", ["ES256"])
@example("x", 7)
@example("x", "\ud800")
def test_any_value_in_a_key_set_is_taken_or_refused(name: str, value: Any):
    (good,) = ISSUER.jwks()["keys"]
    with suppress(UnusableKeys):
        parse_keys(json.dumps({"keys": [{**good, name: value}]}))


@pytest.mark.long
@settings(max_examples=400, deadline=None)
@given(st.sampled_from(["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "azp", "nonce"]), ANYTHING)
@example("exp", HUGE)
@example("nbf", HUGE)
@example("sub", "\ud800")
@example("jti", "\0")
def test_any_value_in_a_claim_is_taken_or_refused(name: str, value: Any):
    claims = {**ISSUER.claims(NOW), name: value}
    key = ISSUER.keys["one"][1]
    text = sign({"alg": "ES256", "kid": "one"}, json.dumps(claims).encode(), key)
    with suppress(StellaError):
        told = verify(text, KEYS, issuer=ISSUER.url, audience=AUDIENCE, now=NOW)
        assert all(one.encode() and "\0" not in one for one in (told.subject, told.id or "x"))


@pytest.mark.long
@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["alg", "kid", "typ", "crit", "b64"]), ANYTHING)
@example("alg", ["ES256"])
@example("kid", {})
def test_any_value_in_a_header_is_taken_or_refused(name: str, value: Any):
    header = {"alg": "ES256", "kid": "one", name: value}
    _, claims, signature = ISSUER.token(NOW).split(".")
    whole = sign({"alg": "ES256"}, json.dumps(header).encode(), ISSUER.keys["one"][1])
    with suppress(StellaError):
        read_unverified(f"{whole.split('.')[1]}.{claims}.{signature}")


@pytest.mark.parametrize("text", ["\ud800", "a\0b", ["\0"], {"\ud800": 1}, {"a": [{"b": "\0"}]}])
def test_text_that_nobody_can_store_is_refused_wherever_it_stands(text: Any):
    claims = json.dumps({**ISSUER.claims(NOW), "other": text}).encode()
    with pytest.raises(MalformedAssertion):
        read_unverified(sign({"alg": "ES256"}, claims, ISSUER.keys["one"][1]))


@pytest.mark.parametrize("party", [["stella"], {"stella": 1}, [], 7, True, "other"])
def test_a_party_that_is_not_our_text_is_refused(place: Place, party: Any):
    assert "another party" in place.refused(azp=party)
