"""What every identity provider has to hold, whoever wrote it: run each check of the list as a test."""

import base64
import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from stella.kernel import StellaError
from stella.plugin.contract.identity_provider import IdentityProvider
from stella.plugin.refusals import ServiceRefused, ServiceUnreachable
from stella.sdk.testing.telling import untold

VERIFIER = "v3rif13r-of-the-kit-0123456789-abcdefghijklmnop"
NONCE = "n0nce-of-the-kit-0123456789"
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class IdentityProviderBench:
    """An issuer at which somebody can log in, and connectors that were opened for it.

    provider: with a client that counts. log_in: (nonce, code challenge) -> the code with which the
    browser comes back to ``redirect_uri``. stranger: with a client secret that does not count. another:
    at the same place, opened under the name of another issuer. outage: while it is held, the issuer
    cannot be reached. secrets: what is secret of the client.
    """

    provider: IdentityProvider
    issuer: str
    client_id: str
    redirect_uri: str
    log_in: Callable[[str, str], str]
    stranger: IdentityProvider
    another: IdentityProvider
    outage: Callable[[], AbstractContextManager[None]]
    secrets: tuple[str, ...]


def it_says_who_it_is(bench: IdentityProviderBench) -> None:
    """The issuer to the letter, where people log in, and as whom it knows us."""
    told = bench.provider.metadata()
    assert (told.issuer, told.client_id) == (bench.issuer, bench.client_id)
    for url in (told.authorization_endpoint, told.token_endpoint, told.jwks_uri):
        assert url.startswith(("https://", "http://")), url
    assert "openid" in told.scopes


def its_keys_are_public(bench: IdentityProviderBench) -> None:
    """A JWK Set with at least one key, and none that only the issuer may know."""
    keys = json.loads(bench.provider.keys())["keys"]
    assert keys
    for key in keys:
        assert key["kty"]
        assert not _PRIVATE & key.keys()


def a_code_becomes_a_token_once(bench: IdentityProviderBench) -> None:
    """Signed with one of its keys, for us, with the nonce that was sent along."""
    code = _code(bench)
    token = bench.provider.redeem(code, VERIFIER, bench.redirect_uri)
    header, claims = (_part(one) for one in token.split(".")[:2])
    assert header["kid"] in {key.get("kid") for key in json.loads(bench.provider.keys())["keys"]}
    assert (claims["iss"], claims["nonce"]) == (bench.issuer, NONCE)
    audience = claims["aud"]
    assert isinstance(audience, str | list)
    assert bench.client_id in ([audience] if isinstance(audience, str) else audience)
    refusal = _refused(lambda: bench.provider.redeem(code, VERIFIER, bench.redirect_uri))
    assert isinstance(refusal, ServiceRefused), refusal
    untold(refusal, (code, VERIFIER, token, *bench.secrets))


def a_code_of_somebody_else_is_refused(bench: IdentityProviderBench) -> None:
    """Without its verifier, for another address, and one that nobody was given."""
    for code, verifier, redirect_uri in (
        (_code(bench), VERIFIER[::-1], bench.redirect_uri),
        (_code(bench), VERIFIER, f"{bench.redirect_uri}/elsewhere"),
        ("c0de-that-nobody-was-given", VERIFIER, bench.redirect_uri),
        ("", VERIFIER, bench.redirect_uri),
    ):
        refusal = _refused(lambda: bench.provider.redeem(code, verifier, redirect_uri))  # noqa: B023
        assert isinstance(refusal, ServiceRefused), refusal
        untold(refusal, (VERIFIER, VERIFIER[::-1], *bench.secrets))


def a_client_that_does_not_count_is_refused(bench: IdentityProviderBench) -> None:
    """Though the code is good."""
    code = _code(bench)
    refusal = _refused(lambda: bench.stranger.redeem(code, VERIFIER, bench.redirect_uri))
    assert isinstance(refusal, ServiceRefused), refusal
    untold(refusal, (code, VERIFIER, *bench.secrets))


def another_issuer_is_refused(bench: IdentityProviderBench) -> None:
    """Whatever is asked of it: what it says is of somebody else."""
    for call in (
        bench.another.metadata,
        bench.another.keys,
        bench.another.check,
        lambda: bench.another.redeem("code", VERIFIER, bench.redirect_uri),
    ):
        refusal = _refused(call)
        assert isinstance(refusal, ServiceRefused), refusal
        untold(refusal, bench.secrets)


def an_outage_is_unreachable_while_it_lasts(bench: IdentityProviderBench) -> None:
    """It is said that another try may help, and it does."""
    assert bench.provider.keys()
    code = _code(bench)
    with bench.outage():
        for call in (
            bench.provider.check,
            bench.provider.keys,
            lambda: bench.provider.redeem(code, VERIFIER, bench.redirect_uri),
        ):
            refusal = _refused(call)
            assert isinstance(refusal, ServiceUnreachable), refusal
            assert refusal.retry_may_help
            untold(refusal, (code, VERIFIER, *bench.secrets))
    assert bench.provider.redeem(code, VERIFIER, bench.redirect_uri)


def check_tells_who_it_is_and_nothing_secret(bench: IdentityProviderBench) -> None:
    """One printable line."""
    told = bench.provider.check()
    assert bench.issuer in told
    assert told.isprintable()
    for text in (told, repr(bench.provider)):
        assert not any(secret in text for secret in bench.secrets)


IDENTITY_PROVIDER_CHECKS: tuple[Callable[[IdentityProviderBench], None], ...] = (
    it_says_who_it_is,
    its_keys_are_public,
    a_code_becomes_a_token_once,
    a_code_of_somebody_else_is_refused,
    a_client_that_does_not_count_is_refused,
    another_issuer_is_refused,
    an_outage_is_unreachable_while_it_lasts,
    check_tells_who_it_is_and_nothing_secret,
)


def challenge_of(verifier: str) -> str:
    """What is sent ahead of a verifier (RFC 7636, S256)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _code(bench: IdentityProviderBench) -> str:
    return bench.log_in(NONCE, challenge_of(VERIFIER))


def _part(text: str) -> dict[str, object]:
    made: dict[str, object] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return made


def _refused(call: Callable[[], object]) -> StellaError:
    try:
        call()
    except (ServiceUnreachable, ServiceRefused) as refusal:
        return refusal
    raise AssertionError("it was not refused")
