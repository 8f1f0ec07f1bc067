"""npm packages: the ``package.json`` of each directory directly under a ``node_modules``."""

import re

import msgspec

from stella.sbom.ecosystem.lists import json_of
from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.facts import LanguagePackage, LanguagePackages, Unread

_NAME_CHARACTERS_MAX = 214  # docs.npmjs.com, package.json, "name"
_VERSION_CHARACTERS_MAX = 256
_LICENCE_CHARACTERS_MAX = 80

# Wider than what may be published today: old packages have capitals and odd signs.
_NAME = re.compile(r"(?:@[A-Za-z0-9._~!'()*-]+/)?[A-Za-z0-9._~!'()*-]+\Z")


class _PackageJson(msgspec.Struct, frozen=True):
    name: object = None
    version: object = None
    license: object = None


def is_package_json(path: str) -> bool:
    """``.../node_modules/NAME/package.json`` or ``.../node_modules/@SCOPE/NAME/package.json``.

    Deeper ones are parts or test data of a package, not packages.
    """
    if not path.endswith("/package.json"):
        return False
    parts = path.rsplit("/", 4)
    if len(parts) < 3:
        return False
    if parts[-3] == "node_modules":
        return not parts[-2].startswith(("@", "."))
    return len(parts) >= 4 and parts[-4] == "node_modules" and parts[-3].startswith("@")


def parse_package_json(content: bytes) -> LanguagePackages | Unread:
    """Name and version; what else stands there may be anything."""
    found = json_of(content.removeprefix(b"\xef\xbb\xbf"), _PackageJson, "package.json")
    if isinstance(found, Unread):
        return found
    name, version = found.name, found.version
    if not isinstance(name, str) or not 0 < len(name) <= _NAME_CHARACTERS_MAX:
        return Unread("package.json without a name")
    if not _NAME.match(name):
        return Unread(f"package.json with an impossible name: {name[:60]!r}")
    if not isinstance(version, str) or not 0 < len(version.strip()) <= _VERSION_CHARACTERS_MAX:
        return Unread(f"package.json of {name} without a version")
    if not version.isprintable():
        return Unread(f"package.json of {name} with an impossible version")
    package = LanguagePackage("npm", name, version.strip(), _licence(found.license))
    return LanguagePackages((package,))


def _licence(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("type")
    return value if isinstance(value, str) and len(value) <= _LICENCE_CHARACTERS_MAX else ""


READER = EcosystemReader(
    lambda _path, content, _limits: parse_package_json(content),
    names=frozenset({"package.json"}),
    wants=is_package_json,
    containers=frozenset({"node_modules"}),
)
