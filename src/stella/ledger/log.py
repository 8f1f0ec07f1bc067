"""The log: entries are appended in batches, each durable before it is signed for.

In this order, under the lock of the directory:
1. The last checkpoint is the database's. The directory may be behind it (a crash): it is caught up. Ahead
   of it, or apart from it, the log was forked or cut: nothing is signed.
2. The rightmost tiles are read, and have to give the root of that checkpoint.
3. The new tiles are written. Nothing points to them yet, so a crash leaves files that are written again.
4. The new checkpoint takes the old one's place in the database: from here on the batch is logged.
5. The checkpoint is published in the directory.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from threading import Lock

from stella.kernel import Remedy
from stella.ledger.disk import CHECKPOINT, Shelf
from stella.ledger.errors import LedgerTaken, NoSuchEntry, UnfitEntry, damaged, forked
from stella.ledger.store import Heads
from stella.ledger.tiles import (
    HEIGHT,
    PARTIAL,
    WIDTH,
    Tree,
    edge_root,
    entries_path,
    leaf_hashes,
    pack_entries,
    read_entry,
    rows_of,
    split_hashes,
    tile_path,
    unpack_entries,
)
from stella.trust import BadSignature, Signer
from stella.trust.errors import UnprovenEntry
from stella.trust.transparency.note import (
    Checkpoint,
    LogKey,
    WitnessKey,
    check_signed,
    checkpoint_text,
    cosigned_by,
    read_checkpoint,
    read_note,
    sign_note,
)

_BATCH_MAX = 65_536


@dataclass(frozen=True, slots=True)
class LogKeys:
    """What a log signs with. name: under which; main: P-256, which bundles hold; note: Ed25519, for
    clients of tiles.
    """

    name: str
    main: Signer
    note: Signer

    @property
    def verifiers(self) -> tuple[LogKey, LogKey]:
        """What has to stand under its checkpoints."""
        return LogKey(self.name, self.main.public), LogKey(self.name, self.note.public)

    @property
    def origin(self) -> str:
        """The first line of its checkpoints: the form that clients of Rekor v1 read."""
        return f"{self.name} - {int(self.main.key_id[:15], 16)}"


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an entry lies, and what proves it. checkpoint: of the log of ``size``."""

    index: int
    size: int
    entry: bytes
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class _Edge:
    """The rightmost, partial tiles of a tree: hashes level by level, and the last entries."""

    size: int
    hashes: tuple[tuple[bytes, ...], ...]
    entries: tuple[bytes, ...]


