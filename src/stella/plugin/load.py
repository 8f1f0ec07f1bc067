"""Finds plugins by their entry points and manifests; their code is loaded when it is first used."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from stella.kernel import Remedy, StellaError
from stella.plugin.contract.check import DoctorCheck
from stella.plugin.contract.connection import Connection
from stella.plugin.contract.core import Capability, Contribution, Kind, Manifest, Need, Plugin
from stella.plugin.contract.registry import Registry, RegistryConfig
from stella.plugin.contract.secret_store import SecretStore
from stella.plugin.contract.target import TargetConnector
from stella.plugin.installed import GROUP
from stella.plugin.manifest import manifest_beside, reasons_against
from stella.plugin.refusals import MalformedManifest, PluginBroken, UnknownConnector

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GRANTED = tuple(Need(one) for one in Capability)
"""Everything. What a plugin of a stranger is granted is the host's to say."""


def _nobody(name: str) -> Plugin:
    raise AssertionError(f"{name} is not loaded")


@dataclass(frozen=True, slots=True)
class RefusedPlugin:
    """A plugin that is not used, and every reason."""

    name: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plugins:
    """What may be used. loaded: name -> manifest. load: name -> the plugin's code, at first use."""

    loaded: Mapping[str, Manifest] = field(default_factory=dict)
    refused: tuple[RefusedPlugin, ...] = ()
    load: Callable[[str], Plugin] = _nobody

    def target(self, kind: str) -> TargetConnector:
        """A connector of that kind. Raises UnknownConnector, PluginBroken."""
        return self.load(self.owner(Kind.TARGET, kind).name).targets[kind]()

    def target_manifest(self, kind: str) -> Manifest:
        """The manifest of who brings that kind of target. Raises UnknownConnector."""
        return self.owner(Kind.TARGET, kind)

    def target_kinds(self) -> tuple[str, ...]:
        """Every kind of target that can be deployed to, sorted."""
        return tuple(one.name for one in self.contributions(Kind.TARGET))

    def registry(self, kind: str) -> Callable[[RegistryConfig], Registry]:
        """The factory of registry connectors of that kind. Raises UnknownConnector, PluginBroken."""
        return self.load(self.owner(Kind.REGISTRY, kind).name).registries[kind]

    def secret_store(self, kind: str) -> Callable[[Connection], SecretStore]:
        """The factory of secret stores of that kind. Raises UnknownConnector, PluginBroken."""
        return self.connected(Kind.SECRET_STORE, kind)

    def check(self, name: str) -> Callable[[Connection], DoctorCheck]:
        """The factory of a check. Raises UnknownConnector, PluginBroken."""
        return self.connected(Kind.CHECK, name)

    def connected(self, kind: Kind, name: str) -> Callable[[Connection], Any]:
        """The factory of anything that is made from a connection. Raises UnknownConnector, PluginBroken."""
        return self.load(self.owner(kind, name).name).factories(kind)[name]

    def contributions(self, kind: Kind) -> tuple[Contribution, ...]:
        """Everything of that kind, by name."""
        found = [c for one in self.loaded.values() for c in one.contributes if c.kind is kind]
        return tuple(sorted(found, key=lambda one: one.name))

    def brought(self) -> dict[tuple[Kind, str], Contribution]:
        """Everything, by kind and name."""
        return {
            (one.kind, one.name): one
            for manifest in self.loaded.values()
            for one in manifest.contributes
        }

    def owner(self, kind: Kind, name: str) -> Manifest:
        """The manifest of who brings it. Raises UnknownConnector."""
        for manifest in self.loaded.values():
            if manifest.contribution(kind, name) is not None:
                return manifest
        known = ", ".join(one.name for one in self.contributions(kind))
        raise UnknownConnector(
            f"no plugin brings the {kind.value} connector {name[:80]!r} (known: {known or 'none'})",
            remedy=Remedy("Install the plugin that brings it, or see why it was refused."),
            kind=name[:80],
            refused={one.name: list(one.reasons) for one in self.refused},
        )


def load_plugins(
    found: "Iterable[EntryPoint] | None" = None, *, granted: Iterable[Need] = GRANTED
) -> Plugins:
    """Every plugin that is installed (or ``found``). One that may not be used is refused, not fatal."""
    from importlib.metadata import entry_points

    allowed = tuple(granted)
    listed = list(entry_points(group=GROUP) if found is None else found)
    points = {one.name: one for one in listed}
    loaded: dict[str, Manifest] = {}
    refused: list[RefusedPlugin] = []
    for name, point in sorted(points.items()):
        places = sorted({one.value for one in listed if one.name == name})
        if len(places) > 1:
            why = f"{len(places)} installed distributions bring a plugin of that name: "
            refused.append(RefusedPlugin(name, (f"{why}{', '.join(places)}",)))
            continue
        try:
            manifest = manifest_beside(point.module)
        except MalformedManifest as refusal:
            refused.append(RefusedPlugin(name, (str(refusal),)))
            continue
        reasons = (
            *_misnamed(manifest, name),
            *reasons_against(manifest, allowed),
            *clashes(manifest, loaded),
        )
        if reasons:
            refused.append(RefusedPlugin(name, reasons))
        else:
            loaded[name] = manifest

    @cache
    def load(name: str) -> Plugin:
        return plugin_from(points[name].load, loaded[name])

    return Plugins(loaded, tuple(refused), load)


def checked_plugin(plugin: object, manifest: Manifest) -> Plugin:
    """``plugin``, where it is one and brings what ``manifest`` says. Raises PluginBroken."""
    if not isinstance(plugin, Plugin):
        kind = type(plugin).__name__
        raise _broken(manifest.name, [f"its entry point names a {kind}, not a Plugin"])
    reasons = []
    for kind in Kind:
        said = {one.name for one in manifest.contributes if one.kind is kind}
        made = plugin.names(kind)
        reasons += [f"says that it brings {kind} {name}, and does not" for name in said - made]
        reasons += [f"brings {kind} {name}, and does not say so" for name in made - said]
    if reasons:
        raise _broken(manifest.name, sorted(reasons))
    return plugin


def plugin_from(load: Callable[[], object], manifest: Manifest) -> Plugin:
    """What ``load`` imports, checked. Raises PluginBroken."""
    try:
        plugin = load()
    except StellaError:
        raise
    except Exception as error:
        raise _broken(
            manifest.name, [f"cannot be imported: {type(error).__name__}: {error}"]
        ) from error
    return checked_plugin(plugin, manifest)


def _misnamed(manifest: Manifest, name: str) -> list[str]:
    if manifest.name == name:
        return []
    return [f"its entry point is named {name}, its manifest {manifest.name}"]


def clashes(manifest: Manifest, loaded: Mapping[str, Manifest]) -> list[str]:
    """What it brings that another one has brought."""
    return [
        f"brings the {one.kind.value} connector {one.name}, which {name} has brought"
        for one in manifest.contributes
        for name, other in loaded.items()
        if other.contribution(one.kind, one.name) is not None
    ]


def _broken(name: str, reasons: list[str]) -> PluginBroken:
    return PluginBroken(
        f"the plugin {name} cannot be used: {'; '.join(reasons)}",
        remedy=Remedy("Mend it, or go back to the version before.", f"stella plugin check {name}"),
        plugin=name,
        reasons=reasons,
    )
