"""Merged layers -> components, each with the layer that brought it."""

from collections.abc import Sequence
from dataclasses import dataclass

from stella.kernel import Digest
from stella.sbom import dpkg, system
from stella.sbom.facts import (
    DpkgOwned,
    DpkgPackage,
    DpkgStatus,
    LayerFacts,
    OsRelease,
    PackageFile,
    Unread,
)
from stella.sbom.model import Component, Occurrence, Partial
from stella.sbom.purl import purl_text
from stella.sbom.rootfs import Seen, merge, resolved


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What ``catalogue`` found. Components sorted by purl, partial sorted and without duplicates."""

    distro: str
    components: tuple[Component, ...]
    partial: tuple[Partial, ...]


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
    owned = _owned_by_dpkg(final)
    history = _History(states)
    for path in sorted(final):
        seen = resolved(final, path)
        assert seen is not None, path
        facts = seen.facts
        if isinstance(facts, DpkgStatus):
            partial.update(Partial(f"/{path}", reason) for reason in facts.broken)
            for package in facts.packages:
                collected.add_dpkg(path, package, history.brought_by(path, package))
        elif isinstance(facts, PackageFile):
            if dpkg.merged_usr(path) not in owned:
                collected.add_file(path, facts, seen.layer)
        elif isinstance(facts, Unread) and not path.startswith(dpkg.INFO_DIRECTORY):
            partial.add(Partial(f"/{path}", facts.reason))
    components = collected.components()
    if not distro and any(component.type == "deb" for component in components):
        partial.add(Partial("/etc/os-release", "it does not say which distribution this is"))
    return Catalogue(distro, components, tuple(sorted(partial, key=_partial_order)))


class _Collected:
    """Components by purl; the same package in two places is one component with two occurrences."""

    def __init__(self, diff_ids: list[Digest], distro: str) -> None:
        self._diff_ids = diff_ids
        self._distro = distro
        self._found: dict[str, Component] = {}
        self._places: dict[str, set[Occurrence]] = {}

    def add_dpkg(self, path: str, package: DpkgPackage, layer: int) -> None:
        component = Component(
            purl=debian_purl(package, self._distro),
            type="deb",
            name=package.name,
            version=package.version,
            source_name=package.source_name,
            source_version=package.source_version,
            distro=self._distro,
        )
        self._add(component, path, layer)

    def add_file(self, path: str, package: PackageFile, layer: int) -> None:
        component = Component(
            purl=package_purl(package),
            type=package.purl_type,
            name=package.name,
            version=package.version,
            source_name=package.name,
            source_version=package.version,
            licence=package.licence,
        )
        self._add(component, path, layer)

    def components(self) -> tuple[Component, ...]:
        made = []
        for purl in sorted(self._found):
            places = tuple(sorted(self._places[purl]))
            known = self._found[purl]
            made.append(
                Component(
                    purl=purl,
                    type=known.type,
                    name=known.name,
                    version=known.version,
                    source_name=known.source_name,
                    source_version=known.source_version,
                    distro=known.distro,
                    licence=known.licence,
                    evidence=places[0].path,
                    occurrences=places,
                )
            )
        return tuple(made)

    def _add(self, component: Component, path: str, layer: int) -> None:
        place = Occurrence(f"/{path}", self._diff_ids[layer], layer)
        self._found.setdefault(component.purl, component)
        self._places.setdefault(component.purl, set()).add(place)


def debian_purl(package: DpkgPackage, distro: str) -> str:
    """``pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12&upstream=openssl``."""
    qualifiers = {}
    if package.architecture:
        qualifiers["arch"] = package.architecture
    if distro:
        qualifiers["distro"] = distro
    if package.source_version != package.version:
        qualifiers["upstream"] = f"{package.source_name}@{package.source_version}"
    elif package.source_name != package.name:
        qualifiers["upstream"] = package.source_name
    namespace = distro.partition("-")[0] or "debian"
    return purl_text(
        "deb", package.name, package.version, namespace=namespace, qualifiers=qualifiers
    )


def package_purl(package: PackageFile) -> str:
    """``pkg:pypi/name@1.0``, ``pkg:npm/%40scope/name@1.0``."""
    scope, _, name = package.name.rpartition("/")
    return purl_text(package.purl_type, name, package.version, namespace=scope)


def _distro(final: dict[str, Seen]) -> str:
    for path in system.PATHS:
        seen = resolved(final, path)
        if seen and isinstance(seen.facts, OsRelease) and seen.facts.distro:
            return seen.facts.distro
    return ""


def _owned_by_dpkg(final: dict[str, Seen]) -> frozenset[str]:
    """Metadata files that installed dpkg packages brought: those packages stand for them."""
    seen = resolved(final, dpkg.STATUS_PATH)
    status = seen.facts if seen else None
    names = (
        {package.name for package in status.packages} if isinstance(status, DpkgStatus) else set()
    )
    owned: set[str] = set()
    for path, listed in final.items():
        if isinstance(listed.facts, DpkgOwned):
            name = path.removeprefix(dpkg.INFO_DIRECTORY).removesuffix(".list").partition(":")[0]
            if name in names:
                owned.update(dpkg.merged_usr(owned_path) for owned_path in listed.facts.paths)
    return frozenset(owned)


class _History:
    """For each dpkg database, which packages it held after each layer."""

    def __init__(self, states: Sequence[dict[str, Seen]]) -> None:
        self._states = states
        self._known: dict[str, list[frozenset[DpkgPackage]]] = {}

    def brought_by(self, path: str, package: DpkgPackage) -> int:
        """The lowest layer from which on, without a gap, the database holds this very package."""
        held = self._known.get(path)
        if held is None:
            held = self._known[path] = self._held(path)
        layer = len(held) - 1
        while layer > 0 and package in held[layer - 1]:
            layer -= 1
        return layer

    def _held(self, path: str) -> list[frozenset[DpkgPackage]]:
        held: list[frozenset[DpkgPackage]] = []
        last: DpkgStatus | None = None
        for state in self._states:
            seen = resolved(state, path)
            status = seen.facts if seen and isinstance(seen.facts, DpkgStatus) else None
            # Most layers leave the database alone: do not hash the same packages again.
            same = held and status is last
            held.append(held[-1] if same else frozenset(status.packages if status else ()))
            last = status
        return held


def _partial_order(partial: Partial) -> tuple[str, str]:
    return (partial.path, partial.reason)
