"""The last checkpoint on both databases: one writer wins, whoever they are."""

from pathlib import Path
from threading import Barrier, Thread

from ledger.logs import KEYS, VERIFIERS, entries
from stella.kernel import Digest
from stella.ledger import Directory, Log, StoredHeads, rebuild
from stella.ledger.store import keep_public, public_of
from stella.record import Database


def test_a_checkpoint_takes_the_place_of_the_one_that_was_seen(database: Database):
    heads, other = StoredHeads(database, "a.example"), StoredHeads(database, "b.example")
    assert heads.last() is None
    assert heads.replace(None, "one")
    assert not heads.replace(None, "two")
    assert heads.replace("one", "two")
    assert not heads.replace("one", "three")
    assert (heads.last(), other.last()) == ("two", None)


def test_of_many_first_writers_one_wins(database: Database):
    heads, together = StoredHeads(database, "a.example"), Barrier(6)
    won: list[str] = []

    def write(name: str) -> None:
        together.wait()
        if heads.replace(None, name):
            won.append(name)

    threads = [Thread(target=write, args=(f"{one}",)) for one in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [heads.last()]


def test_a_log_goes_on_after_a_restart_and_statements_keep_their_public_form(
    database: Database, tmp_path: Path
):
    for first in (0, 200, 400):
        log = Log(Directory(tmp_path), StoredHeads(database, KEYS.name), KEYS)
        assert log.append(entries(first, 200)) == range(first, first + 200)
    assert rebuild(Directory(tmp_path).read, VERIFIERS).good

    bundle, public = Digest.of(b"bundle"), Digest.of(b"public")
    with database.transaction(actor="system") as tx:
        assert public_of(tx, bundle) is None
        keep_public(tx, bundle, public)
        keep_public(tx, bundle, public)
        assert public_of(tx, bundle) == public
    with database.read("another") as tx:
        assert public_of(tx, bundle) is None
