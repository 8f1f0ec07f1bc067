"""The purl of each kind of package. Source: purl-spec, PURL-TYPES."""

from stella.sbom.facts import LanguagePackage, SystemPackage
from stella.sbom.purl import purl_text

SYSTEM_TYPES = frozenset({"deb"})
_NAMESPACES = {"deb": "debian"}


def system_purl(package: SystemPackage, distro: str) -> str:
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
    namespace = distro.partition("-")[0] or _NAMESPACES[package.kind]
    return purl_text(
        package.kind, package.name, package.version, namespace=namespace, qualifiers=qualifiers
    )


def language_purl(package: LanguagePackage) -> str:
    """``pkg:pypi/name@1.0``, ``pkg:npm/%40scope/name@1.0``."""
    scope, _, name = package.name.rpartition("/")
    return purl_text(package.purl_type, name, package.version, namespace=scope)
