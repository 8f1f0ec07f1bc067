"""The kit of every identity provider, on a service that is played."""

import socket
from collections.abc import Callable, Iterator

import pytest
from service import REDIRECT, SECRET, Service, serving
from stella.sdk import Connection, Kind, manifest_beside
from stella.sdk.testing import IDENTITY_PROVIDER_CHECKS, IdentityProviderBench

from stella_plugin_your_name import PLUGIN
from stella_plugin_your_name.provider import HttpProvider

STRANGER = "secret-of-nobody-8d2e"


def connect_directly(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


def opened(endpoint: str, secret: str) -> HttpProvider:
    config = {"client_id": "stella"}
    credentials = {"client_secret": lambda: secret}
    return HttpProvider(Connection(endpoint, connect_directly, config, credentials, timeout_s=1))


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as played:
        yield played


@pytest.mark.parametrize("check", IDENTITY_PROVIDER_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_what_every_provider_holds(
    check: Callable[[IdentityProviderBench], None], service: Service
) -> None:
    def log_in(nonce: str, challenge: str) -> str:
        return service.inner.log_in("ana", nonce, challenge, REDIRECT)

    check(
        IdentityProviderBench(
            opened(service.endpoint, SECRET),
            service.endpoint,
            "stella",
            REDIRECT,
            log_in,
            stranger=opened(service.endpoint, STRANGER),
            another=opened(f"{service.endpoint}/", SECRET),
            outage=service.outage,
            secrets=(SECRET, STRANGER),
        )
    )


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_plugin_your_name")
    for kind in Kind:
        said = {one.name for one in manifest.contributes if one.kind is kind}
        assert PLUGIN.names(kind) == said
