"""The kit of every step, on a service that is played."""

import socket
from collections.abc import Callable, Iterator

import pytest
from service import Service, serving
from stella.sdk import (
    Connect,
    Connection,
    Kind,
    ServiceUnreachable,
    StepCall,
    manifest_beside,
)
from stella.sdk.testing import STEP_CHECKS, StepBench

from stella_plugin_your_name import PLUGIN
from stella_plugin_your_name.change import OpenedChange

MANIFEST = manifest_beside("stella_plugin_your_name")


def connect_directly(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as played:
        yield played


def opened(service: Service, connect: Connect = connect_directly) -> OpenedChange:
    return OpenedChange(Connection("", connect, timeout_s=1), service.endpoint)


@pytest.mark.parametrize("check", STEP_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_what_every_step_holds(
    check: Callable[[StepBench], None], service: Service
) -> None:
    def others() -> object:
        """What the kit's refused change leaves is not a part of what is compared."""
        return sorted(name for name, title in service.changes.items() if title != "refused")

    check(
        StepBench(
            lambda way: opened(service, way),
            connect_directly,
            {"title": "A release"},
            {"title": "refused"},
            others,
            MANIFEST.contributes[0].output_schema,
        )
    )


def test_what_is_not_decided_is_asked_again(service: Service) -> None:
    call = StepCall("run", "change", "run:change", 1, {"title": "undecided"})
    with pytest.raises(ServiceUnreachable, match="not decided"):
        opened(service).run(call)


def test_it_brings_what_its_manifest_says() -> None:
    for kind in Kind:
        said = {one.name for one in MANIFEST.contributes if one.kind is kind}
        assert PLUGIN.names(kind) == said
