"""PHP: what Composer installed, and what its lock file asks for. Source: getcomposer.org, "Schema"."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from stella.sbom.ecosystem.lists import Gaps, json_of
from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.facts import LanguagePackage, LanguagePackages, Unread
from stella.sbom.limits import Limits

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}\Z")


class _Package(msgspec.Struct, frozen=True):
    name: object = None
    version: object = None
    license: object = None


class _Installed(msgspec.Struct, frozen=True):
    packages: list[_Package]


_INSTALLED: Any = _Installed | list[_Package]


class _Lock(msgspec.Struct, frozen=True):
    packages: list[_Package] = []
    development: list[_Package] = msgspec.field(default=[], name="packages-dev")


def parse_installed(_: str, content: bytes, limits: Limits) -> LanguagePackages | Unread:
    """``vendor/composer/installed.json``: of Composer 2, or the bare list of Composer 1."""
    found: _Installed | list[_Package] | Unread = json_of(content, _INSTALLED, "installed.json")
    if isinstance(found, Unread):
        return found
    listed = found.packages if isinstance(found, _Installed) else found
    return _packages(listed, limits, is_declared=False)


def parse_lock(_: str, content: bytes, limits: Limits) -> LanguagePackages | Unread:
    """``composer.lock``, development included."""
    lock = json_of(content, _Lock, "composer.lock")
    if isinstance(lock, Unread):
        return lock
    listed = [*lock.packages, *lock.development]
    return _packages(listed, limits, is_declared=True)


def _packages(listed: Sequence[_Package], limits: Limits, *, is_declared: bool) -> LanguagePackages:
    found: set[LanguagePackage] = set()
    broken = Gaps()
    for one in broken.first(listed, limits.packages_max, "packages"):
        name, version = one.name, one.version
        if (
            isinstance(name, str)
            and isinstance(version, str)
            and _NAME.match(name)
            and 0 < len(version) <= 200
            and version.isprintable()
        ):
            made = LanguagePackage(
                "composer", name.lower(), version, _licence(one.license), is_declared
            )
            found.add(made)
        else:
            broken.note(f"a package without usable name or version: {str(name)[:60]!r}")
    ordered = sorted(found, key=lambda one: (one.name, one.version, one.licence))
    return LanguagePackages(tuple(ordered), tuple(broken))


def _licence(value: object) -> str:
    listed = value if isinstance(value, list) else [value]
    return " OR ".join(one for one in listed if isinstance(one, str))[:200]


INSTALLED = EcosystemReader(
    parse_installed,
    names=frozenset({"installed.json"}),
    wants=lambda path: path.endswith("composer/installed.json"),
    containers=frozenset({"vendor", "composer"}),
)
LOCK = EcosystemReader(parse_lock, names=frozenset({"composer.lock"}))
