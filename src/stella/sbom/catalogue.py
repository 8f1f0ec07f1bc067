"""Merged layers -> components, each with the layer that brought it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from stella.kernel import Digest
from stella.sbom.facts import (
    LanguagePackages,
    LayerFacts,
    Link,
    OsRelease,
    OwnedPaths,
    SystemPackage,
    SystemPackages,
    Unread,
)
from stella.sbom.model import Component, Occurrence, Partial
from stella.sbom.package_purl import SYSTEM_TYPES, language_purl, system_purl
from stella.sbom.rootfs import Seen, merge, resolved

_MERGED = frozenset({"bin", "sbin", "lib", "lib32", "lib64"})


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What ``catalogue`` found. Components sorted by purl, partial sorted and without duplicates.

    files: what a container sees in the end, by path without first slash.
    """

    distro: str
    components: tuple[Component, ...]
    partial: tuple[Partial, ...]
    files: Mapping[str, Seen]


def catalogue(layers: Sequence[LayerFacts]) -> Catalogue:
    """Every package of the image made of ``layers`` (bottom first), whatever order they were read in."""
    states = merge(layers)
    final = states[-1] if states else {}
    partial = {
        Partial(f"/{path}", f"layer {index}: {reason}")
        for index, layer in enumerate(layers)
        for path, reason in layer.partial
    }
    distro = _distro(final)
    diff_ids = [Digest(layer.diff_id) for layer in layers]
    collected = _Collected(diff_ids, distro)
    owned = _brought_by_system(final)
    history = _History(states)
    for path in sorted(final):
        seen = resolved(final, path)
        assert seen is not None, path
        facts = seen.facts
        match facts:
            case SystemPackages():
                partial.update(Partial(f"/{path}", reason) for reason in facts.broken)
                for package in facts.packages:
                    collected.add_system(path, package, history.brought_by(path, package))
            case LanguagePackages() if path not in owned:
                partial.update(Partial(f"/{path}", reason) for reason in facts.broken)
                collected.add_language(path, facts, seen.layer)
            case Unread():
                partial.add(Partial(f"/{path}", facts.reason))
    components = collected.components()
    if not distro and any(component.type in SYSTEM_TYPES for component in components):
        partial.add(Partial("/etc/os-release", "it does not say which distribution this is"))
    return Catalogue(distro, components, tuple(sorted(partial)), final)


class _Collected:
    """Components by purl; the same package in two places is one component with two occurrences."""

    def __init__(self, diff_ids: list[Digest], distro: str) -> None:
        self._diff_ids = diff_ids
        self._distro = distro
        self._found: dict[str, Component] = {}
        self._places: dict[str, set[Occurrence]] = {}

    def add_system(self, path: str, package: SystemPackage, layer: int) -> None:
        component = Component(
            purl=system_purl(package, self._distro),
            type=package.kind,
            name=package.name,
            version=package.version,
            source_name=package.source_name,
            source_version=package.source_version,
            distro=self._distro,
            licence=package.licence,
        )
        self._add(component, path, layer)

    def add_language(self, path: str, found: LanguagePackages, layer: int) -> None:
        for package in found.packages:
            component = Component(
                purl=language_purl(package),
                type=package.purl_type,
                name=package.name,
                version=package.version,
                source_name=package.name,
                source_version=package.version,
                licence=package.licence,
                is_declared=package.is_declared,
            )
            place = f"{path}!/{package.within}" if package.within else path
            self._add(component, place, layer)

    def components(self) -> tuple[Component, ...]:
        made = []
        for purl in sorted(self._found):
            places = tuple(sorted(self._places[purl]))
            known = self._found[purl]
            made.append(replace(known, evidence=places[0].path, occurrences=places))
        return tuple(made)

    def _add(self, component: Component, path: str, layer: int) -> None:
        place = Occurrence(f"/{path}", self._diff_ids[layer], layer)
        known = self._found.get(component.purl)
        # What is installed counts, and the first licence that anybody names.
        if known is None or (known.is_declared and not component.is_declared):
            licence = known.licence if known and not component.licence else ""
            chosen = replace(component, licence=licence) if licence else component
            self._found[component.purl] = chosen
        elif component.licence and not known.licence:
            self._found[component.purl] = replace(known, licence=component.licence)
        self._places.setdefault(component.purl, set()).add(place)


