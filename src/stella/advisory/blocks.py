"""Sorted keys and values in compressed blocks: small on disk, and one look-up opens one block.

Equal content gives equal bytes with the same zlib; what reads them minds no other.
"""

import sqlite3
import zlib
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from stella.advisory.errors import UnsupportedSnapshot
from stella.kernel import Remedy

BLOCK_BYTES = 64 << 10
_LEVEL = 9
_OPENED_BYTES_MAX = 1 << 30

TABLE = "CREATE TABLE block (kind TEXT, first TEXT, body BLOB, PRIMARY KEY (kind, first)) WITHOUT ROWID;"

_encoder = msgspec.json.Encoder()
_block = msgspec.json.Decoder(dict[str, msgspec.Raw])


def write_blocks(
    database: sqlite3.Connection, kind: str, rows: Iterable[tuple[str, bytes]]
) -> Iterator[tuple[str, int]]:
    """Write rows of one kind, sorted by key, values JSON. Gives each key and its block's number."""
    held: dict[str, msgspec.Raw] = {}
    size = number = 0
    for key, value in rows:
        if held and size + len(value) > BLOCK_BYTES:
            _write(database, kind, held)
            held, size, number = {}, 0, number + 1
        held[key] = msgspec.Raw(value)
        size += len(value) + len(key)
        yield key, number
    if held:
        _write(database, kind, held)


def _write(database: sqlite3.Connection, kind: str, held: dict[str, msgspec.Raw]) -> None:
    body = zlib.compress(_encoder.encode(held), _LEVEL)
    database.execute("INSERT INTO block VALUES (?, ?, ?)", (kind, next(iter(held)), body))


class Blocks:
    """Look-ups in what ``write_blocks`` wrote."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._firsts: dict[str, list[bytes]] = {}

    def find(self, kind: str, keys: Collection[str]) -> Mapping[str, msgspec.Raw]:
        """Key -> its value, in order of keys; keys without one are left out."""
        firsts = self._listed(kind)
        wanted: dict[int, list[str]] = {}
        for key in sorted(set(keys)):
            place = bisect_right(firsts, key.encode()) - 1
            if place >= 0:
                wanted.setdefault(place, []).append(key)
        found: dict[str, msgspec.Raw] = {}
        for place, names in wanted.items():
            block = self._opened(kind, firsts[place])
            found.update((name, block[name]) for name in names if name in block)
        return found

    def block(self, kind: str, number: int) -> Mapping[str, msgspec.Raw]:
        """A whole block by its number; empty where there is none."""
        firsts = self._listed(kind)
        return self._opened(kind, firsts[number]) if number < len(firsts) else {}

    def _listed(self, kind: str) -> list[bytes]:
        """What each block begins with, in the order of bytes, which is SQLite's."""
        if kind not in self._firsts:
            rows = self._database.execute(
                "SELECT first FROM block WHERE kind = ? ORDER BY first", (kind,)
            )
            self._firsts[kind] = [row[0].encode() for row in rows]
        return self._firsts[kind]

    def _opened(self, kind: str, first: bytes) -> dict[str, msgspec.Raw]:
        ((body,),) = self._database.execute(
            "SELECT body FROM block WHERE kind = ? AND first = ?", (kind, first.decode())
        )
        try:
            return _block.decode(zlib.decompressobj().decompress(body, _OPENED_BYTES_MAX))
        except (zlib.error, msgspec.DecodeError) as error:
            raise UnsupportedSnapshot(
                f"the snapshot holds what cannot be read: {str(error)[:100]}",
                remedy=Remedy("Import the feeds again with this version."),
            ) from None
