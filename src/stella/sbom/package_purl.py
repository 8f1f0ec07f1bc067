"""The purl of each kind of package. Source: purl-spec, PURL-TYPES."""

import re

from stella.sbom.facts import LanguagePackage, SystemPackage
from stella.sbom.purl import purl_text

SYSTEM_TYPES = frozenset({"deb", "apk", "rpm"})
# purl-spec and the feeds call them so, whatever the system calls itself.
_NAMESPACE_OF = {"rhel": "redhat", "ol": "oracle", "sles": "suse"}
_SOURCE_RPM = re.compile(r"(?P<name>.+)-(?P<version>[^-]+-[^-]+)\.(?:no)?src\.rpm\Z")
_NAMESPACES = {"deb": "debian", "apk": "alpine", "rpm": "redhat"}


def system_purl(package: SystemPackage, distro: str) -> str:
    """``pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12&upstream=openssl``."""
    qualifiers = {"arch": package.architecture, "distro": distro, "rpmmod": package.module}
    version = package.version
    if package.kind == "rpm" and ":" in version:
        # The version of an rpm purl has none: the specification gives it a qualifier.
        qualifiers["epoch"], _, version = version.partition(":")
    if package.source_version != package.version:
        qualifiers["upstream"] = f"{package.source_name}@{package.source_version}"
    elif package.source_name != package.name:
        qualifiers["upstream"] = package.source_name
    system = distro.partition("-")[0]
    namespace = _NAMESPACE_OF.get(system, system) or _NAMESPACES[package.kind]
    return purl_text(
        package.kind, package.name, version, namespace=namespace, qualifiers=qualifiers
    )


def language_purl(package: LanguagePackage) -> str:
    """``pkg:pypi/name@1.0``, ``pkg:npm/%40scope/name@1.0``, ``pkg:maven/group/name@1.0``."""
    sign = ":" if package.purl_type == "maven" else "/"
    scope, _, name = package.name.rpartition(sign)
    return purl_text(package.purl_type, name, package.version, namespace=scope)


def source_rpm(file_name: str) -> tuple[str, str] | None:
    """Name and version of the source package in that file, without epoch; None for no such name."""
    found = _SOURCE_RPM.match(file_name)
    return (found["name"], found["version"]) if found else None
