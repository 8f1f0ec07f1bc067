"""Package URLs and the ecosystems that advisories are published for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stella.advisory.model import Package
from stella.advisory.versions import package_name

if TYPE_CHECKING:
    from packageurl import PackageURL

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
_NAMESPACE_SIGNS = {"golang": "/", "composer": "/", "maven": ":", "swift": "/", "npm": "/"}


def ecosystem_of(purl_type: str) -> str | None:
    """The ecosystem of a language's packages; None where releases of a distribution matter, or none is."""
    return _ECOSYSTEMS.get(purl_type)


def language_package(purl: PackageURL) -> Package | None:
    """What the purl names, as advisories do; None where no ecosystem of a language is meant."""
    ecosystem = ecosystem_of(purl.type)
    if ecosystem is None:
        return None
    sign = _NAMESPACE_SIGNS.get(purl.type)
    name = f"{purl.namespace}{sign}{purl.name}" if sign and purl.namespace else purl.name
    return Package(ecosystem, package_name(ecosystem, name))


def modular_name(name: str, module: str) -> str:
    """``ruby:2.7/rubygems``: the packages of one stream of a module are apart from all others.

    module: ``name:stream`` and more, or "" where the package belongs to none.
    """
    parts = module.split(":")
    return f"{parts[0]}:{parts[1]}/{name}" if len(parts) > 1 else name
