"""The packages of a .NET program, by its ``*.deps.json``.

Source: github.com/dotnet/sdk, "Runtime Configuration Files". Projects are the program's own parts.
"""

import re

import msgspec

from stella.sbom.ecosystem.lists import Gaps, json_of
from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.facts import LanguagePackage, LanguagePackages, Unread
from stella.sbom.limits import Limits

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}\Z")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]{0,99}\Z")
_RUNTIME_PACK = "runtimepack."


class _Library(msgspec.Struct, frozen=True):
    type: str = ""


class _Dependencies(msgspec.Struct, frozen=True):
    libraries: dict[str, _Library] = {}


def parse_dependencies(_: str, content: bytes, limits: Limits) -> LanguagePackages | Unread:
    """Libraries of type ``package``, and the runtime that a self-contained program carries."""
    read = json_of(content.removeprefix(b"\xef\xbb\xbf"), _Dependencies, "deps.json")
    if isinstance(read, Unread):
        return read
    listed = read.libraries
    found: list[LanguagePackage] = []
    broken = Gaps()
    for key in broken.first(sorted(listed), limits.packages_max, "libraries"):
        if listed[key].type.lower() not in {"package", "runtimepack"}:
            continue
        name, _, version = key.partition("/")
        name = name.removeprefix(_RUNTIME_PACK)
        if _NAME.match(name) and _VERSION.match(version):
            found.append(LanguagePackage("nuget", name, version))
        else:
            broken.note(f"a library without usable name or version: {key[:80]!r}")
    return LanguagePackages(tuple(found), tuple(broken))


READER = EcosystemReader(
    parse_dependencies,
    suffixes=frozenset({".json"}),
    wants=lambda path: path.endswith(".deps.json"),
)
