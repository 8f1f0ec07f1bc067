"""Which functions are linked into a Go program: the names in its table of functions, read as a stream.

The table ("pclntab") stays in a stripped program, for the runtime needs it. Since Go 1.16 all its names
lie together, those of functions that were inlined away among them. Before that they lie between other
data, so that a name can be missed: then what is found counts, and what is not found says nothing.
Source: Go's debug/gosym, cmd/link/internal/ld/pcln.go and cmd/internal/objabi/path.go.
"""

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import unquote_to_bytes

from stella.sbom.facts import GoFunctions

HASH_BYTES = 3
"""Of each name: enough for a package, where another name with the same ones reads as linked."""

_MARKS = {0xF1: "1.20", 0xF0: "1.18", 0xFA: "1.16", 0xFB: "1.2"}
_SCATTERED = "1.2"
_ALIGNMENT = 8
_ALIGNMENT_MAX = 64
_HEADER_BYTES = 8 + 8 * 8
_TABLES_MAX = 2
_PLACES_MAX = 10_000
_NAMES_BYTES_MAX = 64 * 1024 * 1024
_NAME_BYTES_MAX = 16 * 1024
_NAMES_MAX = 1_000_000
_PACKAGES_MAX = 20_000
_FUNCTIONS_MAX = 5_000_000
_CUT = "its names are cut off"
_ENDS = re.compile(rb"\0+")
_NOISE = re.compile(rb"(?:func|gowrap|deferwrap)?[0-9]*\Z")
_BRACKETS = re.compile(r"\[.*\]")
_SUFFIX = re.compile(rb"-(?:fm|range[0-9]+)\Z")
_OBFUSCATED = (
    "the runtime's own functions are not in it: another linker's, or its names were changed"
)


def hashed(name: str | bytes) -> bytes:
    """What is kept of a function's name: ``Type.Method`` or ``Function``, without its package."""
    text = name if isinstance(name, bytes) else name.encode("utf-8", "surrogatepass")
    return sha256(text).digest()[:HASH_BYTES]


def asked_names(symbol: str) -> tuple[str, ...]:
    """Under which names a function of an advisory may be kept; none for what names no function.

    ``(*T[K]).M`` and ``T.M.func1`` are written where ``T.M`` is meant, and ``F$1`` for ``F``.
    """
    plain = _BRACKETS.sub("", symbol).replace("(*", "").replace(")", "").lstrip("*")
    parts = plain.partition("$")[0].split(".")
    if not all(part.isidentifier() for part in parts[:1]) or not all(parts):
        return ()
    first = parts[0]
    if len(parts) == 1:
        return (first,)
    # ``T.func1`` may be a method after all; ``F.func1`` stands within ``F``.
    is_within = _NOISE.match(parts[1].encode("utf-8", "surrogatepass"))
    return (f"{first}.{parts[1]}", *([first] if is_within else []))


