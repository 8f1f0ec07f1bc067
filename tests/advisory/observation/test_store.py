"""What feeds said is kept revision by revision; a snapshot is the same bytes each time."""

import itertools
import json
from pathlib import Path

import pytest

from advisory.records import FROM_0, feed, fixed, osv
from stella.advisory import open_snapshot
from stella.advisory.errors import (
    BrokenFeed,
    ObservationAltered,
    UnknownGeneration,
    UnreadableFeed,
    UnusableStore,
)
from stella.advisory.observation import Observations, Progress, sync_feed
from stella.advisory.observation.directory import DirectoryFeed
from stella.kernel import Remedy, StellaError
from stella.plugin.refusals import ServiceUnreachable
from stella.sdk.testing import SimulatedFeed

DAY = "2030-01-0{}T00:00:00Z"


def line(name: str) -> bytes:
    return json.dumps(osv(name, "foo", FROM_0, fixed("2"))).encode() + b"\n"


def publisher(**documents: bytes) -> SimulatedFeed:
    return SimulatedFeed({f"{name}.jsonl": content for name, content in documents.items()})


def test_a_changed_document_is_a_new_revision_that_supersedes(tmp_path: Path):
    source = publisher(a=line("X-1"), b=line("X-2"))
    with Observations(tmp_path) as store:
        first = sync_feed(store, "pypa", source, now=DAY.format(1))
        assert first.changed == ("a.jsonl", "b.jsonl")
        source.documents["a.jsonl"] = line("X-3")
        second = sync_feed(store, "pypa", source, now=DAY.format(2))
        assert (second.generation, second.changed) == (2, ("a.jsonl",))
        history = store.history("pypa", "a.jsonl")
        assert [(one.revision, one.fetched_at) for one in history] == [
            (1, DAY.format(1)),
            (2, DAY.format(2)),
        ]
        assert [one.revision for one in store.current("pypa")] == [2, 1]
        assert all(store.has(one.digest) for one in history)


def test_the_same_observations_make_the_same_snapshot_also_of_an_earlier_time(tmp_path: Path):
    source = publisher(a=line("X-1"))
    with Observations(tmp_path / "store") as store:
        sync_feed(store, "pypa", source, now=DAY.format(1))
        before = store.freeze(tmp_path / "1")
        source.documents["a.jsonl"] = line("X-2")
        sync_feed(store, "pypa", source, now=DAY.format(2))
        after = store.freeze(tmp_path / "2")
        again = store.freeze(tmp_path / "3", generation=1)
    assert again.path.read_bytes() == before.path.read_bytes()
    assert after.digest != before.digest
    with open_snapshot(after.path) as snapshot:
        assert [(one.name, one.at, one.documents) for one in snapshot.feeds()] == [
            ("pypa", DAY.format(2), 1)
        ]


def test_the_order_of_feeds_makes_no_difference(tmp_path: Path):
    made = {}
    for number, order in enumerate(itertools.permutations(["pypa", "go", "kev"])):
        with Observations(tmp_path / str(number)) as store:
            for name in order:
                sync_feed(store, name, publisher(a=line(f"X-{name}")), now=DAY.format(1))
            made[order] = store.freeze(tmp_path / f"to{number}").digest
    assert len(set(made.values())) == 1


def test_nothing_new_makes_the_feed_younger_and_nothing_else(tmp_path: Path):
    source = publisher(a=line("X-1"))
    with Observations(tmp_path) as store:
        sync_feed(store, "pypa", source, now=DAY.format(1))
        synced = sync_feed(store, "pypa", source, now=DAY.format(2))
        assert synced.changed == synced.removed == ()
        assert store.feed("pypa").checked_at == DAY.format(2)
        assert len(store.history("pypa")) == 1


def test_what_the_publisher_removed_counts_no_more(tmp_path: Path):
    source = publisher(a=line("X-1"), b=line("X-2"))
    with Observations(tmp_path) as store:
        sync_feed(store, "pypa", source, now=DAY.format(1))
        del source.documents["b.jsonl"]
        assert sync_feed(store, "pypa", source, now=DAY.format(2)).removed == ("b.jsonl",)
        assert [one.document for one in store.current("pypa")] == ["a.jsonl"]