class Log:
    """One append-only log."""

    def __init__(self, shelf: Shelf, heads: Heads, keys: LogKeys) -> None:
        self.keys = keys
        self._shelf, self._heads = shelf, heads
        self.tree = Tree(shelf.read)
        self._edge: tuple[str, _Edge] | None = None
        self._mine = Lock()

    def head(self) -> Checkpoint | None:
        """The last checkpoint; None where nothing was logged. Raises LedgerDamaged."""
        note = self._heads.last()
        return None if note is None else self._own(note)

    def others(self) -> tuple[str, ...]:
        """The names of other logs that the database remembers."""
        return self._heads.others()

    def published(self) -> Checkpoint | None:
        """The checkpoint that the directory has. Raises LedgerDamaged."""
        try:
            content = self._shelf.read(CHECKPOINT)
        except NoSuchEntry:
            return None
        return self._own(content.decode(errors="replace"))

    def append(self, entries: Sequence[bytes]) -> range:
        """Log ``entries`` in their order; their places. They are durable when this returns.

        Raises UnfitEntry, LedgerDamaged, LedgerForked, LedgerTaken, LedgerUnusable. Where the reply is
        lost, they may be logged all the same; logged again they stand twice, which harms nothing.
        """
        if not 0 < len(entries) <= _BATCH_MAX:
            raise UnfitEntry(
                f"{len(entries)} entries in one batch", remedy=Remedy(f"Give 1 to {_BATCH_MAX}.")
            )
        pack_entries(entries)
        with self._mine, self._shelf.lock():
            note = self._heads.last()
            head = self._caught_up(note)
            edge = self._edge_of(head)
            files, after = _grown(edge, entries)
            self._shelf.put(files)
            signed = self._signed(after)
            if not self._heads.replace(note, signed):
                self._edge = None
                raise LedgerTaken(
                    "another writer logged something at the same moment",
                    remedy=Remedy("Try again."),
                )
            self._edge = (signed, after)
            self._shelf.put({CHECKPOINT: signed.encode()})
            self._shelf.drop(_outgrown(files))
        return range(edge.size, after.size)

    def prove(self, index: int) -> Placed:
        """The entry at ``index``, and the proof that it lies there under the last checkpoint.

        Raises NoSuchEntry, LedgerDamaged.
        """
        head = self.head()
        if head is None:
            raise _empty()
        entry = read_entry(self._shelf.read, index, head.size)
        proof = self.tree.inclusion(index, head.size)
        return Placed(index, head.size, entry, proof, head)

    def prove_growth(self, first: int, second: int) -> tuple[bytes, ...]:
        """The proof that the log of ``first`` entries begins that of ``second``. Raises NoSuchEntry."""
        head = self.head()
        if head is None or second > head.size:
            raise _empty()
        return self.tree.consistency(first, second)

    def read(self, path: str) -> bytes:
        """A published file. Raises NoSuchEntry."""
        return self._shelf.read(path)

    def cosign(self, note: str, witnesses: Sequence[WitnessKey]) -> tuple[str, ...]:
        """Take the signatures of witnesses under the last checkpoint; whose stand there now.

        note: the checkpoint with their lines. Raises UnprovenEntry for another checkpoint than the last,
        LedgerTaken.
        """
        given = read_note(note)
        with self._mine, self._shelf.lock():
            old = self._heads.last()
            head = self._caught_up(old)
            if head is None or given.text != head.text():
                raise forked("the checkpoint that was cosigned is not the last one")
            known = {(one.name, one.id): one for one in head.note.signatures}
            for line in given.signatures:
                if (line.name, line.id) not in known and cosigned_by(
                    replace(given, signatures=(line,)), witnesses
                ):
                    known[line.name, line.id] = line
            signed = replace(head.note, signatures=tuple(known.values())).written()
            self._own(signed)  # what could not be read again is not stored
            if not self._heads.replace(old, signed):
                raise LedgerTaken("the log has grown meanwhile", remedy=Remedy("Cosign it anew."))
            if self._edge is not None:
                self._edge = (signed, self._edge[1])
            self._shelf.put({CHECKPOINT: signed.encode()})
        return cosigned_by(read_note(signed), witnesses)

    def _caught_up(self, note: str | None) -> Checkpoint | None:
        """The last checkpoint, and the directory's the same. Raises LedgerForked, LedgerDamaged."""
        head = None if note is None else self._own(note)
        public = self.published()
        if head is None:
            if public is not None:
                raise forked("the directory has a checkpoint that the database knows nothing of")
            if others := self._heads.others():
                # Another log in its place would hide what became of the first.
                raise forked(f"the database remembers the log {others[0]}, whose keys are gone")
            return None
        assert note is not None
        if public is None or public.note.written() != note:
            # What was read before is not believed here: the directory may be another one.
            self.tree = Tree(self._shelf.read)
            if public is not None:
                self._check_behind(public, head)
            if self.tree.root(head.size) != head.root:
                raise damaged("its tiles do not give the root of the last checkpoint")
            self._shelf.put({CHECKPOINT: note.encode()})
        return head

    def _check_behind(self, public: Checkpoint, head: Checkpoint) -> None:
        if public.size > head.size:
            raise forked(
                f"the directory has {public.size} entries, the database says {head.size}: it shrank"
            )
        if self.tree.root(public.size) != public.root:
            raise forked(f"two checkpoints of {public.size} entries have two roots")

    def _edge_of(self, head: Checkpoint | None) -> _Edge:
        if head is None:
            return _Edge(0, (), ())
        if self._edge is not None and self._edge[0] == head.note.written():
            return self._edge[1]
        edge = self._read_edge(head.size)
        if edge_root(edge.hashes) != head.root:
            raise damaged("its last tiles do not give the root of the last checkpoint")
        return edge

    def _read_edge(self, size: int) -> _Edge:
        hashes, level = [], 0
        while count := size >> HEIGHT * level:
            width = count % WIDTH
            tile = tile_path(level, count // WIDTH, width)
            hashes.append(split_hashes(self._shelf.read(tile), width) if width else ())
            level += 1
        width = size % WIDTH
        entries = self._shelf.read(entries_path(size // WIDTH, width)) if width else b""
        unpacked = tuple(unpack_entries(entries))
        if tuple(leaf_hashes(unpacked)) != (hashes[0] if hashes else ()):
            raise damaged("its last entries are not those of its last tile")
        return _Edge(size, tuple(hashes), unpacked)

    def _signed(self, edge: _Edge) -> str:
        text = checkpoint_text(self.keys.origin, edge.size, edge_root(edge.hashes))
        return sign_note(text, self.keys.name, self.keys.main, self.keys.note).written()

    def _own(self, note: str) -> Checkpoint:
        """A checkpoint that both keys of this log signed. Raises LedgerDamaged."""
        try:
            head = read_checkpoint(note)
            for key in self.keys.verifiers:
                check_signed(head.note, key)
        except (UnprovenEntry, BadSignature) as error:
            raise damaged(str(error)) from error
        if head.origin != self.keys.origin:
            raise damaged(f"its checkpoint is one of {head.origin}")
        return head


def _grown(edge: _Edge, entries: Sequence[bytes]) -> tuple[dict[str, bytes], _Edge]:
    """The files that are new, and the edge afterwards."""
    files: dict[str, bytes] = {}
    held = [*edge.entries, *entries]
    first = edge.size // WIDTH
    for at in range(0, len(held), WIDTH):
        part = held[at : at + WIDTH]
        files[entries_path(first + at // WIDTH, len(part))] = pack_entries(part)
    levels = [list(one) for one in edge.hashes] or [[]]
    levels[0] += leaf_hashes(entries)
    size, level = edge.size + len(entries), 0
    while level < len(levels):
        row, base = levels[level], (edge.size >> HEIGHT * level) // WIDTH
        full = len(row) // WIDTH
        if full and level + 1 == len(levels):
            levels.append([])
        for one in range(full):
            part = row[one * WIDTH : (one + 1) * WIDTH]
            files[tile_path(level, base + one)] = b"".join(part)
            levels[level + 1].append(rows_of(part)[HEIGHT][0])
        levels[level] = row[full * WIDTH :]
        if levels[level]:
            width = len(levels[level])
            files[tile_path(level, base + full, width)] = b"".join(levels[level])
        level += 1
    last = len(held) - len(held) % WIDTH
    return files, _Edge(size, tuple(map(tuple, levels)), tuple(held[last:]))


def _outgrown(files: Iterable[str]) -> list[str]:
    """The partial tiles of those that are whole now: clients of a larger log ask for the whole ones."""
    return [f"{path}{PARTIAL}" for path in files if PARTIAL not in path]


def _empty() -> NoSuchEntry:
    return NoSuchEntry(
        "the ledger has no such entry: it is shorter", remedy=Remedy("Ask how long it is.")
    )
