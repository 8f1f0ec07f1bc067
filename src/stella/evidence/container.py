"""The container of a packet: an uncompressed ustar that can be written in one way only.

Names sorted, mode 0644, owner 0, time 0, regular files alone, nothing behind the end. Therefore
reading is comparing: each header is made again from its own name and size, and every byte that is
not an entry's content has to be what it must be.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stella.evidence.errors import BrokenPacket, PacketTooLarge, UnusableEntry, broken
from stella.kernel import Remedy

PACKET_BYTES_MAX = 1 << 30
ENTRY_BYTES_MAX = 512 * 1024 * 1024
ENTRIES_MAX = 20_000

_BLOCK = 512
_END = bytes(2 * _BLOCK)
_NAME_MAX, _PREFIX_MAX = 100, 155  # POSIX.1-1988, ustar: fields "name" and "prefix"
# No dot at the start of a part: neither ".." nor a hidden file can be named.
_NAME = re.compile(r"[A-Za-z0-9_+@=-][A-Za-z0-9._+@=-]*(?:/[A-Za-z0-9_+@=-][A-Za-z0-9._+@=-]*)*\Z")
_OCTAL = re.compile(rb"[0-7]{11}\0\Z")


def write_container(entries: Mapping[str, bytes]) -> bytes:
    """The one container of these entries.

    Raises UnusableEntry for a name that ustar or a careful reader would not take, PacketTooLarge.
    """
    size = sum(len(content) for content in entries.values())
    if len(entries) > ENTRIES_MAX or size > PACKET_BYTES_MAX - (len(entries) + 1) * 2 * _BLOCK:
        raise _too_large(f"{len(entries)} entries with {size} bytes")
    parts: list[bytes] = []
    for name in sorted(entries):
        content = entries[name]
        parts += [_header(name, len(content)), content, bytes(_padding(len(content)))]
    return b"".join([*parts, _END])


def read_container(content: bytes) -> dict[str, bytes]:
    """The entries of a container, each byte of which is accounted for.

    Raises BrokenPacket with the place of the first byte that differs, PacketTooLarge.
    """
    if len(content) > PACKET_BYTES_MAX:
        raise _too_large(f"{len(content)} bytes")
    entries: dict[str, bytes] = {}
    for member in _members(content):
        entries[member.name] = content[member.start : member.start + member.size]
    return entries


@dataclass(frozen=True, slots=True)
class _Member:
    """One entry as its header announces it. start: where its content begins."""

    name: str
    start: int
    size: int

    @property
    def end(self) -> int:
        return self.start + self.size + _padding(self.size)


def _members(content: bytes) -> Iterator[_Member]:
    offset, last, count = 0, "", 0
    while content[offset : offset + 1] not in (b"", b"\0"):
        member = _member(content, offset, last)
        count += 1
        if count > ENTRIES_MAX:
            raise _too_large(f"more than {ENTRIES_MAX} entries")
        yield member
        offset, last = member.end, member.name
    _expect(content, offset, _END, f"the end of the archive, after {last or 'nothing'}")
    if len(content) > offset + len(_END):
        place = f"byte {offset + len(_END)}, behind the end of the archive"
        raise broken(f"{len(content) - offset - len(_END)} bytes too many", place)


def _member(content: bytes, offset: int, last: str) -> _Member:
    """The entry whose header begins at ``offset``."""
    header = content[offset : offset + _BLOCK]
    where = f"header after {last}" if last else "first header"
    if len(header) < _BLOCK:
        raise broken("it ends inside a header", f"byte {len(content)}, {where}")
    name = _text(header[345:500]) + ("/" if header[345:346] != b"\0" else "") + _text(header[:100])
    if not _OCTAL.match(header[124:136]):
        raise broken("a size that is no number", f"byte {offset + 124}, {where}")
    size = int(header[124:135], 8)
    try:
        expected = _header(name, size)
    except (UnusableEntry, PacketTooLarge) as error:
        raise broken(str(error), f"byte {offset}, {where}") from error
    _expect(content, offset, expected, f"header of {name}")
    if name <= last:
        why = "an entry twice" if name == last else "entries out of their order"
        raise broken(why, f"byte {offset}, header of {name}")
    start = offset + _BLOCK
    if start + size > len(content):
        raise broken("it ends inside an entry", f"byte {len(content)}, {name}")
    _expect(content, start + size, bytes(_padding(size)), f"padding after {name}")
    return _Member(name, start, size)


def _expect(content: bytes, offset: int, expected: bytes, what: str) -> None:
    found = content[offset : offset + len(expected)]
    if found == expected:
        return
    first = first_difference(found, expected)
    why = "it ends too early" if first == len(found) else "a byte is not what it must be"
    raise broken(why, f"byte {offset + first}, {what} + {first}")


def first_difference(one: bytes, other: bytes) -> int:
    """The first offset at which they differ; the shorter one's length where it is a beginning."""
    length = min(len(one), len(other))
    if one[:length] == other[:length]:
        return length
    low, high = 0, length  # the first difference is at or after low, before high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle)
    return low


def _header(name: str, size: int) -> bytes:
    prefix, short = _split(name)
    if size > ENTRY_BYTES_MAX:
        raise _too_large(f"{name} with {size} bytes")
    fields = (
        short.ljust(_NAME_MAX, b"\0"),
        b"0000644\0",  # mode
        b"0000000\0",  # uid
        b"0000000\0",  # gid
        b"%011o\0" % size,
        b"00000000000\0",  # mtime
        b" " * 8,  # checksum: summed as blanks
        b"0",  # a regular file
        bytes(100),  # link name
        b"ustar\00000",
        bytes(64),  # owner and group by name
        b"0000000\0" * 2,  # device
        prefix.ljust(_PREFIX_MAX, b"\0"),
        bytes(12),
    )
    header = b"".join(fields)
    assert len(header) == _BLOCK, len(header)
    return header[:148] + b"%06o\0 " % sum(header) + header[156:]


def _split(name: str) -> tuple[bytes, bytes]:
    """The fields "prefix" and "name"; the prefix as short as it can be."""
    if not _NAME.match(name):
        raise _unusable(f"no name for an entry: {name[:120]!r}")
    if len(name) <= _NAME_MAX:
        return b"", name.encode()
    cut = name.find("/", len(name) - _NAME_MAX - 1)
    if cut < 1 or cut > _PREFIX_MAX:
        raise _unusable(f"a name too long for an entry: {name[:120]!r}")
    return name[:cut].encode(), name[cut + 1 :].encode()


def _padding(size: int) -> int:
    return -size % _BLOCK


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("latin-1")


def _unusable(why: str) -> UnusableEntry:
    return UnusableEntry(
        why, remedy=Remedy("Use letters, digits and . _ + @ = - in parts of a path, all short.")
    )


def _too_large(what: str) -> PacketTooLarge:
    return PacketTooLarge(
        f"a packet with {what}",
        remedy=Remedy(
            f"At most {ENTRIES_MAX} entries, {ENTRY_BYTES_MAX} bytes each and"
            f" {PACKET_BYTES_MAX} together are read and written."
        ),
    )


__all__ = [
    "ENTRIES_MAX",
    "ENTRY_BYTES_MAX",
    "PACKET_BYTES_MAX",
    "BrokenPacket",
    "first_difference",
    "read_container",
    "write_container",
]
