"""The kits of every secret store that is spoken to by HTTP, on a service that is played."""

import itertools
import socket
from collections.abc import Callable, Iterator

import pytest
from service import Service, serving
from stella.sdk import Connect, Connection, Kind, manifest_beside
from stella.sdk.testing import (
    SECRET_HTTP_CHECKS,
    SECRET_STORE_CHECKS,
    SecretHttpBench,
    SecretStoreBench,
)

from stella_plugin_your_name import PLUGIN
from stella_plugin_your_name.store import HttpStore


def connect_directly(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


def opened(
    endpoint: str,
    token: Callable[[], str],
    connect: Connect = connect_directly,
    folder: str | None = None,
) -> HttpStore:
    config = {"folder": folder} if folder else {}
    credentials = {"token": token}
    return HttpStore(Connection(endpoint, connect, config, credentials, timeout_s=1))


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as played:
        played.tokens.add("token-0-f3a9c2d17b60")
        yield played


@pytest.mark.parametrize("check", SECRET_STORE_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_what_every_store_holds(
    check: Callable[[SecretStoreBench], None], service: Service
) -> None:
    numbers = itertools.count(1)

    def token() -> str:
        return next(iter(service.tokens))

    def new_login() -> None:
        service.tokens = {f"token-{next(numbers)}-f3a9c2d17b60"}

    service.put("kit/forbidden", "of somebody else")
    service.forbidden.add("kit/forbidden")
    store = opened(service.endpoint, token)
    stranger = opened(service.endpoint, lambda: "token-of-nobody-8d2e")
    check(
        SecretStoreBench(
            store,
            "kit",
            service.put,
            (store, "kit/forbidden"),
            stranger,
            service.outage,
            new_login,
            lambda: (token(), "token-of-nobody-8d2e"),
        )
    )


@pytest.mark.parametrize("check", SECRET_HTTP_CHECKS, ids=lambda check: check.__name__)
def test_a_broken_service_costs_a_refusal(
    check: Callable[[SecretHttpBench], None], service: Service
) -> None:
    token = next(iter(service.tokens))
    service.put("shop/database", {"password": "correct horse battery"})

    def open_at(endpoint: str, connect: Connect) -> HttpStore:
        return opened(endpoint, lambda: token, connect)

    check(
        SecretHttpBench(
            service.endpoint,
            open_at,
            "shop/database",
            "password",
            "correct horse battery",
            lambda: (token,),
        )
    )


def test_the_folder_of_the_configuration_stands_before_every_path(service: Service) -> None:
    service.put("shop/database", {"password": "of the shop"})
    store = opened(service.endpoint, lambda: next(iter(service.tokens)), folder="shop")
    assert store.read("database", "password").value == "of the shop"


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_plugin_your_name")
    for kind in Kind:
        said = {one.name for one in manifest.contributes if one.kind is kind}
        assert PLUGIN.names(kind) == said
