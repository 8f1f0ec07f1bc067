"""The kit of every router, on a service that is played."""

import socket
from collections.abc import Callable, Iterator

import pytest
from service import Service, serving
from stella.sdk import Connection, Kind, manifest_beside
from stella.sdk.testing import ROUTER_CHECKS, RouterBench

from stella_plugin_your_name import PLUGIN
from stella_plugin_your_name.router import HttpRouter


def connect_directly(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as played:
        played.routes["web"] = {"blue": 1000, "green": 0, "grey": 0}
        yield played


@pytest.mark.parametrize("check", ROUTER_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_what_every_router_holds(
    check: Callable[[RouterBench], None], service: Service
) -> None:
    check(
        RouterBench(
            lambda way: HttpRouter(Connection(service.endpoint, way, timeout_s=1)),
            connect_directly,
            "web",
            ("blue", "green", "grey"),
            lambda: service.routes["web"],
        )
    )


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_plugin_your_name")
    for kind in Kind:
        said = {one.name for one in manifest.contributes if one.kind is kind}
        assert PLUGIN.names(kind) == said
