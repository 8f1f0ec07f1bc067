"""The kit of every language model, on a service that is played."""

import socket
from collections.abc import Callable, Iterator

import pytest
from service import SEEN, serving
from stella.sdk import Connection, Kind, manifest_beside
from stella.sdk.testing import LANGUAGE_MODEL_CHECKS, LanguageModelBench

from stella_plugin_your_name import PLUGIN
from stella_plugin_your_name.model import HttpModel


def connect_directly(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


@pytest.fixture
def endpoint() -> Iterator[str]:
    with serving() as played:
        yield played


@pytest.mark.parametrize("check", LANGUAGE_MODEL_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_what_every_model_holds(
    check: Callable[[LanguageModelBench], None], endpoint: str
) -> None:
    check(
        LanguageModelBench(
            open=lambda way: HttpModel(Connection(endpoint, way, timeout_s=1)),
            connect=connect_directly,
            seen=lambda: "".join(SEEN),
            characters_beyond=50_001,
        )
    )


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_plugin_your_name")
    for kind in Kind:
        said = {one.name for one in manifest.contributes if one.kind is kind}
        assert PLUGIN.names(kind) == said