ROWS = b"".join(line(f"X-{number}") for number in range(10))


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.jsonl", line("X-1")[:40], "malformed"),
        ("a.jsonl", b"", "it is empty, and was not"),
        ("a.jsonl", b"".join(line(f"X-{n}") for n in range(4)), "4 of the 10 items are left"),
        ("a.jsonl", b"<html>Sign in</html>\n", "malformed"),
        ("../a.jsonl", ROWS, "is no name of a document"),
    ],
    ids=["cut", "empty", "shrunk", "page", "path"],
)
def test_a_broken_feed_changes_nothing_and_says_so(
    tmp_path: Path, name: str, content: bytes, why: str
):
    source = publisher(a=ROWS)
    with Observations(tmp_path / "store") as store:
        sync_feed(store, "pypa", source, now=DAY.format(1))
        before = store.freeze(tmp_path / "1").digest
        source.documents[name] = content
        source.documents["good.jsonl"] = line("X-9")
        with pytest.raises(BrokenFeed, match=why):
            sync_feed(store, "pypa", source, now=DAY.format(2))
        assert store.freeze(tmp_path / "2").digest == before
        assert store.feed("pypa").checked_at == DAY.format(1)
        assert [one.document for one in store.history("pypa")] == ["a.jsonl"]


def test_a_document_may_shrink_where_that_is_said(tmp_path: Path):
    source = publisher(a=ROWS)
    with Observations(tmp_path) as store:
        sync_feed(store, "pypa", source, now=DAY.format(1))
        source.documents["a.jsonl"] = line("X-1")
        sync_feed(store, "pypa", source, now=DAY.format(2), may_shrink=True)
        assert store.feed("pypa").items == 1


@pytest.mark.parametrize(("before", "after"), [(1, 0), (3, 0), (10, 4), (10, 0)])
def test_a_feed_that_lost_most_of_its_documents_changes_nothing_unless_it_may(
    tmp_path: Path, before: int, after: int
):
    source = publisher(**{f"d{number}": line(f"X-{number}") for number in range(before)})
    with Observations(tmp_path) as store:
        sync_feed(store, "pypa", source, now=DAY.format(1))
        for number in range(after, before):
            del source.documents[f"d{number}.jsonl"]
        with pytest.raises(BrokenFeed, match=f"{after} of its {before} items are left"):
            sync_feed(store, "pypa", source, now=DAY.format(2))
        assert store.feed("pypa").items == before
        sync_feed(store, "pypa", source, now=DAY.format(3), may_shrink=True)
        assert store.feed("pypa").items == after


def test_documents_that_were_named_anew_are_no_loss(tmp_path: Path):
    source = publisher(a=ROWS)
    with Observations(tmp_path) as store:
        sync_feed(store, "pypa", source, now=DAY.format(1))
        source.documents["b.jsonl"] = source.documents.pop("a.jsonl")
        assert sync_feed(store, "pypa", source, now=DAY.format(2)).removed == ("a.jsonl",)


class Breaking(SimulatedFeed):
    """Breaks off at one document."""

    broken = "b.jsonl"

    def document(self, name: str):
        if name == self.broken:
            raise ServiceUnreachable("it broke off", remedy=Remedy("Try again."))
        return super().document(name)


def test_what_was_brought_whole_is_not_brought_again(tmp_path: Path):
    source = Breaking()
    for name in ("a.jsonl", "b.jsonl"):
        source.documents[name] = line(f"X-{name}")
    with Observations(tmp_path) as store:
        with pytest.raises(ServiceUnreachable):
            sync_feed(store, "pypa", source, now=DAY.format(1))
        assert store.generation == 0
        source.broken = ""
        told: list[Progress] = []
        sync_feed(store, "pypa", source, now=DAY.format(2), tell=told.append)
        assert [(one.document, one.is_kept) for one in told if one.is_whole] == [
            ("a.jsonl", True),
            ("b.jsonl", False),
        ]
        assert list(store.incoming.rglob("*")) == []


