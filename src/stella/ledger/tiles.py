"""The tree as tiles (c2sp.org/tlog-tiles): where each hash lies, and proofs made out of them."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from stella.kernel import Remedy
from stella.ledger.errors import NoSuchEntry, UnfitEntry, damaged
from stella.trust.transparency.merkle import EMPTY_ROOT, leaf_hash, node_hash

WIDTH = 256
HEIGHT = 8
HASH_BYTES = 32
ENTRY_BYTES_MAX = 2**16 - 1
_ROWS_KEPT = 512

Read = Callable[[str], bytes]
"""What is published under a path. Raises NoSuchEntry."""


PARTIAL = ".p"
"""After a tile's path: where those of its widths lie that are not whole yet."""


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """Where a tile of hashes lies. width: how many it holds."""
    return f"tile/{level}/{_numbered(index, width)}"


def covered(path: str, size: int) -> bool:
    """Whether a log of ``size`` has that file, ``LEVEL/...`` or ``entries/...``: it never changes then."""
    level, _, rest = path.partition("/")
    whole, _, width = rest.partition(f"{PARTIAL}/")
    index = 0
    for part in whole.split("/"):
        index = index * 1000 + int(part.removeprefix("x"))
    hashes = size >> HEIGHT * (0 if level == "entries" else int(level))
    return index * WIDTH + int(width or WIDTH) <= hashes


def entries_path(index: int, width: int = WIDTH) -> str:
    """Where a bundle of entries lies."""
    return f"tile/entries/{_numbered(index, width)}"


def tile_widths(size: int) -> Iterable[tuple[int, int, int]]:
    """Every tile of hashes that a tree of ``size`` has: (level, index, width)."""
    level = 0
    while count := size >> HEIGHT * level:
        yield from ((level, index, WIDTH) for index in range(count // WIDTH))
        if count % WIDTH:
            yield level, count // WIDTH, count % WIDTH
        level += 1


def pack_entries(entries: Iterable[bytes]) -> bytes:
    """A bundle: each entry after its length. Raises UnfitEntry."""
    packed = bytearray()
    for entry in entries:
        if len(entry) > ENTRY_BYTES_MAX:
            raise UnfitEntry(
                f"an entry of {len(entry)} bytes; a log takes {ENTRY_BYTES_MAX}",
                remedy=Remedy("Log its digest."),
            )
        packed += len(entry).to_bytes(2, "big") + entry
    return bytes(packed)


def unpack_entries(content: bytes) -> list[bytes]:
    """The entries of a bundle. Raises LedgerDamaged."""
    entries, at = [], 0
    while at < len(content):
        end = at + 2 + int.from_bytes(content[at : at + 2], "big")
        if end > len(content):
            raise damaged("a bundle of entries is cut off")
        entries.append(content[at + 2 : end])
        at = end
    return entries


def split_hashes(content: bytes, width: int) -> tuple[bytes, ...]:
    """The hashes of a tile. Raises LedgerDamaged where it has not that many."""
    if len(content) != width * HASH_BYTES:
        raise damaged(f"a tile of {len(content)} bytes, not {width * HASH_BYTES}")
    return tuple(content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES))


def rows_of(hashes: Sequence[bytes]) -> tuple[tuple[bytes, ...], ...]:
    """The complete nodes over ``hashes``, row by row, at most HEIGHT rows above them."""
    rows = [tuple(hashes)]
    while len(rows) <= HEIGHT and len(rows[-1]) > 1:
        below = rows[-1]
        rows.append(
            tuple(node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2))
        )
    return tuple(rows)


def edge_root(edge: Sequence[Sequence[bytes]]) -> bytes:
    """The root of the tree whose rightmost, partial tiles are ``edge``, level by level."""
    root: bytes | None = None
    for hashes in edge:
        rows = rows_of(hashes)
        for height, row in enumerate(rows):
            # A row of odd length ends with a node that no other has as its left half.
            if len(row) % 2:
                root = row[-1] if root is None else node_hash(row[-1], root)
            if height == HEIGHT:
                break
    return EMPTY_ROOT if root is None else root