def _distro(final: Mapping[str, Seen]) -> str:
    """Of the file that is believed most, and of the first one among equals."""
    found = []
    for path, seen in final.items():
        if isinstance(seen.facts, OsRelease | Link):
            end = resolved(final, path)
            if end and isinstance(end.facts, OsRelease) and end.facts.distro:
                found.append((end.facts.rank, path, end.facts.distro))
    return min(found)[2] if found else ""


def owners_of(found: Catalogue, paths: Collection[str]) -> dict[str, str]:
    """Path -> purl of the system package that brought it, for those of ``paths`` that have one."""
    spelled = _spelled(paths)
    purls: dict[str, str] = {}
    for component in found.components:
        if component.type in SYSTEM_TYPES:
            purls.setdefault(component.name, component.purl)
    owners: dict[str, str] = {}
    for seen in found.files.values():
        lists = seen.facts.owned if isinstance(seen.facts, SystemPackages) else ()
        for owned in (seen.facts,) if isinstance(seen.facts, OwnedPaths) else lists:
            if owned.package not in purls:
                continue
            for spelling in spelled.keys() & owned.paths:
                for path in spelled[spelling]:
                    owners.setdefault(path, purls[owned.package])
    return owners


def _brought_by_system(final: Mapping[str, Seen]) -> frozenset[str]:
    """Files that tell of packages and that an installed system package brought: it stands for them."""
    spelled = _spelled(
        [path for path, seen in final.items() if isinstance(seen.facts, LanguagePackages | Link)]
    )
    names: set[str] = set()
    owned: set[str] = set()
    for seen in final.values():
        if isinstance(seen.facts, SystemPackages):
            names.update(package.name for package in seen.facts.packages)
            for one in seen.facts.owned:
                owned |= spelled.keys() & one.paths
    for seen in final.values():
        if isinstance(seen.facts, OwnedPaths) and seen.facts.package in names:
            owned |= spelled.keys() & seen.facts.paths
    return frozenset(path for spelling in owned for path in spelled[spelling])


def _spelled(paths: Iterable[str]) -> dict[str, list[str]]:
    """Every way in which databases name one of these files -> those that it may be.

    ``lib/x`` is ``usr/lib/x``: databases name either, the file is the same.
    """
    spelled: dict[str, list[str]] = {}
    for path in paths:
        inner = path.removeprefix("usr/")
        is_merged = inner.partition("/")[0] in _MERGED
        for spelling in (inner, f"usr/{inner}") if is_merged else (path,):
            spelled.setdefault(spelling, []).append(path)
    return spelled


class _History:
    """For each package database, which packages it held after each layer."""

    def __init__(self, states: Sequence[dict[str, Seen]]) -> None:
        self._states = states
        self._known: dict[str, list[frozenset[SystemPackage]]] = {}

    def brought_by(self, path: str, package: SystemPackage) -> int:
        """The lowest layer from which on, without a gap, the database holds this very package."""
        held = self._known.get(path)
        if held is None:
            held = self._known[path] = self._held(path)
        layer = len(held) - 1
        while layer > 0 and package in held[layer - 1]:
            layer -= 1
        return layer

    def _held(self, path: str) -> list[frozenset[SystemPackage]]:
        held: list[frozenset[SystemPackage]] = []
        last: SystemPackages | None = None
        for state in self._states:
            seen = resolved(state, path)
            status = seen.facts if seen and isinstance(seen.facts, SystemPackages) else None
            # Most layers leave the database alone: do not hash the same packages again.
            same = held and status is last
            held.append(held[-1] if same else frozenset(status.packages if status else ()))
            last = status
        return held
