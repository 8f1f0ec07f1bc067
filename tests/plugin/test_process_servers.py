"""Servers of all kinds that run a plugin apart: plain users, those that are killed, and those on
machines that give no namespace.
"""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.plain_users import PlainUser, as_user, python
from plugin.strangers import eventually, leaving_nothing, processes_with, source_of

pytestmark = pytest.mark.apart

ECHO = """
class Echo:
    def __init__(self, config):
        self.host = config.host

    def tags(self, repository):
        return (repository,)

PLUGIN = Plugin(registries={"odd": Echo})
"""


@pytest.fixture(autouse=True)
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Stands in the environment of every process that is begun here."""
    monkeypatch.setenv("LC_ALL", f"C.UTF-8-{tmp_path.name}")
    with leaving_nothing(tmp_path.name):
        yield tmp_path.name


@pytest.mark.skipif(os.geteuid() != 0, reason="this user is plain already")
def test_a_server_without_root_confines_it_as_well(plain_user: PlainUser) -> None:
    """And the plugin, which is the same user, sees nothing of the server."""
    directory = plain_user.home / "plugins"
    directory.mkdir()
    (plain_user.home / "server.key").write_text("a key that the same user may read")
    source_of(directory, "odd", LOOKING, needs=[{"capability": "run_command"}])
    body = "print(registry.tags('a'), process.confined_by, flush=True); process.close()"
    done = subprocess.run(
        as_user("env", "STELLA_HIDDEN=1", python(), "-c", host_code(directory, body)),
        env=plain_user.environment,
        cwd=plain_user.home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    by = ("users", "network", "processes", "files", "syscalls")
    assert done.stdout.strip() == f"('0', 'False', 'True') {by}"


LOOKING = """
import os, pathlib

class Looking:
    def __init__(self, config):
        self.host = config.host

    def tags(self, repository):
        seen = 0
        for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
            try:
                seen += b"HIDDEN" in path.read_bytes()
            except OSError:
                continue
        made = 0
        try:
            while made < 400:
                if os.fork() == 0:
                    os.read(os.pipe()[0], 1)
                made += 1
        except OSError:
            pass
        key = pathlib.Path(__file__).parents[2] / "server.key"
        return (str(seen), str(key.exists()), str(0 < made < 100))

PLUGIN = Plugin(registries={"odd": Looking})
"""


def test_nothing_outlives_a_host_that_is_killed(tmp_path: Path, mark: str) -> None:
    source_of(tmp_path, "odd", ECHO)
    host = run_host(tmp_path, "print(*registry.tags('a'), flush=True); import time; time.sleep(60)")
    assert host.stdout is not None
    assert host.stdout.readline().startswith(b"a")
    assert len(processes_with(mark)) == 4
    host.send_signal(signal.SIGKILL)
    host.wait()
    host.stdout.close()
    eventually(lambda: processes_with(mark) == [])


def test_where_no_namespace_is_to_be_had_what_it_began_is_found_and_ended(
    tmp_path: Path, mark: str
) -> None:
    """The host has given up the right to make one, for itself and all it begins."""
    needs = [{"capability": "run_command"}]
    source_of(tmp_path, "odd", DAEMON, needs=needs, limits={"timeoutS": 1})
    host = run_host(
        tmp_path,
        """
        print(registry.tags("daemon"), flush=True)
        for name in ("block", "daemon"):
            try:
                print(registry.tags(name), flush=True)
            except StellaError as error:
                print(error, flush=True)
        print(process.confined_by, flush=True)
        process.close()
        strict = PluginProcess(PluginSource(manifest, "plugin_odd:PLUGIN", directory, ("network",)))
        try:
            registry_apart(strict, "odd", RegistryConfig("odd.example")).tags("daemon")
        except StellaError as error:
            print(error, flush=True)
        """,
        before="drop_rights(manifest)",
    )
    printed, _ = host.communicate(timeout=30)
    told = printed.decode().splitlines()
    assert told[0] == "('2',)", "the daemon runs"
    assert "not done after 1 s" in told[1]
    assert told[2:4] == ["('2',)", "('syscalls',)"]
    assert "does not confine it by its own network, as is required" in told[4]
    eventually(lambda: processes_with(mark) == [])
    left = [path for path in Path(tempfile.gettempdir()).glob("stella-plugin-*") if is_ours(path)]
    assert left == []


def is_ours(path: Path) -> bool:
    return (path / "was-here").exists()


DAEMON = """
import ctypes, os, pathlib, time

class Daemon:
    def __init__(self, config):
        self.host = config.host

    def tags(self, repository):
        pathlib.Path("was-here").touch()
        if repository == "block":
            time.sleep(100)
        reader, writer = os.pipe()
        if os.fork() == 0:
            ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
            os.setsid()
            if os.fork() == 0:
                os.write(writer, b"2")
                time.sleep(100)
            os._exit(0)
        return (os.read(reader, 1).decode(),)

PLUGIN = Plugin(registries={"odd": Daemon})
"""


def run_host(directory: Path, body: str, *, before: str = "") -> "subprocess.Popen[bytes]":
    code = host_code(directory, body, before=before)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)


def host_code(directory: Path, body: str, *, before: str = "") -> str:
    """Opens the plugin ``odd`` in ``directory`` and then does what ``body`` says."""
    return f"""
from pathlib import Path
from stella.sdk.apart.opened import registry_apart
from stella.sdk.apart.process import PluginProcess, PluginSource
from stella.kernel import StellaError
from stella.plugin.contract.registry import RegistryConfig
from stella.plugin.manifest import read_manifest
from stella.sdk.apart.confine import drop_rights
directory = Path({str(directory)!r})
manifest = read_manifest(directory / "plugin_odd" / "stella-plugin.json")
{before}
process = PluginProcess(PluginSource(manifest, "plugin_odd:PLUGIN", directory))
registry = registry_apart(process, "odd", RegistryConfig("odd.example"))
{textwrap.dedent(body)}
"""
