"""A zip archive's list of members, without an object for each class in it; members read bounded.

Source: PKWARE's APPNOTE.TXT, sections 4.3.7 to 4.3.16. Python's own reader makes an object of half a
kilobyte for every entry that an archive claims to have.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_END, _END64_PLACE, _END64 = b"PK\5\6", b"PK\6\7", b"PK\6\6"
_CENTRAL, _LOCAL = b"PK\1\2", b"PK\3\4"
_END_BYTES, _END64_PLACE_BYTES, _COMMENT_BYTES_MAX = 22, 20, 65_535
_CENTRAL_BYTES, _LOCAL_BYTES = 46, 30
_LIST_BYTES_MAX = 64 * 1024 * 1024
_STORED, _DEFLATED = 0, 8
_WIDE = 0xFFFFFFFF


class BrokenZip(Exception):
    """Why an archive or one of its members cannot be read. Never leaves the readers."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive. size, packed_size: as the archive claims."""

    name: str
    method: int
    packed_size: int
    size: int
    at: int
    is_encrypted: bool


class Piece:
    """A part of an open file, read by place: an archive that lies unpacked in another one."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file = file
        self.start = start
        self.size = size

    @classmethod
    def of(cls, file: BinaryIO) -> "Piece":
        """The whole file."""
        return cls(file, 0, file.seek(0, os.SEEK_END))

    def read(self, at: int, count: int) -> bytes:
        """Up to ``count`` bytes from ``at`` on, none beyond the piece's end."""
        count = min(count, self.size - at)
        if at < 0 or count <= 0:
            return b""
        self._file.seek(self.start + at)
        return self._file.read(count)

    def part(self, at: int, size: int) -> "Piece":
        """A part of this part."""
        return Piece(self._file, self.start + at, min(size, self.size - at))


def members(archive: Piece, wanted: tuple[str, ...]) -> Iterator[Member]:
    """The files whose lower-case names end with one of ``wanted``. Raises BrokenZip."""
    start, size = _list_of(archive)
    if size > _LIST_BYTES_MAX:
        raise BrokenZip(f"its list of files has {size} bytes, {_LIST_BYTES_MAX} are read")
    listed = archive.read(start, size)
    if not listed.startswith(_CENTRAL) and listed:
        raise BrokenZip("its list of files is not where it says")
    at = 0
    while listed[at : at + 4] == _CENTRAL and at + _CENTRAL_BYTES <= len(listed):
        flags, method = struct.unpack_from("<HH", listed, at + 8)
        packed, plain, name_bytes, extra_bytes, comment_bytes = struct.unpack_from(
            "<IIHHH", listed, at + 20
        )
        offset = int.from_bytes(listed[at + 42 : at + 46], "little")
        after_name = at + _CENTRAL_BYTES + name_bytes
        raw = listed[at + _CENTRAL_BYTES : after_name]
        name = raw.decode("utf-8", "replace")
        if name.lower().endswith(wanted):
            if _WIDE in (packed, plain, offset):
                extra = listed[after_name : after_name + extra_bytes]
                packed, plain, offset = _wide(extra, packed, plain, offset)
            yield Member(name, method, packed, plain, offset, bool(flags & 1))
        at = after_name + extra_bytes + comment_bytes


def content_of(archive: Piece, member: Member, bytes_max: int) -> bytes:
    """The member's plain bytes. Raises BrokenZip, also for one longer than ``bytes_max``."""
    packed = place_of(archive, member)
    if member.method == _STORED:
        if packed.size > bytes_max:
            raise BrokenZip(f"it has more than the {bytes_max} bytes that are read")
        return packed.read(0, packed.size)
    if member.method != _DEFLATED:
        raise BrokenZip(f"it is packed by method {member.method}, which is not read")
    if packed.size > bytes_max:
        raise BrokenZip(f"it has more than the {bytes_max} bytes that are read")
    engine = zlib.decompressobj(-15)
    try:
        plain = engine.decompress(packed.read(0, packed.size), bytes_max + 1)
    except zlib.error as error:
        raise BrokenZip(f"it cannot be unpacked: {error}") from None
    if len(plain) > bytes_max:
        raise BrokenZip(f"it unpacks to more than the {bytes_max} bytes that are read")
    if not engine.eof:
        raise BrokenZip("it is cut off")
    return plain


def place_of(archive: Piece, member: Member) -> Piece:
    """Where the member's packed bytes lie. Raises BrokenZip."""
    if member.is_encrypted:
        raise BrokenZip("it is encrypted")
    header = archive.read(member.at, _LOCAL_BYTES)
    if len(header) < _LOCAL_BYTES or not header.startswith(_LOCAL):
        raise BrokenZip("it is not where the list of files says")
    name_bytes, extra_bytes = struct.unpack_from("<HH", header, 26)
    at = member.at + _LOCAL_BYTES + name_bytes + extra_bytes
    if at + member.packed_size > archive.size:
        raise BrokenZip("it is cut off")
    return archive.part(at, member.packed_size)


def is_stored(member: Member) -> bool:
    """Whether the member lies in the archive as it is."""
    return member.method == _STORED


def _list_of(archive: Piece) -> tuple[int, int]:
    """Place and size of the list of files; executable archives have a program before the first file."""
    tail_at = max(archive.size - _END_BYTES - _COMMENT_BYTES_MAX, 0)
    tail = archive.read(tail_at, _END_BYTES + _COMMENT_BYTES_MAX)
    found = tail.rfind(_END)
    if found < 0 or found + _END_BYTES > len(tail):
        raise BrokenZip("it is no zip archive, or it is cut off")
    size, start = struct.unpack_from("<II", tail, found + 12)
    if _WIDE in (size, start) and found >= _END64_PLACE_BYTES:
        place = tail[found - _END64_PLACE_BYTES : found]
        if place.startswith(_END64_PLACE):
            end = archive.read(struct.unpack_from("<Q", place, 8)[0], 56)
            if len(end) == 56 and end.startswith(_END64):
                size, start = struct.unpack_from("<QQ", end, 40)
    return start, size


def _wide(extra: bytes, packed: int, plain: int, offset: int) -> tuple[int, int, int]:
    """The 64-bit numbers, in their order, for those that did not fit."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            field = extra[at + 4 : at + 4 + size]
            numbers = [
                number for (number,) in struct.iter_unpack("<Q", field[: len(field) // 8 * 8])
            ]
            values = [
                numbers.pop(0) if value == _WIDE and numbers else value
                for value in (plain, packed, offset)
            ]
            return values[1], values[0], values[2]
        at += 4 + size
    return packed, plain, offset
