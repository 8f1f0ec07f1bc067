"""Under which name advisories speak of a component, and which version of it counts."""

import re
from dataclasses import dataclass

from stella.advisory import Package, package_name, without_rebuild
from stella.sbom import Component

_ECOSYSTEMS = {
    "pypi": "PyPI",
    "npm": "npm",
    "golang": "Go",
    "cargo": "crates.io",
    "gem": "RubyGems",
    "composer": "Packagist",
    "maven": "Maven",
    "nuget": "NuGet",
    "hex": "Hex",
    "pub": "Pub",
    "swift": "SwiftURL",
    "bitnami": "Bitnami",
}
# Their purls keep a part of the name in the namespace, with this sign between.
_NAMESPACE_SIGNS = {"golang": "/", "composer": "/", "maven": ":", "swift": "/"}

_RELEASE = re.compile(r"(?P<system>[a-z-]+)-(?P<release>[0-9]+(?:\.[0-9]+)*)")
_FEEDS = {
    ("deb", "debian"): ("Debian:{major}",),
    ("deb", "ubuntu"): ("Ubuntu:{minor}:LTS", "Ubuntu:{minor}"),
    ("apk", "alpine"): ("Alpine:v{minor}",),
    ("apk", "wolfi"): ("Wolfi",),
    ("apk", "chainguard"): ("Chainguard",),
    ("rpm", "almalinux"): ("AlmaLinux:{major}",),
    ("rpm", "rocky"): ("Rocky Linux:{major}",),
    ("rpm", "opensuse-leap"): ("openSUSE:Leap {numbers}",),
}
_HEADERS = re.compile(r"linux-libc-dev(?:-.+)?\Z|linux-headers-.+\Z")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked up for one component.

    packages: the first one whose ecosystem the snapshot holds is asked. compared: for people.
    note: what a reader must know of every finding in it, or "".
    """

    packages: tuple[Package, ...]
    version: str
    compared: str
    note: str = ""


def subject_of(component: Component) -> Subject:
    """How the component is matched; no packages where no feed could speak of it."""
    if component.type in {"deb", "apk"}:
        return _system_subject(component)
    if component.type == "rpm":
        return _rpm_subject(component)
    ecosystem = _ECOSYSTEMS.get(component.type)
    if ecosystem is None:
        return Subject((), component.version, f"{component.type} {component.version}")
    name = package_name(ecosystem, _full_name(component))
    return Subject(
        (Package(ecosystem, name),),
        component.version,
        f"{ecosystem} {component.version}",
        "only asked for by a lock file, not seen installed" if component.is_declared else "",
    )


def _system_subject(component: Component) -> Subject:
    """Distributions publish by source package; the binary's own version may be another."""
    name, version = component.source_name, component.source_version
    if component.type == "deb":
        version = without_rebuild(version)
    kind = f"{component.type} source {name} {version}"
    packages = tuple(Package(one, name) for one in _releases(component.type, component.distro))
    note = "headers only" if _HEADERS.match(component.name) and name.startswith("linux") else ""
    return Subject(packages, version, kind, note)


def _rpm_subject(component: Component) -> Subject:
    """Rocky, SUSE and openSUSE publish by source package, AlmaLinux by binary one."""
    is_binary = component.distro.startswith("almalinux-")
    name = component.name if is_binary else component.source_name
    version = component.version if is_binary else component.source_version
    if ":" not in version and "epoch=" in component.purl:
        # Others' documents keep the epoch in the purl alone.
        from packageurl import PackageURL

        epoch = PackageURL.from_string(component.purl).qualifiers
        number = epoch.get("epoch", "") if isinstance(epoch, dict) else ""
        version = f"{number}:{version}" if number.isdecimal() else version
    kind = f"rpm {'package' if is_binary else 'source'} {name} {version}"
    packages = tuple(Package(one, name) for one in _releases("rpm", component.distro))
    return Subject(packages, version, kind)


def _releases(kind: str, distro: str) -> tuple[str, ...]:
    """``debian-12`` or ``debian-12.5`` -> ``Debian:12``; ``alpine-3.19.1`` -> ``Alpine:v3.19``."""
    found = _RELEASE.match(distro)
    if found is None:
        return ()
    parts = found["release"].split(".")
    numbers = found["release"]
    major, minor = parts[0], ".".join(parts[:2])
    if (kind, found["system"]) == ("apk", "alpine") and len(parts) < 2:
        return ()
    named = _FEEDS.get((kind, found["system"]), ())
    return tuple(one.format(numbers=numbers, major=major, minor=minor) for one in named)


def _full_name(component: Component) -> str:
    sign = _NAMESPACE_SIGNS.get(component.type)
    if sign is None:
        return component.name
    from packageurl import PackageURL

    purl = PackageURL.from_string(component.purl)
    return f"{purl.namespace}{sign}{purl.name}" if purl.namespace else purl.name
