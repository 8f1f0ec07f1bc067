"""The log: what it proves, what becomes of it where it breaks off, and who may write."""

from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.logs import (
    KEYS,
    VERIFIERS,
    Broke,
    Directory,
    Fuse,
    Memory,
    Remembered,
    entries,
    log_on,
)
from stella.ledger import LedgerDamaged, LedgerForked, LedgerTaken, NoSuchEntry, UnfitEntry, rebuild
from stella.ledger.tiles import covered, entries_path, tile_path, tile_widths
from stella.trust import Algorithm, new_signer
from stella.trust.errors import UnprovenEntry
from stella.trust.transparency.merkle import (
    EMPTY_ROOT,
    check_consistency,
    check_inclusion,
    leaf_hash,
    node_hash,
)
from stella.trust.transparency.note import (
    WitnessKey,
    checkpoint_text,
    cosign_note,
    sign_note,
)

BATCHES = (1, 1, 2, 251, 1, 256, 257, 700)


def root_of(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word by word."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node_hash(root_of(leaves[:half]), root_of(leaves[half:]))


def test_every_entry_and_every_growth_is_proven():
    log = log_on(Memory(), Remembered())
    held: list[bytes] = []
    heads = []
    for count in BATCHES:
        more = entries(len(held), count)
        assert log.append(more) == range(len(held), len(held) + count)
        held += more
        head = log.head()
        assert head is not None
        assert (head.size, head.root) == (len(held), root_of(held))
        heads.append(head)
    last = heads[-1]
    for index in (*range(0, len(held), 37), len(held) - 1):
        placed = log.prove(index)
        assert placed.entry == held[index]
        check_inclusion(leaf_hash(held[index]), index, placed.size, placed.proof, last.root)
    for head in heads:
        proof = log.prove_growth(head.size, last.size)
        check_consistency(head.size, last.size, proof, head.root, last.root)
    with pytest.raises(NoSuchEntry):
        log.prove(len(held))
    with pytest.raises(NoSuchEntry):
        log.prove_growth(1, len(held) + 1)


@given(st.lists(st.integers(1, 600), min_size=1, max_size=4))
def test_any_batches_give_the_tree_of_the_specification(counts: list[int]):
    shelf = Memory()
    log = log_on(shelf, Remembered())
    for count in counts:
        log.append(entries(0, count))
    found = rebuild(shelf.read, VERIFIERS)
    assert found.good, found.faults
    assert found.head is not None
    assert found.head.size == sum(counts)


@given(st.integers(1, 80), st.data())
def test_proofs_of_any_size_hold_for_their_place_alone(size: int, data: st.DataObject):
    log = log_on(Memory(), Remembered())
    log.append(entries(0, size))
    head = log.head()
    assert head is not None
    index = data.draw(st.integers(0, size - 1))
    placed = log.prove(index)
    check_inclusion(leaf_hash(placed.entry), index, size, placed.proof, head.root)
    other = data.draw(
        st.integers(0, size - 1).filter(lambda one: one != index) if size > 1 else st.just(size)
    )
    with pytest.raises(UnprovenEntry):
        check_inclusion(leaf_hash(placed.entry), other, size, placed.proof, head.root)


def test_paths_are_those_of_the_specification():
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert entries_path(0, 5) == "tile/entries/000.p/5"
    wanted = list(tile_widths(70_000))
    assert sum(level == 0 and width == 256 for level, _, width in wanted) == 273
    assert [one for one in wanted if one[2] < 256] == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert list(tile_widths(256)) == [(0, 0, 256), (1, 0, 1)]


def _writes_of(first: int, batch: int) -> int:
    shelf, heads = Memory(), Remembered()
    log_on(shelf, heads).append(entries(0, first))
    fuse = Fuse()
    shelf.fuse = heads.fuse = fuse
    log_on(shelf, heads).append(entries(first, batch))
    return fuse.writes


# From 254 entries to 259: two bundles, two tiles of hashes, one above them, the database, the checkpoint.
FIRST, BATCH = 254, 5
WRITES = _writes_of(FIRST, BATCH)


@pytest.mark.parametrize("is_stored", [False, True], ids=["lost", "stored"])
@pytest.mark.parametrize("at", range(WRITES))
def test_a_crash_at_a_durable_write_leaves_a_whole_log(at: int, *, is_stored: bool):
    assert WRITES == 7
    shelf, heads = Memory(), Remembered()
    log_on(shelf, heads).append(entries(0, FIRST))
    before = log_on(shelf, heads).head()
    shelf.fuse = heads.fuse = Fuse(at, is_stored)
    with pytest.raises(Broke):
        log_on(shelf, heads).append(entries(FIRST, BATCH))
    shelf.fuse = heads.fuse = Fuse()

    after = log_on(shelf, heads)
    head = after.head()
    assert before is not None
    assert head is not None
    # The database's word is what counts: it is the write before the last.
    is_logged = at > WRITES - 2 or (at == WRITES - 2 and is_stored)
    assert head.size == FIRST + (BATCH if is_logged else 0)
    # What other people read is whole at every moment.
    assert rebuild(shelf.read, VERIFIERS, earlier=[before]).good
    after.append(entries(9000, 3))
    found = rebuild(shelf.read, VERIFIERS, earlier=[before, head])
    assert found.good, found.faults
    placed = after.prove(head.size)
    assert placed.entry == b"entry 9000"


def test_two_writers_on_one_directory_are_put_in_a_row(tmp_path: Path):
    heads = Remembered()
    logs = [log_on(Directory(tmp_path), heads) for _ in range(2)]
    places: list[int] = []

    def write(log: object, first: int) -> None:
        for one in range(20):
            places.extend(log.append(entries(first + one, 1)))  # type: ignore[attr-defined]

    threads = [Thread(target=write, args=(log, 100 * one)) for one, log in enumerate(logs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(places) == list(range(40))
    assert rebuild(Directory(tmp_path).read, VERIFIERS).good
    kept = {logs[0].prove(one).entry for one in range(40)}
    assert kept == {*entries(0, 20), *entries(100, 20)}


def test_a_writer_that_no_lock_held_back_is_refused_and_may_try_again():
    shelf, heads = Memory(), Remembered()
    log = log_on(shelf, heads)
    log.append(entries(0, 3))

    class Overtaken(Remembered):
        def replace(self, old: str | None, new: str) -> bool:
            log.append(entries(50, 1))
            return heads.replace(old, new)

    slow = log_on(shelf, Overtaken(heads.note))
    with pytest.raises(LedgerTaken) as refusal:
        slow.append(entries(3, 1))
    assert refusal.value.retry_may_help
    assert log.prove(3).entry == b"entry 50"


def test_a_log_that_shrinks_forks_or_was_changed_is_not_signed_for():
    shelf, heads = Memory(), Remembered()
    log = log_on(shelf, heads)
    log.append(entries(0, 300))
    early = (dict(shelf.files), heads.note)
    log.append(entries(300, 10))
    # The database was put back, the directory was not.
    with pytest.raises(LedgerForked, match="shrank"):
        log_on(shelf, Remembered(early[1])).append(entries(0, 1))
    with pytest.raises(LedgerForked, match="knows nothing"):
        log_on(shelf, Remembered()).append(entries(0, 1))
    # Both tell of 310 entries, and of others.
    other_shelf, other_heads = Memory(dict(early[0])), Remembered(early[1])
    log_on(other_shelf, other_heads).append(entries(700, 10))
    mixed = Memory({**other_shelf.files, "checkpoint": shelf.files["checkpoint"]})
    with pytest.raises(LedgerForked, match="two roots"):
        log_on(mixed, other_heads).append(entries(0, 1))
    # The directory was put back, the database was not: what is gone is not signed for anew.
    with pytest.raises((LedgerDamaged, NoSuchEntry)):
        log_on(Memory(dict(early[0])), heads).append(entries(0, 1))
    # A file was changed.
    path = tile_path(0, 1, 54)
    shelf.files[path] = bytes(len(shelf.files[path]))
    with pytest.raises(LedgerDamaged):
        log_on(shelf, heads).append(entries(0, 1))


def test_fsck_names_each_file_that_does_not_hold_and_each_story_that_differs():
    shelf, heads = Memory(), Remembered()
    log = log_on(shelf, heads)
    log.append(entries(0, 300))
    seen = log.head()
    assert seen is not None
    for path in (*(one for one in shelf.files if one != "checkpoint"), "checkpoint"):
        if path.endswith(".p/54") or "/000" in path:
            changed = Memory(dict(shelf.files))
            content = bytearray(changed.files[path])
            content[-3] ^= 1
            changed.files[path] = bytes(content)
            # An entry and its hash differ: which of them was changed, nobody can say.
            named = {one.path for one in rebuild(changed.read, VERIFIERS).faults}
            assert path.replace("entries", "0") in named
            del changed.files[path]
            assert path in {one.path for one in rebuild(changed.read, VERIFIERS).faults}
    other_shelf = Memory()
    other = log_on(other_shelf, Remembered())
    other.append(entries(500, 300))
    (forked,) = rebuild(other_shelf.read, VERIFIERS, earlier=[seen]).faults
    assert "forked" in forked.detail
    small = Memory()
    log_on(small, Remembered()).append(entries(0, 5))
    (shrunk,) = rebuild(small.read, VERIFIERS, earlier=[seen]).faults
    assert "shrank" in shrunk.detail


def test_witnesses_cosign_the_last_checkpoint_and_nothing_else():
    shelf, heads = Memory(), Remembered()
    log = log_on(shelf, heads)
    log.append(entries(0, 3))
    witness = new_signer(Algorithm.ED25519)
    known = WitnessKey("witness.example", witness.public)
    head = log.head()
    assert head is not None
    cosigned = cosign_note(head.note, known.name, witness, 1_700_000_000)
    stranger = cosign_note(cosigned, "other.example", new_signer(Algorithm.ED25519), 1)
    assert log.cosign(stranger.written(), [known]) == ("witness.example",)
    assert b"other.example" not in shelf.files["checkpoint"]
    assert rebuild(shelf.read, (*VERIFIERS, known)).good
    log.append(entries(3, 1))
    with pytest.raises(LedgerForked):
        log.cosign(cosigned.written(), [known])


def test_what_fits_no_log_is_refused():
    log = log_on(Memory(), Remembered())
    with pytest.raises(UnfitEntry):
        log.append([])
    with pytest.raises(UnfitEntry):
        log.append([bytes(65_536)])
    assert log.head() is None
    assert KEYS.origin.startswith("ledger.example - ")


def test_what_can_be_read_and_what_counts_is_the_same_after_a_witness_says_it_often():
    log, witness = log_on(Memory(), Remembered()), new_signer(Algorithm.ED25519)
    log.append(entries(0, 3))
    head = log.head()
    assert head is not None
    key = WitnessKey("witness.example", witness.public)
    once = cosign_note(head.note, key.name, witness, 7)
    line = once.written().removeprefix(head.note.written())
    assert log.cosign(head.note.written() + line * 40, [key]) == (key.name,)
    assert log.cosign(head.note.written() + line, [key]) == (key.name,)
    log.append(entries(3, 1))
    assert len(log.prove(3).checkpoint.note.signatures) == 2


def test_partial_tiles_go_once_the_whole_one_is_there():
    shelf = Memory()
    log = log_on(shelf, Remembered())
    for number in range(0, 300, 10):
        log.append(entries(number, 10))
    partial = {path for path in shelf.files if ".p/" in path}
    assert {path.split(".p/")[0] for path in partial} == {
        "tile/0/001",
        "tile/1/000",
        "tile/entries/001",
    }
    assert rebuild(shelf.read, VERIFIERS).good


def test_only_what_a_checkpoint_holds_is_for_ever():
    assert covered("0/000.p/3", 3)
    assert not covered("0/000.p/4", 3)
    assert covered("entries/000", 256)
    assert not covered("entries/001", 300)
    assert covered("1/000.p/1", 256)
    assert not covered("1/000", 256)
    assert covered("0/x001/000", 256 * 1001)


def test_a_log_that_claims_to_be_endless_is_not_walked_to_its_end():
    shelf = Memory()
    log = log_on(shelf, Remembered())
    log.append(entries(0, 1))
    text = checkpoint_text(KEYS.origin, 2**60, b"x" * 32)
    shelf.files["checkpoint"] = sign_note(text, KEYS.name, KEYS.main, KEYS.note).written().encode()
    found = rebuild(shelf.read, VERIFIERS)
    assert not found.good
    assert len(found.faults) == 100
