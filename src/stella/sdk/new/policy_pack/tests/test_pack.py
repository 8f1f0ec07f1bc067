"""The kit of every policy pack."""

import socket
from collections.abc import Callable

import pytest
from stella.sdk import Connection, Kind, manifest_beside
from stella.sdk.testing import POLICY_PACK_CHECKS, PolicyPackBench

from stella_plugin_your_name import PLUGIN
from stella_plugin_your_name.pack import Pack


def connect_nowhere(host: str, port: int, timeout: float) -> socket.socket:
    raise PermissionError(1, f"{host}:{port} is not reached ({timeout} s)")


@pytest.mark.parametrize("check", POLICY_PACK_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_what_every_pack_holds(check: Callable[[PolicyPackBench], None]) -> None:
    check(PolicyPackBench(lambda way: Pack(Connection("", way)), connect_nowhere))


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_plugin_your_name")
    for kind in Kind:
        said = {one.name for one in manifest.contributes if one.kind is kind}
        assert PLUGIN.names(kind) == said
