"""Under which name advisories speak of a component, and which version of it counts."""

import re
from dataclasses import dataclass

from stella.advisory import (
    Package,
    ecosystem_of,
    language_package,
    modular_name,
    package_name,
    without_rebuild,
)
from stella.sbom import Component

# Their purls keep a part of the name in the namespace.
_WITH_NAMESPACE = frozenset({"golang", "composer", "maven", "swift"})
# Programs that no package list knows, as NVD names them.
_PRODUCTS = {
    "busybox": "busybox:busybox",
    "nginx": "f5:nginx",
    "node": "nodejs:node.js",
    "openssl": "openssl:openssl",
    "postgres": "postgresql:postgresql",
    "python": "python:python",
    "redis": "redis:redis",
}
# Publish by binary package; the others by the source package that it was built of.
_BY_BINARY = ("almalinux", "rhel", "ol", "amzn", "fedora", "sles")

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
    ("rpm", "rhel"): ("Red Hat:{major}",),
    ("rpm", "ol"): ("Oracle Linux:{major}",),
    ("rpm", "amzn"): ("Amazon Linux:{major}",),
    ("rpm", "fedora"): ("Fedora:{major}",),
    ("rpm", "mageia"): ("Mageia:{major}",),
    ("rpm", "photon"): ("Photon OS:{numbers}",),
    ("rpm", "azurelinux"): ("Azure Linux:{major}",),
    ("rpm", "sles"): (
        "SUSE:Linux Enterprise Server {major} SP{update}",
        "SUSE:sles:{major}:sp{update}",
    ),
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
    package = _language_package(component)
    if package is None:
        return _program_subject(component)
    return Subject(
        (package,),
        component.version,
        f"{package.ecosystem} {component.version}",
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
    """Rocky and openSUSE publish by source package, Red Hat and others by binary one."""
    is_binary = component.distro.rpartition("-")[0] in _BY_BINARY
    name = component.name if is_binary else component.source_name
    version = component.version if is_binary else component.source_version
    if ":" not in version and "epoch=" in component.purl:
        # Others' documents keep the epoch in the purl alone.
        number = _qualifier(component, "epoch")
        version = f"{number}:{version}" if number.isdecimal() else version
    if component.distro.startswith("rhel-") and "rpmmod=" in component.purl:
        name = modular_name(name, _qualifier(component, "rpmmod"))
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
    update = parts[1] if len(parts) > 1 else "0"
    named = _FEEDS.get((kind, found["system"]), ())
    return tuple(
        one.format(numbers=numbers, major=major, minor=minor, update=update) for one in named
    )


def _language_package(component: Component) -> Package | None:
    if component.type in _WITH_NAMESPACE:
        from packageurl import PackageURL

        return language_package(PackageURL.from_string(component.purl))
    ecosystem = ecosystem_of(component.type)
    return Package(ecosystem, package_name(ecosystem, component.name)) if ecosystem else None


def _program_subject(component: Component) -> Subject:
    """A program without a package: by the name that NVD gives it, where that is known."""
    product = _PRODUCTS.get(component.name) if component.type == "generic" else None
    packages = (Package("CPE", product),) if product else ()
    return Subject(packages, component.version, f"{component.type} {component.version}")


def _qualifier(component: Component, name: str) -> str:
    from packageurl import PackageURL

    qualifiers = PackageURL.from_string(component.purl).qualifiers
    return qualifiers.get(name, "") if isinstance(qualifiers, dict) else ""