class FunctionTables:
    """Every table of functions in one file. Bytes go in as they come; nothing of them is held."""

    def __init__(self) -> None:
        self._before = b""
        self._at = 0  # of the next piece
        self._marks = [bytes([mark, 0xFF, 0xFF, 0xFF, 0, 0]) for mark in _MARKS]
        self._is_big = False
        self._tables: list[_Table] = []
        self._names = _Names()
        self._count = 0

    def feed(self, piece: bytes) -> None:
        """The next bytes of the file. What is found is the same however they are cut."""
        for table in self._tables:
            table.feed(piece, self._at)
        buffer = self._before + piece
        start = self._at - len(self._before)
        if not start:
            self._is_big = buffer[5:6] == b"\x02"
        for at in self._places(buffer) if self._count <= _PLACES_MAX else ():
            if (start + at) % _ALIGNMENT == 0 and len(buffer) - at >= _HEADER_BYTES:
                self._begin(start + at, buffer, at)
        self._before = buffer[-(_HEADER_BYTES - 1) :]
        self._at += len(piece)

    def end(self) -> GoFunctions:
        """What was found, once every byte was fed. unread: why a name may be missing."""
        if not self._tables or self._count > _PLACES_MAX:
            return GoFunctions({}, unread="it has no table of functions that can be read")
        found = self._names.packages()
        return GoFunctions(found, unread=self._unread(found))

    def _unread(self, found: dict[str, bytes]) -> str:
        tables = self._tables
        if any(one.form == _SCATTERED for one in tables):
            return "a table as Go wrote it before 1.16, in which a name can be missed"
        if len(tables) > 1:
            # Another one's names say nothing of the program's own, which may be in none of them.
            return "it has several tables of functions: another program lies within it"
        broken = [one.reason for one in tables if one.reason]
        if broken or self._names.too_much:
            return self._names.too_much or broken[0]
        if not _knows(found, "runtime", "goexit") or not _knows(found, "main", "main"):
            return _OBFUSCATED
        if _knows(found, "plugin", "Open"):
            return "it opens plugins, which bring functions of their own"
        return ""

    def _places(self, buffer: bytes) -> Iterable[int]:
        """Where a table may begin: its mark, two zeros, and then small numbers."""
        # One search for all marks: what follows their one different byte is the same.
        needle = b"\xff\xff\xff\0\0" if not self._is_big else b"\xff\xff\xff"
        at = buffer.find(needle, 0 if self._is_big else 1)
        while at >= 0:
            if self._is_big:
                if buffer[at + 3 : at + 4] and buffer[at + 3] in _MARKS:
                    yield at
            elif buffer[at - 1] in _MARKS:
                yield at - 1
            at = buffer.find(needle, at + 1)

    def _begin(self, at: int, buffer: bytes, place: int) -> None:
        header = buffer[place : place + _HEADER_BYTES]
        mark = header[3] if self._is_big else header[0]
        if header[4:6] != b"\0\0" or header[6] not in {1, 2, 4} or header[7] not in {4, 8}:
            return
        self._count += 1
        if self._count > _PLACES_MAX:
            return
        order = ">" if self._is_big else "<"
        table = _Table(at, _MARKS[mark], order, header[7], self._names)
        if not table.begins_with(header) or len(self._tables) >= _TABLES_MAX:
            return
        table.feed(buffer[place:], at)
        self._tables.append(table)


def _knows(found: dict[str, bytes], package: str, name: str) -> bool:
    return is_linked(found.get(package, b""), name)


def is_linked(kept: bytes, name: str) -> bool:
    """Whether ``name`` is among the names that are kept of a package."""
    wanted = hashed(name)
    at = kept.find(wanted)
    while at >= 0 and at % HASH_BYTES:
        at = kept.find(wanted, at + 1)
    return at >= 0


@dataclass(slots=True)
class _Table:
    """One place that may be a table. at: of its first byte. reason: why not all of it was read."""

    at: int
    form: str
    order: str
    word: int
    names: "_Names"
    reason: str = ""
    _is_open: bool = True
    _first: int = 0
    _last: int = 0
    _rest: bytes = b""
    _is_long: bool = False
    _left: int = _NAMES_MAX

    def feed(self, piece: bytes, at: int) -> None:
        """Bytes of the file that begin at ``at``, in order."""
        if not self._is_open:
            return
        if at < self._last and at + len(piece) > self._first:
            self._take(piece[max(self._first - at, 0) : self._last - at])
        if self._is_open and at + len(piece) >= self._last:
            self._is_open = False
            if self.reason == _CUT:
                self.reason = ""

    def _take(self, part: bytes) -> None:
        *whole, rest = _ENDS.split(self._rest + part)
        if whole and self._is_long:
            whole[0], self._is_long = b"", False
        if len(rest) > _NAME_BYTES_MAX:
            rest, self._is_long = b"", True
        self._rest = rest
        if self._is_long or any(len(one) > _NAME_BYTES_MAX for one in whole):
            # Nobody's name; of a table before 1.16 it is other data.
            self.reason = f"one of its names is longer than {_NAME_BYTES_MAX} bytes"
            whole = [one for one in whole if len(one) <= _NAME_BYTES_MAX]
        if len(whole) > self._left:
            self.reason = f"it has more than {_NAMES_MAX} names of functions"
            self._is_open = False
        self.names.take(list(dict.fromkeys(whole[: self._left])))
        self._left -= len(whole)

    def begins_with(self, header: bytes) -> bool:
        """Whether it is a table at all, by its first bytes."""
        kind = "Q" if self.word == 8 else "I"
        count = 2 if self.form == _SCATTERED else 7 if self.form == "1.16" else 8
        words = struct.unpack_from(f"{self.order}{count}{kind}", header, 8)
        is_one: bool = 0 < words[0] <= _FUNCTIONS_MAX
        if self.form == _SCATTERED:
            names, end = 8 + self.word, 8 + self.word + _NAMES_BYTES_MAX
        else:
            names, end, *others = words[-5:]
            after = [end, *others]
            is_one = (
                is_one
                and 0 <= names - 8 - count * self.word < _ALIGNMENT_MAX
                and names < end
                and after == sorted(after)
            )
        size = end - names
        self._first, self._last = self.at + names, self.at + end
        self.reason = _CUT
        if size > _NAMES_BYTES_MAX:
            self.reason = f"its names are {size} bytes long, {_NAMES_BYTES_MAX} are read"
            self._is_open = False
        return is_one


