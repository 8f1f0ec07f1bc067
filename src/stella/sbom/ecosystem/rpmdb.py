"""The three containers that rpm has kept its headers in, each opened to the raw headers.

Only what is there is read: page numbers and lengths come from the file and are never believed.
Sources: sqlite.org/fileformat2.html; rpm's lib/backend/ndb/rpmpkg.c; Berkeley DB's dbinc/db_page.h.
"""

import struct
from collections.abc import Iterator

SQLITE_MAGIC = b"SQLite format 3\0"
_PAGES_MAX = 1 << 20
_DEPTH_MAX = 20


class BrokenDatabase(Exception):
    """Why the rest of a database cannot be read. Never leaves the readers."""


def sqlite_headers(content: bytes) -> Iterator[bytes]:
    """The blobs of the table ``Packages``, in order of their row."""
    database = _Sqlite(content)
    root: int | bytes | None = None
    for record in database.rows(1):
        columns = database.columns(record)
        if columns[:2] == [b"table", b"Packages"] and len(columns) > 3:
            root = columns[3]
    if not isinstance(root, int):
        raise BrokenDatabase("it has no table Packages")
    for record in database.rows(root):
        blobs = [one for one in database.columns(record) if isinstance(one, bytes)]
        if blobs:
            yield blobs[-1]


