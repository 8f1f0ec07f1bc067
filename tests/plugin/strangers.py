"""A stranger's plugin in a process of its own, and the proof that nothing of it is left."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import le
from pathlib import Path
from typing import Any

from plugin.packages import SCHEMA, write_plugin
from stella.plugin.contract.registry import Registry, RegistryConfig
from stella.plugin.manifest import read_manifest
from stella.sdk.apart.opened import registry_apart
from stella.sdk.apart.process import PluginProcess, PluginSource

HOSTILE = Path(__file__).with_name("hostile.py")
_DEADLINE_S = 30


def source_of(directory: Path, name: str, code: str = "", /, **changes: Any) -> PluginSource:
    """A plugin in ``directory`` that brings one registry of its own name."""
    brought = {"kind": "registry", "name": name, "title": "Odd", "configSchema": SCHEMA}
    changes = {"contributes": [brought], **changes}
    entry = write_plugin(directory, name, code, **changes)
    return PluginSource(
        read_manifest(directory / entry.module / "stella-plugin.json"), entry.value, directory
    )


def hostile_source(directory: Path, **changes: Any) -> PluginSource:
    """The plugin of ``hostile.py``: three seconds and 200 MiB a call.

    A busy machine takes one second for what an idle one does at once.
    """
    limits = {"timeoutS": 3, "memoryBytes": 200 << 20}
    source = source_of(directory, "hostile", **{"limits": limits, **changes})
    shutil.copy(HOSTILE, directory / "plugin_hostile" / "__init__.py")
    return source


def open_registry(process: PluginProcess, **config: Any) -> Registry:
    return registry_apart(process, process.manifest.name, RegistryConfig("odd.example", **config))


@contextmanager
def leaving_nothing(mark: str) -> Iterator[None]:
    """No process with ``mark`` in its environment, no child, descriptor or thread more than before."""
    before = _held()
    yield
    # Fewer is well: what an earlier test left may have ended meanwhile.
    eventually(lambda: not processes_with(mark) and all(map(le, _held(), before)))


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + _DEADLINE_S
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def processes_with(mark: str) -> list[int]:
    """Those whose environment holds ``mark``."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if int(path.name) != os.getpid() and mark.encode() in (path / "environ").read_bytes():
                found.append(int(path.name))
        except OSError:
            continue
    return found


def _held() -> tuple[int, int, int]:
    """Descriptors, threads, children."""
    task = Path(f"/proc/self/task/{os.getpid()}/children")
    children = task.read_text().split() if task.exists() else []
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count(), len(children)