class Tree:
    """A tree of ``size`` leaves, read from tiles; those that were read are kept for a while."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._rows = lru_cache(maxsize=_ROWS_KEPT)(self._read_rows)

    def root(self, size: int) -> bytes:
        """The root over the first ``size`` leaves."""
        return self._root(0, size, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """The proof that leaf ``index`` is among the first ``size`` (RFC 6962, 2.1.1).

        Raises NoSuchEntry.
        """
        if not 0 <= index < size:
            raise no_such(f"entry {index}; the ledger has {size}")
        proof: list[bytes] = []
        start, end = 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                proof.append(self._root(middle, end, size))
                end = middle
            else:
                proof.append(self._root(start, middle, size))
                start = middle
        return tuple(reversed(proof))

    def consistency(self, first: int, second: int) -> tuple[bytes, ...]:
        """The proof that the first ``first`` leaves begin the first ``second`` (RFC 6962, 2.1.2).

        Raises NoSuchEntry.
        """
        if not 0 < first <= second:
            raise no_such(f"a beginning of {first} entries among {second}")
        proof: list[bytes] = []
        start, end, is_whole = 0, second, True
        while first != end:
            middle = start + _split(end - start)
            if first <= middle:
                proof.append(self._root(middle, end, second))
                end = middle
            else:
                proof.append(self._root(start, middle, second))
                start, is_whole = middle, False
        if not is_whole:
            proof.append(self._root(start, end, second))
        return tuple(reversed(proof))

    def leaf(self, index: int, size: int) -> bytes:
        """The hash of one leaf."""
        return self._node(0, index, size)

    def _root(self, start: int, end: int, size: int) -> bytes:
        """Over the leaves from ``start`` to before ``end``; start: a multiple of what they need."""
        count = end - start
        if count & (count - 1) == 0:
            height = count.bit_length() - 1
            return self._node(height, start >> height, size)
        middle = start + _split(count)
        return node_hash(self._root(start, middle, size), self._root(middle, end, size))

    def _node(self, height: int, index: int, size: int) -> bytes:
        level, up = divmod(height, HEIGHT)
        tile, place = divmod(index, WIDTH >> up)
        count = size >> HEIGHT * level
        return self._rows(level, tile, min(WIDTH, count - tile * WIDTH))[up][place]

    def _read_rows(self, level: int, tile: int, width: int) -> tuple[tuple[bytes, ...], ...]:
        return rows_of(split_hashes(self._read(tile_path(level, tile, width)), width))


def read_entry(read: Read, index: int, size: int) -> bytes:
    """One entry of a log of ``size``. Raises NoSuchEntry, LedgerDamaged."""
    if not 0 <= index < size:
        raise no_such(f"entry {index}; the ledger has {size}")
    bundle, place = divmod(index, WIDTH)
    width = min(WIDTH, size - bundle * WIDTH)
    entries = unpack_entries(read(entries_path(bundle, width)))
    if len(entries) != width:
        raise damaged(f"a bundle of {len(entries)} entries, not {width}")
    return entries[place]


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """Of each entry."""
    return [leaf_hash(one) for one in entries]


def no_such(what: str) -> NoSuchEntry:
    """The refusal of what a ledger does not have."""
    return NoSuchEntry(
        f"there is no {what}",
        remedy=Remedy("Ask how long it is.", command="stella ledger status"),
    )


def _split(count: int) -> int:
    """The largest power of two below ``count``."""
    return 1 << (count - 1).bit_length() - 1


def _numbered(index: int, width: int) -> str:
    """An index in parts of three digits, all but the last with an x; and the width of a partial one."""
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.append(f"x{index % 1000:03d}")
    return "/".join(reversed(parts)) + (f"{PARTIAL}/{width}" if width < WIDTH else "")
