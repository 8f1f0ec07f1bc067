"""The kit of every feed, on a publisher that is played."""

import socket
from collections.abc import Callable, Iterator

import pytest
from service import Service, serving
from stella.sdk import Connection, Kind, manifest_beside
from stella.sdk.testing import FEED_CHECKS, FeedBench

from stella_plugin_your_name import PLUGIN
from stella_plugin_your_name.feed import HttpFeed


def connect_directly(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as played:
        for name in ("a.json", "b/c.json", "d.json"):
            played.publish(name, name.encode() * 1000)
        yield played


@pytest.mark.parametrize("check", FEED_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_what_every_feed_holds(
    check: Callable[[FeedBench], None], service: Service
) -> None:
    check(
        FeedBench(
            lambda way: HttpFeed(Connection(service.endpoint, way, timeout_s=1)),
            connect_directly,
            lambda: dict(service.documents),
            service.publish,
            service.breaking,
        )
    )


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_plugin_your_name")
    for kind in Kind:
        said = {one.name for one in manifest.contributes if one.kind is kind}
        assert PLUGIN.names(kind) == said
