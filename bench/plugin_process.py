"""What a plugin in a process of its own costs: each call, its beginning, its memory; and what 50
plugins cost that are found and not used.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

from bench.row import Row
from stella.kernel import Digest
from stella.plugin import load_plugins
from stella.plugin.contract.core import Plugin
from stella.plugin.contract.registry import Descriptor, Registry, RegistryConfig
from stella.plugin.manifest import read_manifest
from stella.sdk.apart.opened import registry_apart
from stella.sdk.apart.process import PluginProcess, PluginSource

_CALLS = 2000
_BEGINNINGS = 15
_PLUGINS = 50
_BLOB_BYTES = 256 * 1024 * 1024
CODE = f"""
from contextlib import contextmanager
from stella.sdk import Plugin

class Odd:
    def __init__(self, config):
        self.host = config.host

    def tags(self, repository):
        return ("1.0.0", "1.0.1", "latest")

    @contextmanager
    def blob(self, repository, descriptor):
        piece = bytes(1 << 20)
        yield (piece for _ in range({_BLOB_BYTES} >> 20))

PLUGIN = Plugin(registries={{"odd": Odd}})
"""


def main() -> None:
    """Print the rows."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        sys.path.insert(0, name)
        _use_one(write(directory, "odd"))
        _find_many(directory)


def write(directory: Path, name: str) -> PluginSource:
    """A plugin that brings one registry."""
    package = directory / f"plugin_{name}"
    package.mkdir()
    schema = {"type": "object", "properties": {"mount": {"type": "string", "title": "Mount"}}}
    brought = {"kind": "registry", "name": name, "title": "Odd", "configSchema": schema}
    manifest = {
        "name": name,
        "version": "1.0.0",
        "publisher": "a stranger",
        "sdk": 1,
        "title": "Odd",
        "needs": [{"capability": "network", "hosts": ["registry.example.com"]}],
        "contributes": [brought],
    }
    (package / "stella-plugin.json").write_text(json.dumps(manifest))
    (package / "__init__.py").write_text(CODE)
    return PluginSource(
        read_manifest(package / "stella-plugin.json"), f"plugin_{name}:PLUGIN", directory
    )


def _use_one(source: PluginSource) -> None:
    begun = p95_ms(lambda: _begin(source), _BEGINNINGS)
    Row(
        "begin a plugin's process", "ms", begun, note=f"confined and loaded; p95 of {_BEGINNINGS}"
    ).print()
    process = PluginProcess(source)
    there = registry_apart(process, "odd", RegistryConfig("odd.example"))
    here = _here()
    there.tags("shop/web")
    Row(
        "call a plugin in its process",
        "ms",
        p95_ms(lambda: there.tags("shop/web"), _CALLS),
        goal=2,
        theirs=p95_ms(lambda: here.tags("shop/web"), _CALLS),
        theirs_name="in ours",
        note=f"p95 of {_CALLS:,}",
    ).print()
    held = sum(memory_kb(str(pid)) for pid in below(os.getpid())) / 1e3
    note = "watch and number one included; what they share counted once"
    Row("memory of a plugin's process", "MB", held, note=note).print()
    wanted = Descriptor("application/octet-stream", Digest.of(bytes(_BLOB_BYTES)), _BLOB_BYTES)
    took = time.perf_counter()
    with there.blob("shop/web", wanted) as pieces:
        size = sum(len(piece) for piece in pieces)
    assert size == _BLOB_BYTES
    Row(
        "stream a blob out of it",
        "MB/s",
        _BLOB_BYTES / 1e6 / (time.perf_counter() - took),
        note="verified by SHA-256 on our side",
    ).print()
    process.close()


def _here() -> Registry:
    plugin: Plugin = importlib.import_module("plugin_odd").PLUGIN
    return plugin.registries["odd"](RegistryConfig("odd.example"))


def _begin(source: PluginSource) -> None:
    process = PluginProcess(source)
    registry_apart(process, "odd", RegistryConfig("odd.example")).tags("a")
    process.close()


def _find_many(directory: Path) -> None:
    """In a process that has read no manifest before, so that what reading takes along counts."""
    for number in range(_PLUGINS):
        write(directory, f"n{number}")
    done = subprocess.run(
        [sys.executable, "-m", "bench.plugin_process", str(directory)],
        capture_output=True,
        text=True,
        check=True,
    )
    took, added_kb = map(float, done.stdout.split())
    note = "manifests read and judged, in a new process"
    Row(f"find {_PLUGINS} plugins", "s", took, goal=0.3, note=note).print()
    Row(f"{_PLUGINS} plugins found, memory", "MB", added_kb / 1e3, goal=40, note=note).print()


def find(directory: str) -> None:
    """Print how long it takes to find the plugins in ``directory``, and the memory it adds in kB."""
    sys.path.insert(0, directory)
    names = [f"n{number}" for number in range(_PLUGINS)]
    points = [EntryPoint(name, f"plugin_{name}:PLUGIN", "stella.plugins") for name in names]
    before, begun = memory_kb("self"), time.perf_counter()
    plugins = load_plugins(points)
    took = time.perf_counter() - begun
    assert len(plugins.loaded) == _PLUGINS
    print(took, memory_kb("self") - before)


def p95_ms(action: Callable[[], object], runs: int) -> float:
    """The time that 95 of 100 runs stay below, after one that warms up."""
    times = []
    for _ in range(runs + 1):
        begun = time.perf_counter()
        action()
        times.append(time.perf_counter() - begun)
    return sorted(times[1:])[int(runs * 0.95) - 1] * 1000


def below(pid: int) -> Iterator[int]:
    """Every process below ``pid``."""
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            yield int(child)
            yield from below(int(child))


def memory_kb(process: str) -> int:
    """What a process holds, what it shares counted in parts (smaps_rollup, Pss)."""
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise AssertionError(process)


if __name__ == "__main__":
    if sys.argv[1:]:
        find(sys.argv[1])
    else:
        main()
