"""The kits of every object store that is spoken to by HTTP, on a service that is played."""

import socket
from collections.abc import Callable, Iterator

import pytest
from service import Service, serving
from stella.sdk import Connect, Connection, Kind, manifest_beside
from stella.sdk.testing import (
    OBJECT_STORE_CHECKS,
    SERVICE_HTTP_CHECKS,
    ObjectStoreBench,
    ServiceHttpBench,
)

from stella_plugin_your_name import PLUGIN
from stella_plugin_your_name.store import HttpObjects


def connect_directly(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


def opened(
    endpoint: str, token: str, connect: Connect = connect_directly, **config: str
) -> HttpObjects:
    credentials = {"token": lambda: token}
    return HttpObjects(Connection(endpoint, connect, config, credentials, timeout_s=1))


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as played:
        yield played


@pytest.mark.parametrize("folder", ["", "stella/"])
@pytest.mark.parametrize("check", OBJECT_STORE_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_what_every_store_holds(
    check: Callable[[ObjectStoreBench], None], folder: str, service: Service
) -> None:
    config = {"folder": folder} if folder else {}
    check(
        ObjectStoreBench(
            store=opened(service.endpoint, service.token, **config),
            again=opened(service.endpoint, service.token, **config),
            folder="kit",
            strangers=(opened(service.endpoint, "token-of-nobody-8d2e"),),
            outage=service.outage,
            secrets=lambda: (service.token, "token-of-nobody-8d2e"),
        )
    )


@pytest.mark.parametrize("check", SERVICE_HTTP_CHECKS, ids=lambda check: check.__name__)
def test_a_broken_service_costs_a_refusal(
    check: Callable[[ServiceHttpBench], None], service: Service
) -> None:
    def use(store: HttpObjects) -> None:
        store.put("a/b", b"content")
        with store.get("a/b") as chunks:
            assert b"".join(chunks) is not None
        assert all(one.key == "a/b" for one in store.list("", "", 10))

    check(
        ServiceHttpBench(
            service.endpoint,
            lambda endpoint, connect: opened(endpoint, service.token, connect),
            use,
            lambda: (service.token,),
        )
    )


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_plugin_your_name")
    for kind in Kind:
        said = {one.name for one in manifest.contributes if one.kind is kind}
        assert PLUGIN.names(kind) == said
