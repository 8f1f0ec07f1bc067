"""Everything rebuilt from the published files: what they hold, and each place that does not hold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stella.kernel import StellaError
from stella.ledger.disk import CHECKPOINT
from stella.ledger.entry import AuditEntry, read_audit
from stella.ledger.tiles import (
    HEIGHT,
    WIDTH,
    Read,
    entries_path,
    leaf_hashes,
    rows_of,
    tile_path,
    unpack_entries,
)
from stella.trust.transparency.merkle import EMPTY_ROOT, node_hash
from stella.trust.transparency.note import Checkpoint, NoteVerifier, check_signed, read_checkpoint

_FAULTS_MAX = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """A published file that is not what it should be."""

    path: str
    detail: str


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A log as its files give it. audits: index -> what it says of the facts."""

    head: Checkpoint | None
    faults: tuple[Fault, ...]
    audits: dict[int, AuditEntry]

    @property
    def good(self) -> bool:
        """Whether every file is what it should be."""
        return not self.faults


def rebuild(
    read: Read,
    keys: Sequence[NoteVerifier],
    *,
    earlier: Sequence[Checkpoint] = (),
    at: Checkpoint | None = None,
) -> Rebuilt:
    """Read every entry, make every tile anew and compare; then the root, and earlier checkpoints.

    keys: each has to have signed the checkpoint. earlier: checkpoints that were seen before, from
    wherever: the log must have grown out of each. at: of the log as that one says, which was checked;
    None: as the published one does.
    """
    try:
        head = at or read_checkpoint(read(CHECKPOINT).decode(errors="replace"))
        for key in keys:
            check_signed(head.note, key)
    except StellaError as refusal:
        return Rebuilt(None, (Fault(CHECKPOINT, str(refusal)),), {})
    walk = _Walk(read, head, [])
    hashes, audits = walk.entries()
    if len(hashes) != head.size:
        return Rebuilt(head, tuple(walk.faults), {})  # too much is wrong to go on
    levels = [hashes]
    while len(levels[-1]) >= WIDTH:
        below = levels[-1]
        levels.append(
            [
                rows_of(below[at : at + WIDTH])[HEIGHT][0]
                for at in range(0, len(below) - WIDTH + 1, WIDTH)
            ]
        )
    for level, row in enumerate(levels):
        walk.compare(level, row)
    if _root(hashes) != head.root:
        walk.fault(CHECKPOINT, f"the entries do not give its root of {head.size}")
    for one in earlier:
        walk.compare_earlier(one, hashes)
    return Rebuilt(head, tuple(walk.faults), audits)


@dataclass(slots=True)
class _Walk:
    read: Read
    head: Checkpoint
    faults: list[Fault]

    def fault(self, path: str, detail: str) -> None:
        if len(self.faults) < _FAULTS_MAX:
            self.faults.append(Fault(path, detail))

    def entries(self) -> tuple[list[bytes], dict[int, AuditEntry]]:
        """The hash of each entry, and those about facts; a bundle that is gone counts as empty ones."""
        hashes: list[bytes] = []
        audits: dict[int, AuditEntry] = {}
        for path, width in _parts(self.head.size):
            if len(self.faults) >= _FAULTS_MAX:
                break
            try:
                entries = unpack_entries(self.read(path))
                if len(entries) != width:
                    self.fault(path, f"{len(entries)} entries, not {width}")
                    entries = (entries + [b""] * width)[:width]
                for place, entry in enumerate(entries):
                    if b"stella-audit" in entry and (found := read_audit(entry)) is not None:
                        audits[len(hashes) + place] = found
            except StellaError as refusal:
                self.fault(path, str(refusal))
                entries = [b""] * width
            hashes += leaf_hashes(entries)
        return hashes, audits

    def compare(self, level: int, row: Sequence[bytes]) -> None:
        """Each tile of a level with what it should be."""
        for at in range(0, len(row), WIDTH):
            part = row[at : at + WIDTH]
            path = tile_path(level, at // WIDTH, len(part))
            try:
                if self.read(path) != b"".join(part):
                    self.fault(path, "its hashes are not those of the entries")
            except StellaError as refusal:
                self.fault(path, str(refusal))

    def compare_earlier(self, earlier: Checkpoint, hashes: Sequence[bytes]) -> None:
        """An earlier checkpoint with the entries as they are now."""
        if earlier.origin != self.head.origin:
            self.fault(CHECKPOINT, f"an earlier one is of {earlier.origin}")
        elif earlier.size > self.head.size:
            self.fault(
                CHECKPOINT, f"it shrank: it had {earlier.size} entries, has {self.head.size}"
            )
        elif _root(hashes[: earlier.size]) != earlier.root:
            self.fault(CHECKPOINT, f"it forked: its first {earlier.size} entries were others")


def _parts(size: int) -> Iterator[tuple[str, int]]:
    for at in range(0, size, WIDTH):
        width = min(WIDTH, size - at)
        yield entries_path(at // WIDTH, width), width


def _root(hashes: Sequence[bytes]) -> bytes:
    """The root over leaves, with no tile in between."""
    row = list(hashes)
    if not row:
        return EMPTY_ROOT
    while len(row) > 1:
        above = [node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
        # The last of an odd row goes up as it is: RFC 6962 splits at the largest power of two.
        row = above + row[len(above) * 2 :]
    return row[0]
