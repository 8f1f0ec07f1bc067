"""The connector for OpenID providers: the kit on a real one, and answers that nobody expects."""

import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.stores import Given, Line, direct
from fixtures.identity_providers import RealProvider
from fixtures.issuers import Issuer
from stella.identity.jwks import parse_keys
from stella.identity.jwt import verify
from stella.plugin.contract.connection import Connection
from stella.plugin.refusals import NotThere, ServiceRefused, ServiceUnreachable
from stella.sdk.testing import (
    IDENTITY_PROVIDER_CHECKS,
    IdentityProviderBench,
    SimulatedIdentityProvider,
)
from stella.sdk.testing.between import Fault, answered, standing_between
from stella.sdk.testing.identity_checks import NONCE, VERIFIER, challenge_of
from stella.sdk.testing.telling import untold
from stella_connectors.oidc import OidcProvider, open_oidc

each = pytest.mark.parametrize("check", IDENTITY_PROVIDER_CHECKS, ids=lambda check: check.__name__)


def profile(endpoint: str, secret: str | None = None, **more: Any) -> Connection:
    config = {"client_id": "stella", **more.pop("config", {})}
    given = Given({"client_secret": secret} if secret else {})
    options = {"connect": direct, "timeout_s": 5, **more}
    return Connection(endpoint, config=config, credentials=given.credentials(), **options)


@each
def test_the_simulated_provider(check: Callable[[IdentityProviderBench], None]):
    from contextlib import contextmanager

    provider = SimulatedIdentityProvider(lambda: datetime(2030, 1, 1, tzinfo=UTC))
    redirect = "https://stella.example/callback"

    @contextmanager
    def outage() -> Any:
        provider.is_out = True
        yield
        provider.is_out = False

    class Stranger:
        def redeem(self, *given: str) -> str:
            provider.is_shut = True
            try:
                return provider.redeem(*given)
            finally:
                provider.is_shut = False

    another = SimulatedIdentityProvider(provider.now, called="https://another.example")
    check(
        IdentityProviderBench(
            provider=provider,
            issuer=provider.issuer,
            client_id="stella",
            redirect_uri=redirect,
            log_in=lambda nonce, challenge: provider.log_in("ana", nonce, challenge, redirect),
            stranger=Stranger(),
            another=another,
            outage=outage,
            secrets=(),
        )
    )


@pytest.mark.stores
@each
def test_a_real_provider(
    check: Callable[[IdentityProviderBench], None], real_provider: RealProvider
):
    line = Line()
    provider = OidcProvider(
        profile(real_provider.issuer, real_provider.client_secret, connect=line.connect)
    )

    def log_in(nonce: str, challenge: str) -> str:
        assert challenge == challenge_of(VERIFIER)
        return real_provider.log_in("ana", nonce, VERIFIER)

    check(
        IdentityProviderBench(
            provider=provider,
            issuer=real_provider.issuer,
            client_id=real_provider.client_id,
            redirect_uri=real_provider.redirect_uri,
            log_in=log_in,
            stranger=open_oidc(
                profile(real_provider.issuer, "a secret of nobody".replace(" ", "-"))
            ),
            another=open_oidc(profile(real_provider.issuer + "/", real_provider.client_secret)),
            outage=lambda: line.cut(provider),
            secrets=(real_provider.client_secret,),
        )
    )


@pytest.mark.stores
def test_what_a_real_provider_signs_is_verified_by_us(real_provider: RealProvider):
    provider = open_oidc(profile(real_provider.issuer, real_provider.client_secret))
    code = real_provider.log_in("ana", NONCE, VERIFIER)
    token = provider.redeem(code, VERIFIER, real_provider.redirect_uri)
    told = verify(
        token,
        parse_keys(provider.keys()),
        issuer=real_provider.issuer,
        audience="stella",
        now=datetime.now(UTC),
    )
    assert (told.subject, told.claims["nonce"]) == ("ana", NONCE)
    assert told.claims["groups"] == ["release-managers", "everybody"]


def test_the_host_opens_every_socket(served_issuer: Issuer):
    asked: list[tuple[str, int]] = []

    def connect(host: str, port: int, timeout: float) -> socket.socket:
        asked.append((host, port))
        return direct(host, port, timeout)

    provider = open_oidc(profile(served_issuer.url, connect=connect))
    assert provider.check() == f"{served_issuer.url} has 1 key"
    assert {host for host, _ in asked} == {"127.0.0.1"}


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://another.example"},
        {"issuer": None},
        {"issuer": ["x"]},
        {"jwks_uri": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "/keys"},
        {"jwks_uri": "http://user:password@127.0.0.1/keys"},
        {"jwks_uri": "http://127.0.0.1:99999/keys"},
        {"jwks_uri": 7},
        {"jwks_uri": "http://" + "a" * 2000},
    ],
)
def test_a_discovery_document_that_is_none_is_refused(
    served_issuer: Issuer, discovery: dict[str, Any]
):
    served_issuer.discovery = discovery
    provider = open_oidc(profile(served_issuer.url))
    for call in (provider.metadata, provider.keys, provider.check):
        with pytest.raises((ServiceRefused, ServiceUnreachable)):
            call()
    assert "/keys" not in served_issuer.asked


def test_keys_of_a_host_that_nobody_granted_are_not_fetched(served_issuer: Issuer):
    """What a discovery document names is reached by the same guarded way."""
    served_issuer.discovery = {"jwks_uri": "http://keys.evil.example/keys"}

    def connect(host: str, port: int, timeout: float) -> socket.socket:
        if host != "127.0.0.1":
            raise ConnectionRefusedError(f"{host} was not granted")
        return direct(host, port, timeout)

    with pytest.raises(ServiceUnreachable):
        open_oidc(profile(served_issuer.url, connect=connect)).keys()


def test_no_secret_goes_by_plain_http_where_the_issuer_has_tls():
    with pytest.raises(ServiceRefused):
        open_oidc(profile("http://issuer.example", "s3cret"))
    provider = open_oidc(profile("https://issuer.example", "s3cret"))
    told = {"issuer": "https://issuer.example", "token_endpoint": "http://issuer.example/token"}
    provider._kept = (provider._monotonic(), {**told, "jwks_uri": "https://issuer.example/keys"})
    with pytest.raises(ServiceUnreachable):
        provider.redeem("code", VERIFIER, "https://stella.example/callback")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{",
        answered(200, b"<html>c4n4ry</html>", "text/html"),
        answered(200, b"[" * 100_000),
        answered(200, b'{"issuer": "' + b"a" * 2_000_000 + b'"}'),
        answered(500, b"c4n4ry"),
        answered(403, b"c4n4ry"),
        answered(404, b"c4n4ry"),
        answered(302, b"", headers="Location: http://localhost:1/\r\n"),
    ],
    ids=str,
)
def test_an_answer_that_is_none_is_one_refusal(answer: bytes):
    with standing_between(None, Fault("broken", answer)) as between:
        provider = OidcProvider(profile(between.endpoint, timeout_s=1))
        provider._client._wait = lambda _: None
        with pytest.raises((ServiceRefused, ServiceUnreachable, NotThere)) as refusal:
            provider.keys()
        untold(refusal.value, ("c4n4ry",))


def test_keys_that_are_none_are_unreachable(served_issuer: Issuer):
    provider = open_oidc(profile(served_issuer.url))
    for text in ("", "[]", "{}", '{"keys": {}}', json.dumps({"keys": ["x" * 300_000]})):
        served_issuer.served = text
        with pytest.raises(ServiceUnreachable):
            provider.keys()
