"""Go: what a program says of its modules, and go.mod.

Source: Go's debug/buildinfo and runtime/debug. Since 1.18 the note holds the texts themselves, before
that it points at them; the module text lies between two marks in either.
"""

import re
import struct
from typing import Literal, TypeAlias

import msgspec

from stella.sbom.ecosystem.lists import Gaps
from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.facts import GoFunctions, LanguagePackage, LanguagePackages
from stella.sbom.limits import Limits

_ByteOrder: TypeAlias = Literal["big", "little"]

NOTE_MAGIC = b"\xff Go buildinf:"
MODULES_BEGIN = bytes.fromhex("3077af0c9274080241e1c107e6d618e6")
_MODULES_END = bytes.fromhex("f932433186182072008242104116d8f2")
NOTE_NAME = b"Go\0\0"  # of the note that Go's own linker puts at the start
VERSION_BEGIN = b"go1."
_HEADERS_MAX = 128
_MODULES_MAX = 20_000
_TEXT_MAX = 300
_VERSION = re.compile(
    r"go(?P<numbers>[0-9]+\.[0-9]+(?:\.[0-9]+)?)(?:(?P<kind>beta|rc)(?P<n>[0-9]+))?"
)
_PATH = re.compile(r"[A-Za-z0-9._~!/+@-]+\Z")


def is_inline_note(begin: bytes) -> bool:
    """Whether a note since 1.18 begins here: its version is short and comes first."""
    version, _ = _text(begin, 32)
    return (
        len(begin) > 15
        and bool(begin[15] & 2)
        and bool(version and _VERSION.search(version.decode("utf-8", "replace")))
    )


def inline_note(content: bytes) -> tuple[str, str] | None:
    """Go version and module text of a note since 1.18; None where it points elsewhere or is none."""
    if len(content) < 34 or not content[15] & 2:
        return None
    version, at = _text(content, 32)
    modules, at = _text(content, at)
    if version is None or not version.startswith((b"go", b"devel")):
        return None
    text = modules or b""
    if text.startswith(MODULES_BEGIN):
        text = text[len(MODULES_BEGIN) :].removesuffix(_MODULES_END)
    return version.decode("utf-8", "replace"), text.decode("utf-8", "replace")


def module_text(content: bytes) -> str:
    """The module text that begins with its mark; empty where its end is not there."""
    end = content.find(_MODULES_END)
    text = content[len(MODULES_BEGIN) : end] if end > 0 else b""
    return text.decode("utf-8", "replace") if text.startswith((b"path\t", b"mod\t")) else ""


def version_string_at(head: bytes, note: bytes) -> int | None:
    """The offset in the file of the string that an old note points at."""
    if len(note) < 32 or note[15] & 2 or note[14] not in {4, 8}:
        return None
    order: _ByteOrder = "big" if note[15] & 1 else "little"
    return _offset(head, int.from_bytes(note[16 : 16 + note[14]], order))


def string_at(head: bytes, header: bytes) -> tuple[int, int]:
    """Offset and length of the text of a Go string, given its two words; (-1, 0) for none."""
    size = 8 if head[4:5] == b"\x02" else 4
    order: _ByteOrder = "big" if head[5:6] == b"\x02" else "little"
    if len(header) < 2 * size:
        return -1, 0
    address = int.from_bytes(header[:size], order)
    length = int.from_bytes(header[size : 2 * size], order)
    place = _offset(head, address)
    return (-1, 0) if place is None or not 0 < length < 64 else (place, length)


def packages_of(version: str, modules: str) -> LanguagePackages:
    """The main module, its dependencies (what replaces one, where it has a path), the library of Go."""
    found: dict[LanguagePackage, None] = {}
    broken = Gaps()
    settings: dict[str, str] = {}
    main = ""
    last: tuple[str, str] | None = None
    rows = _rows(modules)
    for row in rows[:_MODULES_MAX]:
        match row:
            case ["mod", path, *rest]:
                main, last = path, None
                settings["version"] = rest[0] if rest else ""
            case ["dep", path, number, *_]:
                _keep(found, broken, last)
                last = (path, number)
            case ["=>", path, number, *_] if number and last:
                last = (path, number)
            case ["build", setting, *_]:
                key, _, value = setting.partition("=")
                settings.setdefault(key, value)
    _keep(found, broken, last)
    if len(rows) > _MODULES_MAX:
        broken.note(f"more than {_MODULES_MAX} lines of modules, the rest is not read")
    if main:
        _keep(found, broken, (main, _main_version(settings)))
    standard = standard_version(version)
    if standard:
        found[LanguagePackage("golang", "stdlib", standard, "BSD-3-Clause")] = None
    else:
        broken.note(f"the version of Go cannot be read: {version[:60]!r}")
    return LanguagePackages(tuple(sorted(found, key=_order)), tuple(broken))


def linked(functions: GoFunctions, modules: str) -> GoFunctions:
    """``functions`` with what the module text says of the names of packages."""
    told: dict[str, str] = {"main": "", "module": "", "GOOS": "", "GOARCH": ""}
    replaced: dict[str, set[str]] = {}
    last = ""
    for row in _rows(modules)[:_MODULES_MAX]:
        match row:
            case ["path", path]:
                told["main"] = path
            case ["dep" | "mod" as kind, path, *_]:
                last = path
                if kind == "mod":
                    told["module"] = path
            case ["=>", path, *_] if last and path != last:
                replaced.setdefault(path, set()).add(last)
            case ["build", setting, *_]:
                key, _, value = setting.partition("=")
                if key in {"GOOS", "GOARCH"}:
                    told[key] = value
    return msgspec.structs.replace(
        functions,
        main=told["main"][:_TEXT_MAX],
        replaced={path: tuple(sorted(replaced[path])) for path in sorted(replaced)},
        module=told["module"][:_TEXT_MAX],
        system=told["GOOS"][:_TEXT_MAX],
        architecture=told["GOARCH"][:_TEXT_MAX],
    )


