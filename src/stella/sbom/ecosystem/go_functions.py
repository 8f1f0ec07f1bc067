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
_AHEAD_BYTES = 8
_TABLES_MAX = 8
_NAMES_BYTES_MAX = 64 * 1024 * 1024
_NAME_BYTES_MAX = 16 * 1024
_NAMES_MAX = 2_000_000
_PACKAGES_MAX = 20_000
_FUNCTIONS_MAX = 5_000_000
_NOISE = re.compile(rb"(?:func|gowrap|deferwrap)?[0-9]*\Z")
_SUFFIX = re.compile(rb"-(?:fm|range[0-9]+)\Z")
_OBFUSCATED = (
    "the runtime's own functions are not in it: another linker's, or its names were changed"
)


def hashed(name: str | bytes) -> bytes:
    """What is kept of a function's name: ``Type.Method`` or ``Function``, without its package."""
    text = name if isinstance(name, bytes) else name.encode("utf-8", "surrogatepass")
    return sha256(text).digest()[:HASH_BYTES]


def asked_name(symbol: str) -> str:
    """Under which name a function of an advisory is kept: that of the function it stands in."""
    first, dot, second = symbol.partition(".")
    return first if dot and _NOISE.match(second.encode("utf-8", "surrogatepass")) else symbol


class FunctionTables:
    """Every table of functions in one file. Bytes go in as they come; nothing of them is held."""

    def __init__(self) -> None:
        self._before = b""
        self._at = 0  # of the next piece
        self._marks = [bytes([mark, 0xFF, 0xFF, 0xFF, 0, 0]) for mark in _MARKS]
        self._is_big = False
        self._tables: list[_Table] = []
        self._names = _Names()
        self._is_crowded = False

    def feed(self, piece: bytes) -> None:
        """The next bytes of the file."""
        if not self._at:
            self._is_big = piece[5:6] == b"\x02"
        for table in self._tables:
            table.feed(piece, self._at)
        buffer = self._before + piece
        start = self._at - len(self._before)
        for at in self._places(buffer):
            if (start + at) % _ALIGNMENT == 0 and len(buffer) - at >= _AHEAD_BYTES:
                self._begin(start + at, buffer[at:])
        self._before = buffer[-(_AHEAD_BYTES - 1) :]
        self._at += len(piece)

    def end(self) -> GoFunctions:
        """What was found, once every byte was fed. unread: why a name may be missing."""
        tables = [one for one in self._tables if one.is_one]
        scattered = [one for one in tables if one.form == _SCATTERED]
        found = self._names.packages()
        if not tables:
            return GoFunctions({}, unread="it has no table of functions that can be read")
        unread = ""
        if len(scattered) == len(tables):
            unread = "a table as Go wrote it before 1.16, in which a name can be missed"
        elif self._is_crowded:
            unread = f"it has more than {_TABLES_MAX} tables of functions"
        elif broken := [one.reason for one in tables if one.reason]:
            unread = broken[0]
        elif self._names.too_much:
            unread = self._names.too_much
        elif not _knows(found, "runtime", "goexit") or not _knows(found, "main", "main"):
            unread = _OBFUSCATED
        return GoFunctions(found, unread=unread)

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

    def _begin(self, at: int, begin: bytes) -> None:
        mark = begin[3] if self._is_big else begin[0]
        if begin[4:6] != b"\0\0" or begin[6] not in {1, 2, 4} or begin[7] not in {4, 8}:
            return
        self._tables = [one for one in self._tables if one.is_one or one.is_open]
        if len(self._tables) >= _TABLES_MAX:
            self._is_crowded = True
            return
        order = ">" if self._is_big else "<"
        table = _Table(at, _MARKS[mark], order, begin[7], self._names)
        table.feed(begin, at)
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
    is_one: bool = False
    is_open: bool = True
    reason: str = ""
    _header: bytes = b""
    _first: int = 0
    _last: int = 0
    _rest: bytes = b""

    def feed(self, piece: bytes, at: int) -> None:
        """Bytes of the file that begin at ``at``, in order."""
        if not self.is_open:
            return
        if len(self._header) < _HEADER_BYTES:
            self._header += piece[: _HEADER_BYTES - len(self._header)]
            if len(self._header) < _HEADER_BYTES:
                return
            self._read_header()
        if self.is_one and at < self._last and at + len(piece) > self._first:
            self._take(piece[max(self._first - at, 0) : self._last - at])
        if self.is_open and at + len(piece) >= self._last:
            self.is_open, self.reason = False, ""

    def _take(self, part: bytes) -> None:
        *whole, self._rest = (self._rest + part).split(b"\0")
        if len(self._rest) > _NAME_BYTES_MAX:
            self._rest = b""  # nobody's name; of a table before 1.16 it is other data
        self.names.take(whole)

    def _read_header(self) -> None:
        kind = "Q" if self.word == 8 else "I"
        count = 2 if self.form == _SCATTERED else 7 if self.form == "1.16" else 8
        words = struct.unpack_from(f"{self.order}{count}{kind}", self._header, 8)
        if self.form == _SCATTERED:
            self.is_one = 0 < words[0] <= _FUNCTIONS_MAX
            size = _NAMES_BYTES_MAX
            names, end = 8 + self.word, size
        else:
            names, end, *others = words[-5:]
            after = [end, *others]
            self.is_one = (
                0 < words[0] <= _FUNCTIONS_MAX
                and 0 <= names - 8 - count * self.word < _ALIGNMENT_MAX
                and names < end
                and after == sorted(after)
            )
            size = end - names
        self._first, self._last = self.at + names, self.at + end
        if size > _NAMES_BYTES_MAX:
            self.reason = f"its names are {size} bytes long, {_NAMES_BYTES_MAX} are read"
            self._last = self._first
            self.is_open = False
        elif self.is_one:
            self.reason = "its names are cut off"
        self.is_open = self.is_open and self.is_one


@dataclass(slots=True)
class _Names:
    """Names by package, each as its first bytes of hash."""

    too_much: str = ""
    _found: dict[bytes, set[bytes]] = field(default_factory=dict)
    _count: int = 0

    def packages(self) -> dict[str, bytes]:
        """Package path -> the hashes of its functions, sorted, one after the other."""
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
        self._count += len(raw)
        if self._count > _NAMES_MAX:
            self.too_much = f"it has more than {_NAMES_MAX} names of functions"
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
