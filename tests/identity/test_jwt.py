"""Tokens that others signed: what is believed, and every trick that is not."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey, RSAKey

from fixtures.issuers import AUDIENCE, MAKERS, Issuer, sign
from stella.identity.errors import (
    AssertionNotForUs,
    AssertionOutOfTime,
    MalformedAssertion,
    UntrustedAssertion,
    UnusableKeys,
)
from stella.identity.jwks import KeyBook, parse_keys
from stella.identity.jwt import TOKEN_BYTES_MAX, read_unverified, verify
from stella.kernel import Remedy, StellaError

NOW = datetime(2030, 1, 1, tzinfo=UTC)
AT = int(NOW.timestamp())


def verified(issuer: Issuer, token: str, now: datetime = NOW, **more: Any) -> Any:
    keys = parse_keys(json.dumps(issuer.jwks()))
    given = {"issuer": issuer.url, "audience": AUDIENCE, **more}
    return verify(token, keys, now=now, **given)


def refused(issuer: Issuer, token: str, now: datetime = NOW, **more: Any) -> type[StellaError]:
    """The class of the refusal, which repeats nothing of the token."""
    with pytest.raises(StellaError) as refusal:
        verified(issuer, token, now, **more)
    told = f"{refusal.value.problem()}"
    assert all(part not in told for part in token.split(".") if len(part) > 3)
    assert "acme" not in told
    return refusal.type


def part(value: Any) -> str:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@pytest.mark.parametrize("algorithm", MAKERS)
def test_each_algorithm_of_ours_is_verified(algorithm: str):
    issuer = Issuer()
    issuer.add_key("other", algorithm)
    issuer.add_key("one", algorithm)
    told = verified(issuer, issuer.token(NOW))
    assert (told.issuer, told.subject, told.audiences) == (
        issuer.url,
        "repo:acme/shop:ref:refs/heads/main",
        (AUDIENCE,),
    )
    assert (told.id, told.expires_at) == ("job-1", NOW + timedelta(minutes=5))


@pytest.mark.parametrize("algorithm", MAKERS)
def test_a_token_of_which_one_letter_was_changed_is_not_believed(algorithm: str):
    issuer = Issuer()
    issuer.add_key("one", algorithm)
    header, claims, signature = issuer.token(NOW).split(".")
    changed = json.loads(base64.urlsafe_b64decode(claims + "=="))
    changed["repository"] = "acme/other"
    assert refused(issuer, f"{header}.{part(changed)}.{signature}") is UntrustedAssertion
    middle = len(signature) // 2
    letter = "A" if signature[middle] != "A" else "B"
    broken = f"{header}.{claims}.{signature[:middle]}{letter}{signature[middle + 1 :]}"
    assert refused(issuer, broken) is UntrustedAssertion
    assert refused(issuer, f"{header}.{claims}.") is UntrustedAssertion


def test_a_token_without_signature_is_not_believed(issuer: Issuer):
    claims = issuer.claims(NOW)
    for name in ("none", "None", "NONE", ""):
        text = f"{part({'alg': name, 'kid': 'one'})}.{part(claims)}."
        assert refused(issuer, text) is UntrustedAssertion


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_public_key_is_no_shared_secret(algorithm: str):
    """Algorithm confusion: what everybody knows of the issuer, used as the key of an HMAC."""
    issuer = Issuer()
    issuer.add_key("one", "RS256")
    public = issuer.keys["one"][1].public_key
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (pem, json.dumps(issuer.jwks()["keys"][0]).encode()):
        signed = f"{part({'alg': algorithm, 'kid': 'one'})}.{part(issuer.claims(NOW))}"
        mac = hmac.digest(secret, signed.encode(), algorithm.replace("HS", "sha"))
        text = f"{signed}.{part(mac)}"
        assert refused(issuer, text) is UntrustedAssertion


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS512", "ES512"])
def test_algorithms_that_nobody_needs_are_not_taken(algorithm: str):
    issuer = Issuer()
    key = ECKey.generate_key("P-521") if algorithm == "ES512" else RSAKey.generate_key(2048)
    issuer.keys["one"] = (algorithm, key)
    issuer.add_key("two")
    text = sign({"alg": algorithm, "kid": "one"}, issuer.claims(NOW), key)
    assert refused(issuer, text) is UntrustedAssertion


def test_a_key_is_used_for_its_own_algorithm_alone():
    issuer = Issuer()
    issuer.add_key("one", "PS256")
    as_rs256 = issuer.token(NOW, header={"alg": "RS256"})
    assert refused(issuer, as_rs256) is UntrustedAssertion


@pytest.mark.parametrize(
    "kid", ["../../one", "/dev/null", "one'; --", "https://evil.example/keys", "ONE", "one ", "two"]
)
def test_a_key_id_is_compared_and_never_followed(issuer: Issuer, kid: str):
    assert refused(issuer, issuer.token(NOW, header={"kid": kid})) is UntrustedAssertion


@pytest.mark.parametrize("kid", [1, ["one"], {"a": 1}, "", "x" * 401])
def test_a_key_id_that_is_none_is_refused(issuer: Issuer, kid: Any):
    text = issuer.token(NOW).partition(".")[2]
    forged = f"{part({'alg': 'ES256', 'kid': kid})}.{text}"
    assert refused(issuer, forged) is MalformedAssertion


def test_a_key_that_the_token_brings_along_counts_for_nothing(issuer: Issuer):
    attacker = Issuer()
    attacker.add_key("one")
    own = attacker.jwks()["keys"][0]
    for more in ({"jwk": own}, {"jku": "https://evil.example/keys"}, {"x5u": "https://e.example"}):
        text = attacker.token(NOW, header=more)
        assert refused(issuer, text) is UntrustedAssertion


@pytest.mark.parametrize(
    "header",
    [{"crit": ["x"], "x": 1}, {"b64": False}, {"typ": "at+jwt"}, {"typ": "logout+jwt"}, {"typ": 1}],
)
def test_another_kind_of_token_is_no_id_token(issuer: Issuer, header: dict[str, Any]):
    given = {"alg": "ES256", "kid": "one", **header}
    claims = issuer.token(NOW).split(".", 1)[1]
    assert refused(issuer, f"{part(given)}.{claims}") is UntrustedAssertion


def test_a_token_that_names_no_key_is_believed_where_only_one_fits():
    issuer = Issuer()
    issuer.add_key("one", "ES256")
    issuer.add_key("rsa", "RS256")
    assert verified(issuer, issuer.token(NOW, header={"kid": None})).id == "job-1"
    issuer.add_key("two", "ES256")
    assert refused(issuer, issuer.token(NOW, header={"kid": None})) is UntrustedAssertion


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"exp": AT - 61}, AssertionOutOfTime),
        ({"exp": AT - 60}, AssertionOutOfTime),
        ({"exp": AT + 26 * 3600}, AssertionOutOfTime),
        ({"nbf": AT + 61}, AssertionOutOfTime),
        ({"iat": AT + 61}, AssertionOutOfTime),
        ({"iat": AT, "exp": AT, "nbf": None}, AssertionOutOfTime),
        ({"exp": None}, MalformedAssertion),
        ({"iat": None}, MalformedAssertion),
        ({"exp": str(AT + 300)}, MalformedAssertion),
        ({"exp": True}, MalformedAssertion),
        ({"exp": 10**40}, MalformedAssertion),
        ({"exp": -1}, MalformedAssertion),
        ({"aud": "https://stella.example/"}, AssertionNotForUs),
        ({"aud": ["a", "b"]}, AssertionNotForUs),
        ({"aud": []}, MalformedAssertion),
        ({"aud": None}, MalformedAssertion),
        ({"aud": [AUDIENCE, 1]}, MalformedAssertion),
        ({"aud": {"x": AUDIENCE}}, MalformedAssertion),
        ({"iss": "https://issuer.example/"}, AssertionNotForUs),
        ({"iss": "https://issuer"}, AssertionNotForUs),
        ({"iss": None}, MalformedAssertion),
        ({"iss": ["https://issuer.example"]}, MalformedAssertion),
        ({"sub": ""}, MalformedAssertion),
        ({"sub": 5}, MalformedAssertion),
        ({"sub": "x" * 256}, MalformedAssertion),
    ],
)
def test_times_issuer_audience_and_subject_are_exact(
    issuer: Issuer, more: dict[str, Any], expected: type[StellaError]
):
    assert refused(issuer, issuer.token(NOW, **more)) is expected


@pytest.mark.parametrize(
    "more", [{"exp": AT - 59, "iat": AT - 400, "nbf": None}, {"iat": AT + 60, "nbf": AT + 60}]
)
def test_clocks_may_differ_by_a_minute(issuer: Issuer, more: dict[str, Any]):
    assert verified(issuer, issuer.token(NOW, **more)).id == "job-1"


def test_one_of_several_audiences_may_be_ours(issuer: Issuer):
    assert verified(issuer, issuer.token(NOW, aud=["x", AUDIENCE])).audiences == ("x", AUDIENCE)


def test_what_is_no_token_is_refused_before_anything_is_computed(issuer: Issuer):
    header, claims = part({"alg": "ES256", "kid": "one"}), part(issuer.claims(NOW))
    no_number, twice = b'{"iss": NaN}', b'{"iss": "a", "iss": "b"}'
    both = b'{"alg": "ES256", "alg": "none"}'
    for text in (
        "",
        "x",
        "..",
        "a.b.c.d.e",
        f"{header}.{claims}",
        f"{header}.{part([1])}.AA",
        f"{header}.{part(b'[' * 5000)}.AA",
        f"{header}.{part(no_number)}.AA",
        f"{header}.{part(twice)}.AA",
        f"{part(both)}.{claims}.AA",
        f"{header}.{claims}=.AA",
        f"{header}.{claims} .AA",
        f"{header}.{claims}\n.AA",
        "é.é.é",
        "a" * (TOKEN_BYTES_MAX + 1),
    ):
        with pytest.raises(MalformedAssertion):
            read_unverified(text)


# ---------------------------------------------------------------- keys


def test_keys_that_cannot_verify_are_left_out():
    issuer = Issuer()
    issuer.add_key("one")
    good = issuer.jwks()["keys"][0]
    weak = {**RSAKey.generate_key(1024, auto_kid=True).as_dict(private=False), "kid": "one"}
    for bad in (
        weak,
        {"kty": "oct", "k": "AAAA", "kid": "one"},
        {**good, "use": "enc"},
        {**good, "key_ops": ["sign"]},
        {**good, "alg": "ES512"},
        {**good, "x": "AAAA"},
        {**good, "crv": "secp256k1"},
        {"kty": "unknown"},
    ):
        with pytest.raises(UnusableKeys):
            parse_keys(json.dumps({"keys": [bad]}))
        assert len(parse_keys(json.dumps({"keys": [bad, good]})).keys) == 1


def test_what_is_no_key_set_is_refused():
    private = ECKey.generate_key("P-256").as_dict(private=True)
    for text in (
        "",
        "[]",
        '{"keys": {}}',
        '{"keys": [1]}',
        json.dumps({"keys": [private]}),
        json.dumps({"keys": [{}] * 101}),
        "x" * 300_000,
        "[" * 100_000,
    ):
        with pytest.raises(UnusableKeys) as refusal:
            parse_keys(text)
        assert private["d"] not in str(refusal.value.problem())


class Fetch:
    """Answers as it is told, and counts."""

    def __init__(self, answer: str) -> None:
        self.answer: str | StellaError = answer
        self.count = 0

    def __call__(self, _: str) -> str:
        self.count += 1
        if isinstance(self.answer, StellaError):
            raise self.answer
        return self.answer


class Away(StellaError):
    """It does not answer."""

    retry_may_help = True


def test_an_issuer_that_is_away_is_believed_by_its_last_keys_for_an_hour(issuer: Issuer):
    at = [NOW]
    fetch = Fetch(json.dumps(issuer.jwks()))
    book = KeyBook(fetch, lambda: at[0])

    def ask() -> Any:
        return book.keys("actions", issuer.url, "ES256", "one")

    assert ask().keys
    fetch.answer = Away("it is away", remedy=Remedy("Wait."))
    for minutes in (9, 11, 30, 59):
        at[0] = NOW + timedelta(minutes=minutes)
        assert ask().keys
    at[0] = NOW + timedelta(minutes=75)
    with pytest.raises(Away):
        ask()
    count = fetch.count
    for _ in range(10):  # and is not asked again and again
        with pytest.raises(Away):
            ask()
    assert fetch.count == count
    at[0] += timedelta(seconds=31)
    fetch.answer = json.dumps(issuer.jwks())
    assert ask().keys


def test_keys_of_one_address_are_not_those_of_another(issuer: Issuer):
    fetch = Fetch(json.dumps(issuer.jwks()))
    book = KeyBook(fetch, lambda: NOW)
    book.keys("actions", "https://a.example", "ES256", "one")
    book.keys("actions", "https://b.example", "ES256", "one")
    assert fetch.count == 2
