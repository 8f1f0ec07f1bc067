"""Plugins in processes of their own, when all is well: the same as in the process of the server."""

import os
import socket
import textwrap
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.registries import Answer, played_registry, served_tls
from fixtures.fleets import intent_of
from plugin.packages import SCHEMA
from plugin.strangers import leaving_nothing, open_registry, processes_with, source_of
from stella.kernel import Digest
from stella.plugin import Plugins
from stella.plugin.contract.connection import Connection
from stella.plugin.contract.registry import Descriptor, RegistryConfig
from stella.plugin.contract.secret_store import Secret
from stella.plugin.contract.target import Action, TargetPlan
from stella.plugin.manifest import manifest_beside
from stella.plugin.refusals import PluginBroken, SecretNotFound
from stella.sdk.apart.opened import plugin_apart, registry_apart
from stella.sdk.apart.process import PluginProcess, PluginSource
from stella.sdk.testing import REGISTRY_CHECKS, RegistryBench, SimulatedRegistry
from stella.trust import create_authority, new_signer

pytestmark = pytest.mark.apart

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


@pytest.fixture(autouse=True)
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Stands in the environment of every process that is begun here."""
    monkeypatch.setenv("LC_ALL", f"C.UTF-8-{tmp_path.name}")
    with leaving_nothing(tmp_path.name):
        yield tmp_path.name


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., PluginProcess]]:
    """Begins a plugin of the given code, and ends it."""
    begun: list[PluginProcess] = []

    def make(code: str, **changes: Any) -> PluginProcess:
        begun.append(PluginProcess(source_of(tmp_path, "odd", code, **changes)))
        return begun[-1]

    yield make
    for process in begun:
        process.close()


@pytest.mark.parametrize("check", REGISTRY_CHECKS, ids=lambda check: check.__name__)
def test_a_registry_holds_what_the_kit_asks(
    begin: Callable[..., PluginProcess],
    check: Callable[[RegistryBench], None],
    tmp_path: Path,
) -> None:
    """Its files are the host's, as its manifest asks."""
    here = SimulatedRegistry(tmp_path / "registry")
    process = begin(SIMULATED, needs=[{"capability": "files"}])
    there = registry_apart(process, "odd", RegistryConfig(str(tmp_path / "registry")))
    check(RegistryBench(there, "test/one", here.tamper_blob))
    assert set(process.confined_by or ()) == {"users", "network", "processes", "syscalls"}


def test_a_secret_store_reads_with_what_its_connection_has_now(
    begin: Callable[..., PluginProcess],
) -> None:
    brought = {"kind": "secret_store", "name": "odd", "title": "Odd", "configSchema": SCHEMA}
    needs = [{"capability": "read_secret"}]
    process = begin(SECRETS, contributes=[brought], needs=needs)
    tokens = iter(["first-token", "second-token", "third-token"])
    connection = Connection(
        "https://store.example",
        connect_nowhere,
        {"mount": "kv"},
        {"token": lambda: next(tokens)},
        "PEM",
    )
    (open_store,) = plugin_apart(process).secret_stores.values()
    store = open_store(connection)
    at = datetime(2030, 1, 1, tzinfo=UTC)
    assert store.read("a", None) == Secret("a None first-token", expires_at=at)
    assert store.read("a", key="b") == Secret("a b second-token", expires_at=at)
    with pytest.raises(SecretNotFound):
        store.read("none", None)
    assert store.check() == "https://store.example kv PEM"
    assert store.revoke("lease") is None
    with pytest.raises(TypeError):
        store.read("a")  # type: ignore[call-arg]


def connect_nowhere(host: str, port: int, timeout: float) -> socket.socket:
    raise OSError(host, port, timeout)


def test_a_target_connector_plans(begin: Callable[..., PluginProcess]) -> None:
    brought = {"kind": "target", "name": "odd", "title": "Odd", "configSchema": SCHEMA}
    code = """
    from stella.sdk import Action, TargetPlan

    class Target:
        def plan(self, intent):
            return TargetPlan(intent.project, intent.target, (Action("pull", "web", ("a", "b")),))

    PLUGIN = Plugin(targets={"odd": Target})
    """
    process = begin(textwrap.dedent(code), contributes=[brought])
    (target,) = plugin_apart(process).targets.values()
    plan = target().plan(intent_of())
    assert plan == TargetPlan("shop", "host-a", (Action("pull", "web", ("a", "b")),))
    with pytest.raises(AttributeError):
        target().sail  # noqa: B018 - asking for it is the test


def test_large_bytes_and_an_own_authority_cross(
    begin: Callable[..., PluginProcess], tmp_path: Path
) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text("an authority")
    registry = open_registry(begin(ECHO), ca_file=str(authority))
    content = os.urandom(5_000_000)
    assert registry.put_blob("a", content) == Descriptor(
        "text/plain", Digest.of(content), len(content)
    )
    assert registry.tags("ca") == ("an authority",)


