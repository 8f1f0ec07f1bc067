"""The target connectors of this host: those installed beside the agent, and those that orders bring.

A stranger's connector comes as the wheel that a signed order names by digest. It runs in a process of
its own (``stella.sdk.apart``) and touches the host by ours alone, as far as it was granted.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Protocol

from stella.agent.errors import PluginNotAsOrdered, StateUnusable
from stella.kernel import Digest, Remedy, StellaError, digest_of
from stella.sdk import TargetConnector
from stella.sdk.apart.opened import plugin_apart
from stella.sdk.apart.process import PluginProcess, PluginSource
from stella.sdk.protocol import (
    Manifest,
    PluginReference,
    Plugins,
    narrowed,
    read_wheel,
    reasons_against,
    to_wire,
)

FetchWheel = Callable[[Digest], bytes]
"""digest -> the wheel, as the control plane has it. Raises ControlPlaneUnreachable and its like."""


class Connectors(Protocol):
    """Connectors by kind."""

    def target(self, kind: str) -> TargetConnector:
        """Raises UnknownConnector, PluginBroken, PluginNotAsOrdered."""
        ...

    def version(self, kind: str) -> str:
        """Of the plugin that brings it."""
        ...


class HostConnectors:
    """All of a host. Safe for threads that ask for what was fetched.

    directory: where wheels lie, unpacked. required: what a machine must hold a stranger's process to.
    """

    def __init__(
        self, beside: Plugins, directory: Path, fetch: FetchWheel, *, required: tuple[str, ...]
    ) -> None:
        self.beside = beside
        self._directory = directory
        self._fetch = fetch
        self._required = required
        self._brought: dict[PluginReference, _Brought] = {}
        self._held: Counter[PluginReference] = Counter()
        self._lock = Lock()

    def of(self, plugin: PluginReference | None) -> Connectors:
        """Those that an order means: of the plugin that it names, else of what is installed here."""
        return _Beside(self.beside) if plugin is None else _Ordered(self, plugin)

    @contextmanager
    def held(self, plugin: PluginReference | None) -> Iterator[Connectors]:
        """The same, for one order: until it has ended, no ``keep`` removes its plugin."""
        if plugin is None:
            yield self.of(None)
            return
        with self._lock:
            self._held[plugin] += 1
        try:
            yield self.of(plugin)
        finally:
            with self._lock:
                self._held[plugin] -= 1

    def keep(self, used: Callable[[], frozenset[PluginReference]]) -> None:
        """End and remove every plugin that is none of those, and is held by no order.

        used: asked while no order can begin or end here, so that what an order noted is in it. While
        a wheel is being fetched nothing is done: the next time will do.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            kept = used() | {one for one, holders in self._held.items() if holders}
            unused = [self._brought.pop(one) for one in [*self._brought] if one not in kept]
            self._remove_but(kept)
        finally:
            self._lock.release()
        for one in unused:
            one.process.close()

    def _remove_but(self, kept: Iterable[PluginReference]) -> None:
        """Every file of other wheels, and of other grants of the same."""
        folders = {self._files_of(one) for one in kept}
        wheels = {one.parent for one in folders}
        for wheel in self._directory.glob("*"):
            if wheel not in wheels:
                shutil.rmtree(wheel, ignore_errors=True)
                continue
            for files in wheel.glob("files*"):
                if files not in folders:
                    shutil.rmtree(files, ignore_errors=True)

    def close(self) -> None:
        """End every process."""
        for one in [*self._brought.values()]:
            one.process.close()

    def opened(self, plugin: PluginReference) -> "_Brought":
        """Fetched, unpacked and described, once. Raises PluginNotAsOrdered, StateUnusable."""
        known = self._brought.get(plugin)
        if known is not None:
            return known  # without a wait for the wheel of another
        with self._lock:
            known = self._brought.get(plugin)
            if known is None:
                known = self._brought[plugin] = self._open(plugin)
            return known

    def _open(self, plugin: PluginReference) -> "_Brought":
        content = self._fetched(plugin)
        try:
            wheel = read_wheel(content)
        except StellaError as refusal:
            raise _not_as_ordered(plugin, str(refusal)) from refusal
        manifest = wheel.manifest
        if (manifest.name, manifest.version) != (plugin.name, plugin.version):
            raise _not_as_ordered(plugin, f"the wheel is {manifest.name} {manifest.version}")
        reasons = reasons_against(manifest, plugin.granted)
        if reasons:
            raise _not_as_ordered(plugin, "; ".join(reasons))
        manifest = narrowed(manifest, plugin.granted)
        folder = self._unpacked(plugin, content, wheel.files)
        source = PluginSource(manifest, wheel.entry_point, folder, self._required)
        return _Brought(manifest, PluginProcess(source))

    def _fetched(self, plugin: PluginReference) -> bytes:
        """The wheel, of this disk or of the control plane; in any case the one that was ordered."""
        kept = self._directory / plugin.wheel.hex / "wheel"
        try:
            content = kept.read_bytes()
        except OSError:
            content = b""
        if Digest.of(content) == plugin.wheel:
            return content
        try:
            content = self._fetch(plugin.wheel)
        except StellaError as refusal:
            raise _not_as_ordered(plugin, str(refusal)) from refusal
        if Digest.of(content) != plugin.wheel:
            raise _not_as_ordered(plugin, "the control plane sent another wheel")
        return content

    def _unpacked(self, plugin: PluginReference, wheel: bytes, files: Mapping[str, bytes]) -> Path:
        """Written anew each time that the agent starts: what lies there may have been changed."""
        folder = self._files_of(plugin)
        try:
            shutil.rmtree(folder, ignore_errors=True)
            for path, content in {"../wheel": wheel, **files}.items():
                file = folder / path
                file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                file.write_bytes(content)
        except OSError as error:
            raise StateUnusable(
                f"{folder} cannot be written: {error.strerror}",
                remedy=Remedy("Free space there; then deploy again."),
            ) from error
        return folder

    def _files_of(self, plugin: PluginReference) -> Path:
        """Of one wheel with one grant: the process of another grant may be reading its own."""
        granted = digest_of([to_wire(one) for one in plugin.granted]).hex[:16]
        return self._directory / plugin.wheel.hex / f"files-{granted}"


class _Brought:
    """A plugin that came with an order, ready to be asked."""

    def __init__(self, manifest: Manifest, process: PluginProcess) -> None:
        self.manifest = manifest
        self.process = process
        self.targets = plugin_apart(process).targets


class _Beside:
    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    def target(self, kind: str) -> TargetConnector:
        return self._plugins.target(kind)

    def version(self, kind: str) -> str:
        return self._plugins.target_manifest(kind).version


class _Ordered:
    """The connectors of one plugin; it is fetched when it is first asked."""

    def __init__(self, connectors: HostConnectors, plugin: PluginReference) -> None:
        self._connectors = connectors
        self._plugin = plugin

    def target(self, kind: str) -> TargetConnector:
        brought = self._connectors.opened(self._plugin)
        if kind not in brought.targets:
            raise _not_as_ordered(self._plugin, f"it brings no target {kind[:60]}")
        return brought.targets[kind]()

    def version(self, kind: str) -> str:
        del kind
        return self._plugin.version


def _not_as_ordered(plugin: PluginReference, why: str) -> PluginNotAsOrdered:
    return PluginNotAsOrdered(
        f"the plugin {plugin.name} {plugin.version} is not used here: {why}",
        remedy=Remedy("Install it again on the server; then deploy again."),
        plugin=plugin.name,
        version=plugin.version,
        why=why,
    )
