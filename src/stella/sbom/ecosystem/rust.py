"""Rust: the list that cargo-auditable puts into a program, and Cargo.lock.

Source: github.com/rust-secure-code/cargo-auditable, PARSING.md; doc.rust-lang.org, "Cargo.toml vs
Cargo.lock".
"""

import re
import zlib

import msgspec

from stella.sbom.ecosystem.lists import Gaps
from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.facts import LanguagePackage, LanguagePackages, Unread
from stella.sbom.limits import Limits

ZLIB_BEGIN = b"x\x9c"
_LIST_BEGIN = b'{"packages":['
_LIST_BYTES_MAX = 16 * 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\Z")
_VERSION = re.compile(r"[0-9A-Za-z.+-]{1,100}\Z")


class _Crate(msgspec.Struct, frozen=True):
    name: str = ""
    version: str = ""
    kind: str = "runtime"


class _List(msgspec.Struct, frozen=True):
    packages: list[_Crate]


def is_dependency_list(begin: bytes) -> bool:
    """Whether these bytes begin a compressed dependency list."""
    try:
        return zlib.decompressobj().decompress(begin, len(_LIST_BEGIN)) == _LIST_BEGIN
    except zlib.error:
        return False


def packages_of(content: bytes) -> LanguagePackages:
    """The crates that the program was built from; those of build scripts alone are not in it."""
    try:
        text = zlib.decompressobj().decompress(content, _LIST_BYTES_MAX)
        crates = msgspec.json.decode(text, type=_List).packages
    except (zlib.error, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return LanguagePackages((), (f"its dependency list cannot be read: {str(error)[:100]}",))
    pairs = [(one.name, one.version) for one in crates if one.kind == "runtime"]
    return _packages(pairs, Limits(), is_declared=False)


def parse_lock(_: str, content: bytes, limits: Limits) -> LanguagePackages | Unread:
    """Every crate of ``Cargo.lock``, the workspace's own ones included."""
    import tomllib  # late: most layers hold no Cargo.lock

    try:
        listed = tomllib.loads(content.decode()).get("package", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        return Unread(f"no Cargo.lock that can be read: {str(error)[:100]}")
    if not isinstance(listed, list):
        return Unread("no Cargo.lock that can be read: package is no list")
    pairs = [
        (str(one.get("name", "")), str(one.get("version", "")))
        for one in listed
        if isinstance(one, dict)
    ]
    return _packages(pairs, limits, is_declared=True)


def _packages(
    pairs: list[tuple[str, str]], limits: Limits, *, is_declared: bool
) -> LanguagePackages:
    found: set[tuple[str, str]] = set()
    broken = Gaps()
    for name, version in broken.first(pairs, limits.packages_max, "crates"):
        if _NAME.match(name) and _VERSION.match(version):
            found.add((name, version))
        else:
            broken.note(f"a crate without usable name or version: {name[:60]!r}, {version[:60]!r}")
    packages = (
        LanguagePackage("cargo", name, version, is_declared=is_declared)
        for name, version in sorted(found)
    )
    return LanguagePackages(tuple(packages), tuple(broken))


LOCK = EcosystemReader(parse_lock, names=frozenset({"Cargo.lock"}))