def test_our_own_connector_speaks_tls_over_a_socket_of_the_host(tmp_path: Path) -> None:
    """With the authority, the guard and the credentials that the host has."""
    authority = create_authority(tmp_path, new_signer(), datetime.now(UTC))
    content, asked = b'{"schemaVersion":2}' * 100_000, []

    def play(method: str, path: str, headers: Any, body: bytes) -> Answer:
        if headers.get("authorization") != "Basic YW5hOnBhc3M=":
            return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
        return Answer(body=content, headers={"content-type": "application/x-test"})

    process = PluginProcess(
        PluginSource(
            manifest_beside("stella_connectors.registry"), "stella_connectors.registry:PLUGIN"
        )
    )
    tls = served_tls(authority, "registry.example", tmp_path)
    with played_registry(play, tls) as proxy:

        def connect(host: str, port: int, timeout: float) -> socket.socket:
            asked.append((host, port))
            address, _, at = proxy.partition(":")
            through = socket.create_connection((address, int(at)), timeout)
            through.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            while not through.recv(1000).endswith(b"\r\n\r\n"):
                pass
            return through

        config = RegistryConfig(
            "registry.example",
            login=lambda: ("ana", "pass"),
            ca_file=str(tmp_path / "ca.pem"),
            timeout_s=5,
            connect=connect,
        )
        registry = registry_apart(process, "oci", config)
        assert registry.manifest("shop/web", "1").content == content
        wanted = Descriptor("application/x-test", Digest.of(content), len(content))
        with registry.blob("shop/web", wanted) as pieces:
            assert b"".join(pieces) == content
    assert set(asked) == {("registry.example", 443)}
    process.close()


def test_it_begins_in_an_empty_directory_of_its_own_and_goes_on(
    begin: Callable[..., PluginProcess],
) -> None:
    registry = open_registry(begin(ECHO))
    first = registry.tags("one")
    assert first == ("one", "2", "/stella-plugin")
    assert registry.tags("two")[1:] == first[1:]


def test_threads_call_at_once(begin: Callable[..., PluginProcess], mark: str) -> None:
    registry, heard = open_registry(begin(ECHO)), []

    def call(number: int) -> None:
        heard.extend(registry.tags(f"{number}-{time}")[0] for time in range(20))

    threads = [threading.Thread(target=call, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(heard) == sorted(f"{number}-{time}" for number in range(8) for time in range(20))
    assert len(processes_with(mark)) <= 2 * 3, "what too many at once began has ended"


PREFETCHING = """
import threading
from contextlib import contextmanager
from stella.sdk import Descriptor, Digest
class Prefetching:
    def __init__(self, config):
        self.host = config.host
        self.config = config

    @contextmanager
    def blob(self, repository, descriptor):
        def ask():
            for _ in range(50):
                heard.append(self.config.login())
        heard = []
        threads = [threading.Thread(target=ask) for _ in range(4)]
        def pieces():
            yield b"x" * 3_000_000
            for thread in threads:
                thread.start()
            yield b"y" * 3_000_000
            for thread in threads:
                thread.join()
            yield str(len(heard)).encode()
        yield pieces()

PLUGIN = Plugin(registries={"odd": Prefetching})
"""


def test_threads_of_a_plugin_ask_while_it_streams(begin: Callable[..., PluginProcess]) -> None:
    content = b"x" * 3_000_000 + b"y" * 3_000_000 + b"200"
    wanted = Descriptor("text/plain", Digest.of(content), len(content))
    process = begin(PREFETCHING, needs=[{"capability": "read_secret"}])
    with open_registry(process, login=lambda: ("ana", "pass")).blob("a", wanted) as pieces:
        assert b"".join(pieces) == content


def test_one_that_was_called_often_is_followed_by_another(
    begin: Callable[..., PluginProcess], mark: str
) -> None:
    """So that a leak too slow to be seen in a call has an end."""
    registry = open_registry(begin(ECHO))
    registry.tags("first")
    before = processes_with(mark)
    for _ in range(998):
        registry.tags("more")
    assert processes_with(mark) == before
    registry.tags("last")
    registry.tags("first")
    assert not set(processes_with(mark)) & set(before)


def test_one_that_lies_about_what_it_brings_is_refused_at_its_first_call(
    begin: Callable[..., PluginProcess],
) -> None:
    registry = open_registry(begin("PLUGIN = Plugin()"))
    with pytest.raises(PluginBroken, match="says that it brings registry odd, and does not"):
        registry.tags("a")


def test_plugins_are_loaded_as_those_that_run_here(tmp_path: Path) -> None:
    source = source_of(tmp_path, "odd", ECHO)
    process = PluginProcess(source)
    plugins = Plugins({"odd": source.manifest}, (), lambda _: plugin_apart(process))
    registry = plugins.registry("odd")(RegistryConfig("odd.example"))
    assert registry.host == "odd.example"
    assert registry.tags("a")[0] == "a"
    process.close()
