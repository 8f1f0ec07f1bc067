"""What a program or library asks the dynamic linker for. Source: System V ABI, "Dynamic Linking"; elf(5).

The file goes by as a stream: its beginning is held, where the names lie, and its dynamic section.
"""

import struct
from dataclasses import dataclass, field

from stella.sbom.facts import ElfLinks

MAGIC = b"\x7fELF"

_BEGINNING_BYTES_MAX = 1024 * 1024
_DYNAMIC_BYTES_MAX = 64 * 1024
_HEADERS_MAX = 128
_NEEDED_MAX = 500
_NAME_MAX = 512
_PATHS_MAX = 64
_LOAD, _DYNAMIC, _INTERPRETER = 1, 2, 3
_NEEDED, _NAMES, _RPATH, _RUNPATH = 1, 5, 15, 29


def is_library(name: str) -> bool:
    """Whether a file of that name may be a library that others ask for."""
    return name.startswith(("lib", "ld-", "ld.", "ld64")) and (
        ".so." in name or name.endswith(".so")
    )


@dataclass(frozen=True, slots=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int


@dataclass(slots=True)
class LinkReader:
    """One file. Feed it from the beginning until it says that it is done."""

    is_done: bool = False
    _beginning: bytearray = field(default_factory=bytearray)
    _dynamic: bytearray = field(default_factory=bytearray)
    _at: int = 0
    _order: str = "<"
    _is_wide: bool = True
    _machine: int = 0
    _segments: list[_Segment] | None = None
    _wanted: _Segment | None = None

    def feed(self, piece: bytes) -> None:
        """The next bytes of the file."""
        if self.is_done:
            return
        if len(self._beginning) < _BEGINNING_BYTES_MAX:
            self._beginning += piece[: _BEGINNING_BYTES_MAX - len(self._beginning)]
        if self._segments is None and len(self._beginning) >= 64:
            self._read_headers()
        wanted = self._wanted
        end = self._at + len(piece)
        if wanted is not None:
            start = wanted.offset + len(self._dynamic)
            if self._at <= start < end:
                left = wanted.size - len(self._dynamic)
                self._dynamic += piece[start - self._at : start - self._at + left]
            full = len(self._beginning) >= _BEGINNING_BYTES_MAX
            self.is_done = full and len(self._dynamic) >= wanted.size
        self._at = end

    def end(self) -> ElfLinks | None:
        """What it asks for; None for what is linked with nothing, or cannot be read."""
        wanted, segments = self._wanted, self._segments
        if wanted is None or segments is None or len(self._dynamic) < wanted.size:
            return None
        word = "Q" if self._is_wide else "I"
        entries = list(struct.iter_unpack(f"{self._order}2{word}", self._whole()))
        names = next((value for tag, value in entries if tag == _NAMES), None)
        if names is None:
            return None
        asked: dict[int, list[str]] = {_NEEDED: [], _RPATH: [], _RUNPATH: []}
        for tag, value in entries:
            if tag == 0:
                break
            if tag in asked and len(asked[tag]) < _NEEDED_MAX:
                text = self._text(segments, names + value)
                if text is None:
                    return None
                asked[tag].append(text)
        return ElfLinks(
            needed=tuple(dict.fromkeys(asked[_NEEDED])),
            rpath=_paths(asked[_RPATH]),
            runpath=_paths(asked[_RUNPATH]),
            interpreter=self._interpreter(segments),
            kind=f"{'64' if self._is_wide else '32'}{self._order}{self._machine}",
        )

    def _whole(self) -> bytes:
        size = 16 if self._is_wide else 8
        return bytes(self._dynamic[: len(self._dynamic) // size * size])

    def _read_headers(self) -> None:
        head = bytes(self._beginning)
        self._is_wide = head[4] == 2
        self._order = ">" if head[5] == 2 else "<"
        try:
            (self._machine,) = struct.unpack_from(f"{self._order}H", head, 18)
            if self._is_wide:
                (start,) = struct.unpack_from(f"{self._order}Q", head, 32)
                size, count = struct.unpack_from(f"{self._order}HH", head, 54)
            else:
                (start,) = struct.unpack_from(f"{self._order}I", head, 28)
                size, count = struct.unpack_from(f"{self._order}HH", head, 42)
        except struct.error:
            start = size = count = 0
        end = start + size * count
        if head[:4] != MAGIC or not 0 < count <= _HEADERS_MAX or end > _BEGINNING_BYTES_MAX:
            self.is_done, self._segments = True, []
            return
        if end > len(head):
            return  # the next piece brings them
        try:
            found = [self._segment(head, start + number * size) for number in range(count)]
        except (struct.error, OverflowError):
            found = []
        self._segments = found
        dynamic = next((one for one in found if one.kind == _DYNAMIC), None)
        if dynamic is None or not 0 < dynamic.size <= _DYNAMIC_BYTES_MAX:
            self.is_done = True
            return
        self._wanted = dynamic
        self._dynamic += head[dynamic.offset : dynamic.offset + dynamic.size]

    def _segment(self, head: bytes, at: int) -> _Segment:
        if self._is_wide:
            kind, _, offset, address, _, size = struct.unpack_from(f"{self._order}IIQQQQ", head, at)
        else:
            kind, offset, address, _, size = struct.unpack_from(f"{self._order}IIIII", head, at)
        return _Segment(kind, offset, address, size)

    def _text(self, segments: list[_Segment], address: int) -> str | None:
        """The text that is loaded at ``address``; None where it is not in what is held."""
        for one in segments:
            if one.kind == _LOAD and one.address <= address < one.address + one.size:
                start = one.offset + address - one.address
                end = self._beginning.find(b"\0", start, start + _NAME_MAX)
                if end < 0:
                    return None
                return self._beginning[start:end].decode("utf-8", "backslashreplace")
        return None

    def _interpreter(self, segments: list[_Segment]) -> str:
        for one in segments:
            if one.kind == _INTERPRETER and 0 < one.size <= _NAME_MAX:
                raw = bytes(self._beginning[one.offset : one.offset + one.size])
                return raw.partition(b"\0")[0].decode("utf-8", "backslashreplace")
        return ""


def _paths(texts: list[str]) -> tuple[str, ...]:
    listed = [path for text in texts for path in text.split(":") if path]
    return tuple(dict.fromkeys(listed))[:_PATHS_MAX]