@dataclass(slots=True)
class _Names:
    """Names by package, each as its first bytes of hash."""

    too_much: str = ""
    _found: dict[bytes, set[bytes]] = field(default_factory=dict)

    def packages(self) -> dict[str, bytes]:
        """Package path -> the hashes of its functions, sorted, one after the other.

        None at all where there is too much of it: which of it was met first is chance.
        """
        if self.too_much:
            return {}
        named: dict[str, set[bytes]] = {}
        for raw, names in self._found.items():
            path = (unquote_to_bytes(raw) if b"%" in raw else raw).decode("utf-8", "replace")
            named.setdefault(path, set()).update(names)
        return {
            path: b"".join(sorted({sha256(one).digest()[:HASH_BYTES] for one in named[path]}))
            for path in sorted(named)
        }

    def take(self, raw: list[bytes]) -> None:
        """Names as the table has them."""
        if self.too_much:
            return
        found = self._found
        package, names = b"", set[bytes]()
        for text in raw:
            name = text if b"[" not in text else _without_types(text)
            # The package's last element holds no dot: Go writes "%2e" for it.
            dot = name.find(b".", name.rfind(b"/") + 1)
            if dot <= 0:
                continue
            if name[:dot] != package:
                package = name[:dot]
                known = found.get(package)
                if known is None:
                    if not _is_package(package):
                        package = b""
                        continue
                    if len(found) >= _PACKAGES_MAX:
                        self.too_much = f"it has functions of more than {_PACKAGES_MAX} packages"
                        return
                    known = found[package] = set()
                names = known
            if name[dot + 1 : dot + 3] == b"(*":
                names.add(_method(name[dot + 3 :]))
            else:
                names.update(_symbols(name[dot + 1 :]))


_NO_PACKAGE = re.compile(
    rb"[\x00-\x20{}()*\"\x7f]|\A(?:type|go):|\Atype\.\.|\A(?:type|go)\Z|\A[^a-zA-Z0-9_%\x80-\xff]"
)


def _is_package(path: bytes) -> bool:
    """No struct's or runtime type's name, which the linker makes names for as well."""
    return len(path) <= 1024 and not _NO_PACKAGE.search(path)


def _without_types(name: bytes) -> bytes:
    """``pkg.(*T).M`` for ``pkg.(*T[go.shape.int]).M``; brackets may lie in each other."""
    short = name.replace(b"[...]", b"")  # as the linker writes them since 1.18
    if b"[" not in short:
        return short
    parts, depth = [], 0
    for part in re.split(rb"([\[\]])", name):
        if part == b"[":
            depth += 1
        elif part == b"]":
            depth = max(depth - 1, 0)
        elif not depth:
            parts.append(part)
    return b"".join(parts)


def _method(name: bytes) -> bytes:
    """``T.M``, as a database of advisories names it, for what follows the star of ``(*T).M``."""
    receiver, _, rest = name.partition(b").")
    method = rest.partition(b".")[0]
    if b"-" in method:
        method = _SUFFIX.sub(b"", method)
    return receiver + b"." + method


def _symbols(name: bytes) -> tuple[bytes, ...]:
    """As a database of advisories names it: ``F`` for ``F.func1``.

    ``A.B`` may be a method, or a function within another: then it stands for both.
    """
    first, dot, rest = name.partition(b".")
    if b"-" in first:
        first = _SUFFIX.sub(b"", first)
    if not dot:
        return (first,)
    second = rest.partition(b".")[0]
    if b"-" in second:
        second = _SUFFIX.sub(b"", second)
    if _NOISE.match(second):
        return (first,)
    return (first, first + b"." + second)
