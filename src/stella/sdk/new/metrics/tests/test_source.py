"""The kit of every source of metrics, on a service that is played."""

import socket
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from service import BEGAN, MEASURED, serving
from stella.sdk import Connection, Kind, manifest_beside
from stella.sdk.testing import METRICS_CHECKS, MetricsBench

from stella_plugin_your_name import PLUGIN
from stella_plugin_your_name.source import HttpMetrics


def connect_directly(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


@pytest.fixture
def endpoint() -> Iterator[str]:
    with serving() as played:
        yield played


@pytest.mark.parametrize("check", METRICS_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_what_every_source_holds(
    check: Callable[[MetricsBench], None], endpoint: str
) -> None:
    check(
        MetricsBench(
            open=lambda way: HttpMetrics(Connection(endpoint, way, timeout_s=1)),
            connect=connect_directly,
            at=BEGAN + timedelta(days=1),
            expression="errors",
            values=MEASURED["errors"],
            empty="nothing",
            bad="errors(",
            no_number="odd",
        )
    )


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_plugin_your_name")
    for kind in Kind:
        said = {one.name for one in manifest.contributes if one.kind is kind}
        assert PLUGIN.names(kind) == said
