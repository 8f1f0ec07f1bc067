"""The kit of every registry, on one that is played, and what the kit cannot know."""

import socket
from collections.abc import Callable, Iterator

import pytest
from service import Service, serving
from stella.sdk import (
    Digest,
    Kind,
    RegistryConfig,
    RegistryUnreachable,
    manifest_beside,
)
from stella.sdk.testing import REGISTRY_CHECKS, RegistryBench

from stella_plugin_your_name import PLUGIN
from stella_plugin_your_name.registry import HttpRegistry


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as played:
        yield played


@pytest.mark.parametrize("check", REGISTRY_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_what_every_registry_holds(
    check: Callable[[RegistryBench], None], service: Service
) -> None:
    def tamper(digest: Digest) -> None:
        service.tamper(digest.text)

    check(RegistryBench(HttpRegistry(RegistryConfig(service.host)), "kit/one", tamper))


def test_the_host_opens_every_socket(service: Service) -> None:
    asked: list[str] = []

    def connect(host: str, port: int, timeout: float) -> socket.socket:
        asked.append(f"{host}:{port}")
        return socket.create_connection((host, port), timeout)

    assert HttpRegistry(RegistryConfig(service.host, connect=connect)).tags("kit/one") == ()
    assert asked == [service.host]

    def never(host: str, port: int, timeout: float) -> socket.socket:
        raise ConnectionRefusedError(f"{host}:{port} in {timeout} s")

    with pytest.raises(RegistryUnreachable):
        HttpRegistry(RegistryConfig(service.host, connect=never)).tags("kit/one")


def test_the_login_is_asked_for_at_each_use(service: Service) -> None:
    logins = iter([("ana", "one"), ("ana", "two")])
    registry = HttpRegistry(RegistryConfig(service.host, login=lambda: next(logins)))
    registry.tags("kit/one")
    registry.tags("kit/one")
    assert service.authorizations == {"Basic YW5hOm9uZQ==", "Basic YW5hOnR3bw=="}


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_plugin_your_name")
    for kind in Kind:
        said = {one.name for one in manifest.contributes if one.kind is kind}
        assert PLUGIN.names(kind) == said