def test_a_raw_document_that_was_changed_makes_no_snapshot(tmp_path: Path):
    with Observations(tmp_path / "store") as store:
        sync_feed(store, "pypa", publisher(a=line("X-1")), now=DAY.format(1))
        (one,) = store.current("pypa")
        store.raw(one.digest).chmod(0o644)
        store.raw(one.digest).write_bytes(line("X-2"))
        with pytest.raises(ObservationAltered):
            store.freeze(tmp_path / "into")
        with pytest.raises(UnknownGeneration):
            store.freeze(tmp_path / "into", generation=7)


def test_what_was_pruned_is_gone_and_what_counts_stays(tmp_path: Path):
    source = publisher(a=line("X-0"), b=line("Y-0"))
    with Observations(tmp_path / "store") as store:
        for number in range(1, 5):
            source.documents["a.jsonl"] = line(f"X-{number}")
            sync_feed(store, "pypa", source, now=DAY.format(number))
        before = {number: store.freeze(tmp_path / "1", number).digest for number in (3, 4)}
        assert store.prune(2) == (2, 2 * len(line("X-0")))
        assert {number: store.freeze(tmp_path / "2", number).digest for number in (3, 4)} == before
        with pytest.raises(UnknownGeneration, match="3 to 4"):
            store.freeze(tmp_path / "2", 2)
        source.documents["a.jsonl"] = line("X-9")
        sync_feed(store, "pypa", source, now=DAY.format(5))
        assert [one.revision for one in store.current("pypa")] == [5, 1]
        assert store.prune(2) == (1, len(line("X-0")))


def test_two_do_not_write_at_once(tmp_path: Path):
    with Observations(tmp_path) as store, Observations(tmp_path) as other, store.writing():
        with pytest.raises(UnusableStore, match="another process writes"):
            sync_feed(other, "pypa", publisher(a=line("X-1")), now=DAY.format(1))
        assert other.generation == 0


def test_a_store_that_is_none_is_refused(tmp_path: Path):
    (tmp_path / "observations.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(UnusableStore):
        Observations(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UnusableStore):
        Observations(tmp_path / "file")


def test_a_directory_is_a_feed(tmp_path: Path):
    feed(tmp_path / "feed" / "deep", osv("X-1", "foo", FROM_0))
    feed(tmp_path / "feed", osv("X-2", "foo", FROM_0), name="kept.jsonl")
    (tmp_path / "feed" / ".git").mkdir()
    (tmp_path / "feed" / ".git" / "x.json").write_text("{")
    source = DirectoryFeed(tmp_path / "feed")
    with Observations(tmp_path / "store") as store:
        first = sync_feed(store, "own", source, now=DAY.format(1))
        assert first.changed == ("deep/feed.jsonl", "kept.jsonl")
        assert sync_feed(store, "own", source, now=DAY.format(2)).changed == ()
        (tmp_path / "feed" / "deep" / "feed.jsonl").unlink()
        gone = sync_feed(store, "own", DirectoryFeed(tmp_path / "feed"), now=DAY.format(3))
        assert gone.removed == ("deep/feed.jsonl",)
    with pytest.raises(UnreadableFeed):
        DirectoryFeed(tmp_path / "none")


@pytest.mark.parametrize("content", [b"PK\x03\x04 cut", b"\x1f\x8b\x08 cut", b"BZh9"])
def test_archives_that_are_cut_off_are_refused(tmp_path: Path, content: bytes):
    source = SimulatedFeed()
    for name in ("a.zip", "a.json.gz", "a.tar.gz"):
        source.documents[name] = content
        with Observations(tmp_path / "store") as store:
            with pytest.raises(StellaError):
                sync_feed(store, "own", source, now=DAY.format(1))
            assert store.generation == 0
