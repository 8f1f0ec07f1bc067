"""The plainest tar there is, read strictly: regular files by short names, and nothing else.

A header of tar may promise gigabytes of names, holes and links; of all that a bundle needs nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from stella.advisory.errors import MalformedBundle
from stella.kernel import Remedy

_BLOCK = 512
_CHUNK_BYTES = 1 << 20
_NAME_MAX = 100
_SIZE_MAX = 8 << 30
_END = bytes(_BLOCK)


@dataclass(frozen=True, slots=True)
class Member:
    """One file. pieces: its content, to be read to the end before the next member."""

    name: str
    size: int
    pieces: Iterator[bytes]


def members(stream: IO[bytes]) -> Iterator[Member]:
    """Every file, in order. Raises MalformedBundle where it is cut off or anything but plain files."""
    while True:
        header = stream.read(_BLOCK)
        if header == _END:
            return
        name, size = _header(header)
        taken = _Taken(stream, size)
        yield Member(name, size, iter(taken))
        for _ in taken:
            pass
        padding = -size % _BLOCK
        if stream.read(padding) != bytes(padding):
            raise malformed("it is cut off, or its padding is not empty")


def write_member(stream: IO[bytes], name: str, size: int, pieces: Iterator[bytes]) -> None:
    """Put one file behind the others."""
    assert len(name.encode()) <= _NAME_MAX, name
    fields = [
        name.encode().ljust(100, b"\0"),
        b"0000644\0",
        b"0000000\0",
        b"0000000\0",
        f"{size:011o}\0".encode(),
        b"00000000000\0",
        b" " * 8,
        b"0",
        bytes(100),
        b"ustar\x0000",
    ]
    header = b"".join(fields).ljust(_BLOCK, b"\0")
    stream.write(header[:148] + f"{sum(header):06o}\0 ".encode() + header[156:])
    written = 0
    for piece in pieces:
        written += len(piece)
        stream.write(piece)
    assert written == size, (name, size, written)
    stream.write(bytes(-size % _BLOCK))


def write_end(stream: IO[bytes]) -> None:
    """Two empty blocks, as tar ends."""
    stream.write(_END * 2)


class _Taken:
    """The content of one member, each byte once."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream, self._left = stream, size

    def __iter__(self) -> Iterator[bytes]:
        while self._left:
            piece = self._stream.read(min(self._left, _CHUNK_BYTES))
            if not piece:
                raise malformed("it is cut off")
            self._left -= len(piece)
            yield piece


def _header(header: bytes) -> tuple[str, int]:
    if len(header) != _BLOCK:
        raise malformed("it is cut off")
    summed = sum(header[:148]) + 8 * 32 + sum(header[156:])
    name = header[:100].rstrip(b"\0")
    is_plain = (
        header[156:157] == b"0" and not header[157:257].strip(b"\0") and not any(header[345:])
    )
    try:
        size, claimed = int(header[124:135], 8), int(header[148:154], 8)
        text = name.decode("ascii")
    except ValueError:
        raise malformed("a header that is no tar's") from None
    if claimed != summed or not is_plain or not 0 <= size <= _SIZE_MAX or not text.isprintable():
        raise malformed("a member that is no plain file")
    return text, size


def malformed(why: str) -> MalformedBundle:
    """The refusal of a bundle that is none."""
    return MalformedBundle(
        f"the bundle cannot be read: {why}; nothing was changed",
        remedy=Remedy("Carry it over again; compare its digest with that on the other side."),
    )
