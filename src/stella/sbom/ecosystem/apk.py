"""Alpine's package database. Source: wiki.alpinelinux.org, "Apk spec", "Installed Database"."""

import re

from stella.sbom.ecosystem.lists import Gaps
from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.facts import OwnedPaths, SystemPackage, SystemPackages
from stella.sbom.limits import Limits

# The second one since apk-tools 3, where /lib is a part of /usr.
_PATHS = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9._+-]{0,199}\Z")
_VERSION = re.compile(r"[0-9A-Za-z.+_~:-]{1,256}\Z")


def parse_installed(_: str, content: bytes, limits: Limits) -> SystemPackages:
    """Blocks of ``LETTER:value`` lines: P name, V version, A architecture, o origin, L licence.

    F names a directory, the R after it the files in it. The origin is what secdb speaks of.
    """
    packages: set[SystemPackage] = set()
    owned: list[OwnedPaths] = []
    broken = Gaps()
    text = content.decode("utf-8", "replace").replace("\r\n", "\n")
    for block in re.split(r"\n\n+", text):
        if not block.strip():
            continue
        if len(packages) >= limits.packages_max:
            broken.append(f"more than {limits.packages_max} packages, the rest is not read")
            break
        fields, paths = _fields(block)
        package = _package(fields)
        if isinstance(package, SystemPackage):
            packages.add(package)
            owned.append(OwnedPaths(package.name, tuple(paths)))
        else:
            broken.note(package)
    ordered = sorted(packages, key=lambda one: (one.name, one.version, one.architecture))
    return SystemPackages(tuple(ordered), tuple(broken), tuple(owned))


def _fields(block: str) -> tuple[dict[str, str], list[str]]:
    fields: dict[str, str] = {}
    paths: list[str] = []
    directory = ""
    for line in block.split("\n"):
        letter, colon, value = line.partition(":")
        if not colon:
            continue
        if letter == "F":
            directory = value.strip("/")
        elif letter == "R":
            paths.append(f"{directory}/{value}" if directory else value)
        elif letter in "PVAoL":
            fields.setdefault(letter, value.strip())
    return fields, paths


def _package(fields: dict[str, str]) -> SystemPackage | str:
    name, version = fields.get("P", ""), fields.get("V", "")
    if not _NAME.match(name):
        return f"a block without a usable name (P): {name[:60]!r}"
    if not _VERSION.match(version):
        return f"package {name} has no usable version (V): {version[:60]!r}"
    origin = fields.get("o", "")
    return SystemPackage(
        kind="apk",
        name=name,
        version=version,
        architecture=fields.get("A", ""),
        source_name=origin if _NAME.match(origin) else name,
        source_version=version,
        licence=fields.get("L", "")[:300],
    )


READER = EcosystemReader(
    parse_installed,
    names=frozenset({"installed"}),
    wants=lambda path: path in _PATHS,
    containers=frozenset({"apk", "db"}),
)