class _Sqlite:
    """Tables of an SQLite file, without SQL: a hostile schema cannot make us run anything."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._page_bytes = int.from_bytes(content[16:18])
        if self._page_bytes == 1:
            self._page_bytes = 65536
        self._usable = self._page_bytes - content[20] if len(content) > 100 else 0
        if self._page_bytes < 512 or self._usable < 480:
            raise BrokenDatabase("its page size is impossible")
        self._left = _PAGES_MAX

    def rows(self, page: int, depth: int = 0) -> Iterator[bytes]:
        """The records below the table page, in order."""
        if depth > _DEPTH_MAX:
            raise BrokenDatabase("its pages lie deeper than any real tree's")
        data = self._page(page)
        at = 100 if page == 1 else 0
        kind, cells = data[at], int.from_bytes(data[at + 3 : at + 5])
        first = at + (12 if kind == 5 else 8)
        places = struct.unpack_from(f">{cells}H", data, first) if cells else ()
        if kind == 5:
            for place in places:
                yield from self.rows(int.from_bytes(data[place : place + 4]), depth + 1)
            yield from self.rows(int.from_bytes(data[at + 8 : at + 12]), depth + 1)
        elif kind == 13:
            for place in places:
                yield self._payload(data, place)
        else:
            raise BrokenDatabase(f"page {page} is of kind {kind}")

    def columns(self, record: bytes) -> list[int | bytes]:
        """The values of a record; numbers as numbers, text and blobs as bytes, NULL as 0."""
        header_bytes, at = _varint(record, 0)
        value_at = header_bytes
        values: list[int | bytes] = []
        while at < min(header_bytes, len(record)):
            serial, at = _varint(record, at)
            size = _serial_bytes(serial)
            raw = record[value_at : value_at + size]
            value_at += size
            if serial >= 12:
                values.append(raw)
            else:
                values.append(1 if serial == 9 else int.from_bytes(raw, signed=True))
        return values

    def _page(self, page: int) -> bytes:
        self._left -= 1
        start = (page - 1) * self._page_bytes
        if self._left < 0 or page < 1 or start + self._page_bytes > len(self._content):
            raise BrokenDatabase(f"page {page} is not there")
        return self._content[start : start + self._page_bytes]

    def _payload(self, data: bytes, place: int) -> bytes:
        size, at = _varint(data, place)
        _, at = _varint(data, at)
        most = self._usable - 35
        if size <= most:
            return data[at : at + size]
        if size > len(self._content):
            raise BrokenDatabase("a row is longer than the file")
        least = (self._usable - 12) * 32 // 255 - 23
        local = least + (size - least) % (self._usable - 4)
        local = local if local <= most else least
        parts = [data[at : at + local]]
        left = size - local
        page = int.from_bytes(data[at + local : at + local + 4])
        while left > 0:
            overflow = self._page(page)
            parts.append(overflow[4 : 4 + min(left, self._usable - 4)])
            left -= self._usable - 4
            page = int.from_bytes(overflow[:4])
        return b"".join(parts)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for n in range(9):
        if at >= len(data):
            raise BrokenDatabase("a number is cut off")
        byte = data[at]
        at += 1
        if n == 8:
            return value << 8 | byte, at
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, at


def _serial_bytes(serial: int) -> int:
    if serial >= 12:
        return (serial - 12) // 2
    return (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)[serial]


_NDB_MAGIC, _NDB_SLOT, _NDB_BLOB = b"RpmP", b"Slot", b"BlbS"
_NDB_PAGE_BYTES, _NDB_BLOCK_BYTES, _NDB_SLOT_BYTES = 4096, 16, 16
_NDB_HEADER_BYTES = 32


def ndb_headers(content: bytes) -> Iterator[bytes]:
    """The blobs of ``Packages.db``: slots at its start name the place of each."""
    if content[:4] != _NDB_MAGIC or len(content) < _NDB_HEADER_BYTES:
        raise BrokenDatabase("it is no ndb database")
    slots_end = min(int.from_bytes(content[12:16], "little") * _NDB_PAGE_BYTES, len(content))
    for at in range(_NDB_HEADER_BYTES, slots_end - _NDB_SLOT_BYTES + 1, _NDB_SLOT_BYTES):
        magic, index, block, _ = struct.unpack_from("<4sIII", content, at)
        if magic != _NDB_SLOT:
            raise BrokenDatabase("a slot is damaged")
        if not index:
            continue
        start = block * _NDB_BLOCK_BYTES
        if start + 16 > len(content):
            raise BrokenDatabase(f"package {index} is not there")
        blob_magic, blob_index, _, size = struct.unpack_from("<4sIII", content, start)
        if blob_magic != _NDB_BLOB or blob_index != index or start + 16 + size > len(content):
            raise BrokenDatabase(f"package {index} is damaged")
        yield content[start + 16 : start + 16 + size]


_BDB_HASH_MAGIC = 0x061561
_BDB_HASH_PAGES = frozenset({2, 13})
_BDB_PAGE_HEADER_BYTES = 26
_BDB_KEY_DATA, _BDB_OFF_PAGE = 1, 3


def is_bdb(content: bytes) -> bool:
    """Whether it is a Berkeley DB hash of either byte order."""
    return _BDB_HASH_MAGIC in (
        int.from_bytes(content[12:16], "little"),
        int.from_bytes(content[12:16]),
    )


def bdb_headers(content: bytes) -> Iterator[bytes]:
    """The values of a Berkeley DB hash: every second item of its hash pages."""
    order, page_bytes = _bdb_shape(content)
    left = len(content) // page_bytes + 1
    for start in range(page_bytes, len(content) - page_bytes + 1, page_bytes):
        if content[start + 25] not in _BDB_HASH_PAGES:
            continue
        page = content[start : start + page_bytes]
        items = struct.unpack_from(f"{order}H", page, 20)[0]
        if _BDB_PAGE_HEADER_BYTES + 2 * items > page_bytes:
            raise BrokenDatabase("a page claims more items than it holds")
        places = struct.unpack_from(f"{order}{items}H", page, _BDB_PAGE_HEADER_BYTES)
        for place, end in zip(places[1::2], places[::2], strict=False):
            item = page[place:]
            if item[:1] == bytes([_BDB_OFF_PAGE]) and len(item) >= 12:
                first, size = struct.unpack_from(f"{order}II", item, 4)
                value = _bdb_chain(content, order, page_bytes, first, size)
                left -= -(-size // page_bytes)
                if left < 0:
                    raise BrokenDatabase("its values claim more pages than there are")
                yield value
            elif item[:1] == bytes([_BDB_KEY_DATA]):
                yield page[place + 1 : end]
    last_page = struct.unpack_from(f"{order}I", content, 32)[0]
    if (last_page + 1) * page_bytes > len(content):
        raise BrokenDatabase("it is cut off")


def _bdb_shape(content: bytes) -> tuple[str, int]:
    """Byte order and page size."""
    order = "<" if int.from_bytes(content[12:16], "little") == _BDB_HASH_MAGIC else ">"
    page_bytes = struct.unpack_from(f"{order}I", content, 20)[0] if len(content) >= 72 else 0
    if page_bytes < 512 or page_bytes > 65536 or page_bytes & (page_bytes - 1):
        raise BrokenDatabase("its page size is impossible")
    if content[24]:
        raise BrokenDatabase("it is encrypted")
    return order, page_bytes


def _bdb_chain(content: bytes, order: str, page_bytes: int, page: int, size: int) -> bytes:
    """A value that lies on pages of its own, each of which names the next."""
    if size > len(content):
        raise BrokenDatabase("a value is longer than the file")
    parts: list[bytes] = []
    have = 0
    while have < size:
        start = page * page_bytes
        if not page or start + page_bytes > len(content):
            raise BrokenDatabase("the pages of a value are not there")
        here = struct.unpack_from(f"{order}H", content, start + 22)[0]
        part = content[start + 26 : start + min(26 + here, page_bytes)]
        if not part:
            raise BrokenDatabase("a page of a value is empty")
        parts.append(part)
        have += len(part)
        page = struct.unpack_from(f"{order}I", content, start + 16)[0]
    return b"".join(parts)[:size]
