"""Finds plugins through entry points, and refuses each with every reason at once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stella.kernel import Remedy
from stella.plugin.contract import (
    SDK_VERSION,
    Capability,
    Manifest,
    Plugin,
    Registry,
    RegistryConfig,
    TargetConnector,
)
from stella.plugin.installed import GROUP
from stella.plugin.refusals import UnknownConnector

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

# First-party plugins and strangers' go the same road; what they may do is the host's to say.
GRANTED = frozenset(Capability)


@dataclass(frozen=True, slots=True)
class RefusedPlugin:
    """A plugin that was not loaded, and every reason."""

    name: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plugins:
    """What was loaded. targets, registries: kind -> the plugin that brings it and its factory."""

    loaded: Mapping[str, Plugin] = field(default_factory=dict)
    refused: tuple[RefusedPlugin, ...] = ()

    def target(self, kind: str) -> TargetConnector:
        """A connector of that kind. Raises UnknownConnector."""
        return self._plugin(kind, "target").targets[kind]()

    def target_manifest(self, kind: str) -> Manifest:
        """The manifest of who brings that kind of target. Raises UnknownConnector."""
        return self._plugin(kind, "target").manifest

    def target_kinds(self) -> tuple[str, ...]:
        """Every kind of target that can be deployed to, sorted."""
        return tuple(sorted(kind for one in self.loaded.values() for kind in one.targets))

    def registry(self, kind: str) -> Callable[[RegistryConfig], Registry]:
        """The factory of registry connectors of that kind. Raises UnknownConnector."""
        return self._plugin(kind, "registry").registries[kind]

    def _plugin(self, kind: str, what: str) -> Plugin:
        for plugin in self.loaded.values():
            if kind in (plugin.targets if what == "target" else plugin.registries):
                return plugin
        raise UnknownConnector(
            f"no plugin brings the {what} connector {kind!r}",
            remedy=Remedy("Install the plugin that brings it, or see why it was refused."),
            kind=kind,
            refused={one.name: list(one.reasons) for one in self.refused},
        )


def load_plugins(
    found: "Iterable[EntryPoint] | None" = None, *, granted: frozenset[Capability] = GRANTED
) -> Plugins:
    """Load every plugin that is installed (or ``found``). One that cannot be is refused, not fatal."""
    from importlib.metadata import entry_points

    points = entry_points(group=GROUP) if found is None else found
    loaded: dict[str, Plugin] = {}
    refused: list[RefusedPlugin] = []
    for point in sorted(points, key=lambda point: point.name):
        plugin, reasons = _load(point, granted)
        if plugin is not None:
            reasons += _clashes(plugin, loaded)
        if plugin is None or reasons:
            refused.append(RefusedPlugin(point.name, tuple(reasons)))
        else:
            loaded[point.name] = plugin
    return Plugins(loaded, tuple(refused))


def refusals(manifest: Manifest, granted: frozenset[Capability]) -> list[str]:
    """Every reason why this host does not load the plugin; empty means it may."""
    reasons = [f"needs {need}, which is not granted" for need in sorted(manifest.needs - granted)]
    if manifest.sdk != SDK_VERSION:
        reasons.append(f"speaks SDK {manifest.sdk}, this host speaks {SDK_VERSION}")
    return reasons


def _load(point: "EntryPoint", granted: frozenset[Capability]) -> tuple[Plugin | None, list[str]]:
    try:
        plugin = point.load()
    except Exception as error:  # noqa: BLE001 - a stranger's code may raise anything
        return None, [f"cannot be imported: {type(error).__name__}: {error}"]
    if not isinstance(plugin, Plugin):
        return None, [f"its entry point names a {type(plugin).__name__}, not a Plugin"]
    return plugin, refusals(plugin.manifest, granted)


def _clashes(plugin: Plugin, loaded: Mapping[str, Plugin]) -> list[str]:
    return [
        f"brings the {what} connector {kind}, which {name} has brought"
        for name, other in loaded.items()
        for what, mine, theirs in (
            ("target", {*plugin.targets}, {*other.targets}),
            ("registry", {*plugin.registries}, {*other.registries}),
        )
        for kind in sorted(mine & theirs)
    ]