def _rows(modules: str) -> list[list[str]]:
    return [line.split("\t") for line in modules.split("\n")]


def standard_version(text: str) -> str:
    """``1.21.5`` for ``go1.21.5 X:boringcrypto``, ``1.22.0-rc.1`` for ``go1.22rc1``; "" for none."""
    found = _VERSION.search(text)
    if not found:
        return ""
    numbers = found["numbers"]
    if not found["kind"]:
        return numbers
    return f"{numbers if numbers.count('.') > 1 else numbers + '.0'}-{found['kind']}.{found['n']}"


def _main_version(settings: dict[str, str]) -> str:
    """As Go itself writes it since 1.24: a version of its time and commit where it has no tag."""
    version = settings.get("version", "")
    if version and version != "(devel)":
        return version
    time = re.sub(r"[^0-9]", "", settings.get("vcs.time", ""))[:14]
    revision = settings.get("vcs.revision", "")[:12]
    return f"v0.0.0-{time}-{revision}" if len(time) == 14 and len(revision) == 12 else ""


def _keep(found: dict[LanguagePackage, None], broken: Gaps, module: tuple[str, str] | None) -> None:
    if module is None:
        return
    path, version = module
    if not _PATH.match(path) or len(path) > _TEXT_MAX or path.strip("/") != path or "//" in path:
        broken.note(f"a module with an impossible path: {path[:60]!r}")
    elif not version.isprintable() or len(version) > _TEXT_MAX:
        broken.note(f"module {path} has no usable version: {version[:60]!r}")
    else:
        found[LanguagePackage("golang", path, "" if version == "(devel)" else version)] = None


def _order(package: LanguagePackage) -> tuple[str, str]:
    return (package.name, package.version)


def _text(content: bytes, at: int) -> tuple[bytes | None, int]:
    """Bytes after their length, which is written as Go's uvarint."""
    length = shift = 0
    while at < len(content) and shift < 35:
        byte = content[at]
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            end = at + length
            return (content[at:end], end) if end <= len(content) else (None, at)
    return None, at


def _offset(head: bytes, address: int) -> int | None:
    """Where in the file lies what is loaded at ``address``, by the program headers at its start."""
    order = ">" if head[5:6] == b"\x02" else "<"
    is_wide = head[4:5] == b"\x02"
    try:
        if is_wide:
            start = struct.unpack_from(f"{order}Q", head, 32)[0]
            size, count = struct.unpack_from(f"{order}HH", head, 54)
        else:
            start = struct.unpack_from(f"{order}I", head, 28)[0]
            size, count = struct.unpack_from(f"{order}HH", head, 42)
        for number in range(min(count, _HEADERS_MAX)):
            at = start + number * size
            if is_wide:
                kind, _, offset, loaded, _, length = struct.unpack_from(f"{order}IIQQQQ", head, at)
            else:
                kind, offset, loaded, _, length = struct.unpack_from(f"{order}IIIII", head, at)
            if kind == 1 and loaded <= address < loaded + length:
                return int(offset + address - loaded)
    except (struct.error, OverflowError):  # a place beyond what any file has
        return None
    return None


_REQUIRE = re.compile(r"(?P<path>\S+)\s+(?P<version>v\S+)\s*(?://.*)?\Z")
_REPLACE = re.compile(r"(?P<old>\S+)(?:\s+v\S+)?\s+=>\s+(?P<new>\S+)(?:\s+(?P<version>v\S+))?")


def parse_mod(_: str, content: bytes, __: Limits) -> LanguagePackages:
    """What ``go.mod`` requires, replaced as it says. Source: go.dev/ref/mod, "go.mod files"."""
    required: dict[str, str] = {}
    replaced: dict[str, tuple[str, str]] = {}
    broken = Gaps()
    block = ""
    lines = content.decode("utf-8", "replace").splitlines()
    for raw in broken.first(lines, _MODULES_MAX, "lines"):
        line = raw.strip()
        if not line or line.startswith("//"):
            continue
        if line == ")":
            block = ""
            continue
        word, _, rest = line.partition(" ")
        if rest.strip() == "(":
            block = word
            continue
        verb, said = (block, line) if block else (word, rest.strip())
        if verb == "require":
            found = _REQUIRE.match(said)
            if found:
                required[found["path"]] = found["version"]
            else:
                broken.note(f"a requirement that cannot be read: {said[:60]!r}")
        elif verb == "replace" and (change := _REPLACE.match(said)) and change["version"]:
            replaced[change["old"]] = (change["new"], change["version"])
    found_packages: dict[LanguagePackage, None] = {}
    for path, version in required.items():
        _keep(found_packages, broken, replaced.get(path, (path, version)))
    declared = [
        LanguagePackage(one.purl_type, one.name, one.version, is_declared=True)
        for one in found_packages
    ]
    return LanguagePackages(tuple(sorted(declared, key=_order)), tuple(broken))


MOD = EcosystemReader(parse_mod, names=frozenset({"go.mod"}))
