"""The kits of every build server that is spoken to by HTTP, on a service that is played."""

import socket
from collections.abc import Callable, Iterator

import pytest
from service import Service, serving
from stella.sdk import Connect, Connection, Kind, manifest_beside
from stella.sdk.testing import (
    CI_CHECKS,
    SERVICE_HTTP_CHECKS,
    SIMULATED_COMMIT,
    CiBench,
    ServiceHttpBench,
)

from stella_plugin_your_name import PLUGIN
from stella_plugin_your_name.builds import HttpBuilds

TOKEN = "token-0-f3a9c2d17b60"
GOOD, BAD, LONG = ({"outcome": one} for one in ("good", "bad", "long"))
SIGNED = b'{"payloadType": "application/vnd.in-toto+json"}'


def connect_directly(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


def opened(endpoint: str, token: str = TOKEN, connect: Connect = connect_directly) -> HttpBuilds:
    return HttpBuilds(Connection(endpoint, connect, {}, {"token": lambda: token}, timeout_s=1))


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as played:
        played.tokens.add(TOKEN)
        yield played


@pytest.mark.parametrize("check", CI_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_what_every_one_holds(check: Callable[[CiBench], None], service: Service) -> None:
    begun = service.builds.trigger("shop/web", "main", GOOD, "the first")
    service.builds.signed[begun.id] = (SIGNED,)
    check(
        CiBench(
            ci=opened(service.endpoint),
            pipeline="shop/web",
            reference="main",
            good=GOOD,
            bad=BAD,
            long=LONG,
            commit=SIMULATED_COMMIT,
            signed=(begun.id, (SIGNED,)),
            stranger=opened(service.endpoint, "token-of-nobody-8d2e"),
            outage=service.outage,
            secrets=lambda: (TOKEN, "token-of-nobody-8d2e"),
        )
    )


@pytest.mark.parametrize("check", SERVICE_HTTP_CHECKS, ids=lambda check: check.__name__)
def test_a_broken_service_costs_a_refusal(
    check: Callable[[ServiceHttpBench], None], service: Service
) -> None:
    begun = service.builds.trigger("shop/web", "main", GOOD, "the first")
    for _ in range(3):
        begun = service.builds.build("shop/web", begun.id)

    def use(ci: HttpBuilds) -> None:
        assert ci.build("shop/web", begun.id) == begun

    def open_at(endpoint: str, connect: Connect) -> HttpBuilds:
        return opened(endpoint, connect=connect)

    check(ServiceHttpBench(service.endpoint, open_at, use, lambda: (TOKEN,)))


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_plugin_your_name")
    for kind in Kind:
        said = {one.name for one in manifest.contributes if one.kind is kind}
        assert PLUGIN.names(kind) == said
