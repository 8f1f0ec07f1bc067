"""Plugins in processes of their own, when all is well: the same as in the process of the server."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fixtures.fleets import intent_of, plan_of
from plugin.packages import SCHEMA
from plugin.strangers import eventually, leaving_nothing, open_registry, processes_with, source_of
from stella.app.plugin_apart import PluginProcesses, secret_store_apart
from stella.app.plugin_process import PluginProcess, PluginSource
from stella.kernel import Digest
from stella.plugin import Plugins
from stella.plugin.contract import Connection, Descriptor, Kind, RegistryConfig, Secret
from stella.plugin.refusals import PluginBroken, PluginErrored, SecretNotFound
from stella.plugin.wire import to_wire
from stella.sdk.testing import REGISTRY_CHECKS, RegistryBench, SimulatedRegistry

ROOT = Path(__file__).parents[2]
SIMULATED = """
from pathlib import Path
from stella.sdk.testing import SimulatedRegistry

PLUGIN = Plugin(registries={"odd": lambda config: SimulatedRegistry(Path(config.host))})
"""
SECRETS = """
from stella.sdk import Remedy, Secret, SecretNotFound, parse_time

class Store:
    def __init__(self, connection):
        self.connection = connection

    def read(self, path, key):
        token = self.connection.credentials["token"]()
        if path == "none":
            raise SecretNotFound("none", remedy=Remedy("Write it."))
        return Secret(f"{path} {key} {token}", expires_at=parse_time("2030-01-01T00:00:00Z"))

    def revoke(self, lease):
        pass

    def check(self):
        return f"{self.connection.endpoint} {self.connection.config['mount']} {self.connection.ca}"

PLUGIN = Plugin(secret_stores={"odd": Store})
"""
ECHO = """
import os, ssl

class Echo:
    def __init__(self, config):
        self.host = config.host
        self.config = config

    def tags(self, repository):
        if repository == "ca":
            return (open(self.config.ca_file).read(),)
        return (repository, str(os.getpid()), os.getcwd(), *os.listdir("."))

    def put_blob(self, repository, content):
        from stella.sdk import Descriptor, Digest
        return Descriptor("text/plain", Digest.of(content), len(content))

PLUGIN = Plugin(registries={"odd": Echo})
"""
FILES = [{"capability": "files"}]


@pytest.fixture(autouse=True)
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Stands in the environment of every process that is begun here."""
    monkeypatch.setenv("LC_ALL", f"C.UTF-8-{tmp_path.name}")
    with leaving_nothing(tmp_path.name):
        yield tmp_path.name


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PluginProcess]:
    """One for all checks of the kit; its files are the host's, as its manifest asks."""
    source = source_of(tmp_path_factory.mktemp("simulated"), "odd", SIMULATED, needs=FILES)
    process = PluginProcess(source)
    yield process
    process.close()


@pytest.mark.parametrize("check", REGISTRY_CHECKS, ids=lambda check: check.__name__)
def test_a_registry_holds_what_the_kit_asks(
    simulated: PluginProcess, check: Callable[[RegistryBench], None], tmp_path: Path, mark: str
) -> None:
    here = SimulatedRegistry(tmp_path / "registry")
    source = source_of(tmp_path, "odd", SIMULATED, needs=FILES)
    process = PluginProcess(source)
    there = process_registry(process, str(tmp_path / "registry"))
    check(RegistryBench(there, "test/one", here.tamper_blob))
    assert "files" not in (process.confined_by or ())
    process.close()


def process_registry(process: PluginProcess, host: str) -> Any:
    (registry,) = PluginProcesses_of(process).registries.values()
    return registry(RegistryConfig(host))
