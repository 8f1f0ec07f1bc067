"""A pack as it comes (gitformat-pack): its objects, each named by the digest of what it really is.

Nothing is kept but what was asked for, and what that may be a difference to; a size that is told is
believed no further than it is allowed, and what is inflated is counted.
"""

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from stella_connectors.git.source import Garbled, Source, TooMuch

KEPT_BYTES_MAX = 64 * 1024 * 1024
OBJECT_BYTES_MAX = 4 * 1024 * 1024
INFLATED_BYTES_MAX = 512 * 1024 * 1024
OBJECTS_MAX = 2_000_000
_PIECE = 64 * 1024


class Shape(IntEnum):
    """What an object is, as packs number it."""

    COMMIT = 1
    TREE = 2
    BLOB = 3
    TAG = 4
    BY_PLACE = 6
    BY_ID = 7


@dataclass(frozen=True, slots=True)
class Stored:
    """One object. id: hex digits, the digest of its content."""

    id: str
    shape: Shape
    content: bytes = field(repr=False)


@dataclass(slots=True)
class _Waiting:
    """A difference to an object that has not come yet."""

    base: str
    difference: bytes


class PackReader:
    """Reads one pack. algorithm: ``sha1`` or ``sha256``, of the ids. kept: the shapes that are wanted."""

    def __init__(self, source: Source, algorithm: str, kept: frozenset[Shape]) -> None:
        self._source = source
        self._algorithm = algorithm
        self._kept_shapes = kept
        self._by_place: dict[int, Stored] = {}
        self._by_id: dict[str, Stored] = {}
        self._waiting: list[_Waiting] = []
        self._kept_bytes = 0
        self._inflated = 0

    def objects(self) -> Iterator[Stored]:
        """Each wanted object, once; the caller may stop. Raises Garbled, TooMuch."""
        head = self._source.exactly(12)
        if head[:4] != b"PACK" or int.from_bytes(head[4:8], "big") not in {2, 3}:
            raise Garbled("it sends no pack")
        count = int.from_bytes(head[8:], "big")
        if count > OBJECTS_MAX:
            raise TooMuch
        for _ in range(count):
            found = self._object()
            if found is not None:
                yield found
        yield from self._late()

    def _object(self) -> Stored | None:
        place = self._source.position
        shape, size = self._head()
        base: Stored | None = None
        base_id = ""
        if shape is Shape.BY_PLACE:
            back = self._offset()
            if back > place:
                raise Garbled("a difference leads out of the pack")
            base = self._by_place.get(place - back)
        elif shape is Shape.BY_ID:
            base_id = self._source.exactly(hashlib.new(self._algorithm).digest_size).hex()
            base = self._by_id.get(base_id)
        is_difference = shape in {Shape.BY_PLACE, Shape.BY_ID}
        is_late = shape is Shape.BY_ID and base is None
        is_wanted = base is not None or is_late if is_difference else shape in self._kept_shapes
        if size > OBJECT_BYTES_MAX and is_wanted:
            raise TooMuch
        content = self._inflate(size, is_kept=is_wanted)
        if content is None:
            return None
        if is_late:
            self._count(len(content))
            self._waiting.append(_Waiting(base_id, content))
            return None
        if base is not None:
            return self._keep(place, base.shape, _patched(base.content, content))
        return self._keep(place, shape, content)

    def _keep(self, place: int, shape: Shape, content: bytes) -> Stored:
        self._count(len(content))
        made = Stored(object_id(self._algorithm, shape, content), shape, content)
        if place >= 0:
            self._by_place[place] = made
        self._by_id[made.id] = made
        return made

    def _late(self) -> Iterator[Stored]:
        """What is a difference to something that came after it."""
        waiting, self._waiting = self._waiting, []
        while waiting:
            left: list[_Waiting] = []
            for one in waiting:
                base = self._by_id.get(one.base)
                if base is None:
                    left.append(one)
                else:
                    yield self._keep(-1, base.shape, _patched(base.content, one.difference))
            if len(left) == len(waiting):
                return  # differences to what nobody wanted
            waiting = left

    def _count(self, size: int) -> None:
        self._kept_bytes += size
        if self._kept_bytes > KEPT_BYTES_MAX:
            raise TooMuch

    def _head(self) -> tuple[Shape, int]:
        byte = self._source.exactly(1)[0]
        number, size, shift = byte >> 4 & 7, byte & 15, 4
        while byte & 0x80:
            byte = self._source.exactly(1)[0]
            size |= (byte & 0x7F) << shift
            shift += 7
            if shift > 63:
                raise Garbled("an object has no size")
        try:
            return Shape(number), size
        except ValueError:
            raise Garbled("an object is of no known kind") from None

    def _offset(self) -> int:
        byte = self._source.exactly(1)[0]
        back, read = byte & 0x7F, 1
        while byte & 0x80:
            byte = self._source.exactly(1)[0]
            back = (back + 1) << 7 | byte & 0x7F
            read += 1
            if read > 9:
                raise Garbled("a difference leads nowhere")
        return back

    def _inflate(self, size: int, *, is_kept: bool) -> bytes | None:
        machine, parts, made = zlib.decompressobj(), [], 0
        pending = b""
        while not machine.eof:
            pending = pending or self._source.some()
            try:
                piece = machine.decompress(pending, _PIECE)
            except zlib.error:
                raise Garbled("an object cannot be inflated") from None
            pending = machine.unconsumed_tail
            made += len(piece)
            self._inflated += len(piece)
            if made > size:
                raise Garbled("an object is larger than it says")
            if self._inflated > INFLATED_BYTES_MAX:
                raise TooMuch
            if is_kept:
                parts.append(piece)
        if made != size:
            raise Garbled("an object is smaller than it says")
        if machine.unused_data:
            self._source.put_back(machine.unused_data)
        return b"".join(parts) if is_kept else None


def object_id(algorithm: str, shape: Shape, content: bytes) -> str:
    """The name of an object: the digest of what it is and holds."""
    head = f"{shape.name.lower()} {len(content)}".encode() + b"\0"
    return hashlib.new(algorithm, head + content, usedforsecurity=False).hexdigest()


def _patched(base: bytes, difference: bytes) -> bytes:
    """Raises Garbled, TooMuch."""
    source_size, at = _size(difference, 0)
    target_size, at = _size(difference, at)
    if source_size != len(base):
        raise Garbled("a difference is to something else")
    if target_size > OBJECT_BYTES_MAX:
        raise TooMuch
    made = bytearray()
    while at < len(difference):
        code = difference[at]
        at += 1
        if code & 0x80:
            start, count, at = _copied(difference, at, code)
            if start + count > len(base):
                raise Garbled("a difference takes more than there is")
            made += base[start : start + count]
        elif code:
            made += difference[at : at + code]
            at += code
        else:
            raise Garbled("a difference has no such step")
        if len(made) > target_size:
            raise Garbled("a difference makes more than it says")
    if len(made) != target_size:
        raise Garbled("a difference makes less than it says")
    return bytes(made)


def _copied(difference: bytes, at: int, code: int) -> tuple[int, int, int]:
    start = count = 0
    for bit in range(7):
        if code >> bit & 1:
            if at >= len(difference):
                raise Garbled("a difference broke off")
            if bit < 4:
                start |= difference[at] << 8 * bit
            else:
                count |= difference[at] << 8 * (bit - 4)
            at += 1
    return start, count or 0x10000, at


def _size(difference: bytes, at: int) -> tuple[int, int]:
    size = shift = 0
    while at < len(difference) and shift < 64:
        byte = difference[at]
        at += 1
        size |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return size, at
    raise Garbled("a difference has no size")
