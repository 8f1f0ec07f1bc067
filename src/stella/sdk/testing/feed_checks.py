"""What every feed has to hold, whoever wrote it: run each one of the list as a test."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from stella.plugin.contract.connection import Connect
from stella.plugin.contract.feed import Feed, FeedChanges
from stella.plugin.refusals import NotThere, ServiceUnreachable
from stella.sdk.testing import bad_ways

_PAGES_MAX = 1000


@dataclass(frozen=True, slots=True)
class FeedBench:
    """A feed, and the publisher behind it.

    open: connect -> the feed, which waits for a second at most. connect: leads to the publisher, and
    nowhere else. published: name -> content, as it is now. publish: puts one, or removes it with None.
    breaking: while it is held, every document breaks off in the middle.
    """

    open: Callable[[Connect], Feed]
    connect: Connect
    published: Callable[[], Mapping[str, bytes]]
    publish: Callable[[str, bytes | None], None]
    breaking: Callable[[], AbstractContextManager[None]]


def everything_comes_from_an_empty_cursor(bench: FeedBench) -> None:
    """Each document once, as it was published, byte for byte."""
    feed = bench.open(bench.connect)
    _, versions, removed = _changes(feed, "")
    assert not removed
    assert versions.keys() == bench.published().keys()
    for name, content in bench.published().items():
        assert _content(feed, name) == content, name


def what_is_known_is_not_told_again(bench: FeedBench) -> None:
    """By the cursor, also to a feed that was opened anew."""
    cursor, _, _ = _changes(bench.open(bench.connect), "")
    _, versions, removed = _changes(bench.open(bench.connect), cursor)
    assert (versions, removed) == ({}, set())


def a_change_is_told_once(bench: FeedBench) -> None:
    """What came, what changed (with another version), what went."""
    feed = bench.open(bench.connect)
    cursor, before, _ = _changes(feed, "")
    changed, removed = sorted(bench.published())[:2]
    bench.publish(changed, b'{"id": "changed"}')
    bench.publish(removed, None)
    bench.publish("came", b'{"id": "came"}')
    cursor, after, gone = _changes(feed, cursor)
    assert after.keys() == {changed, "came"}
    assert after[changed] != before[changed]
    assert gone == {removed}
    assert _changes(feed, cursor)[1:] == ({}, set())


def what_is_not_there_is_said(bench: FeedBench) -> None:
    """NotThere, also for what is no path of the feed."""
    for name in ("never-published", "../outside", "", "a" * 1000):
        feed = bench.open(bench.connect)
        bad_ways.refusal_of(partial(_content, feed, name), NotThere)


def a_broken_document_is_no_short_one(bench: FeedBench) -> None:
    """ServiceUnreachable; and whole again afterwards, by the same feed."""
    feed, (name, *_) = bench.open(bench.connect), sorted(bench.published())
    with bench.breaking():
        bad_ways.refusal_of(partial(_content, feed, name), ServiceUnreachable)
    assert _content(feed, name) == bench.published()[name]


def check_says_what_it_is(bench: FeedBench) -> None:
    """In a few words."""
    told = bench.open(bench.connect).check()
    assert told.isprintable(), told
    assert 0 < len(told) <= 300, told


def a_way_that_is_shut_is_refused(bench: FeedBench) -> None:
    """A feed that reaches nothing has nothing to hold here."""
    bad_ways.shut_is_refused(bench.open, lambda feed: feed.changes(""))


def a_broken_answer_is_refused(bench: FeedBench) -> None:
    """Never taken for a feed in which nothing is left."""
    bad_ways.broken_is_refused(bench.open, lambda feed: feed.changes(""))


def silence_is_given_up(bench: FeedBench) -> None:
    """In a few times its limit."""
    bad_ways.silence_is_given_up(bench.open, lambda feed: feed.changes(""))


def nothing_is_reached_but_through_connect(bench: FeedBench) -> None:
    """No socket, name or process, but by the host's ``connect``."""
    bad_ways.nothing_else_is_reached(bench.open, bench.connect, lambda feed: feed.changes(""))


FEED_CHECKS: tuple[Callable[[FeedBench], None], ...] = (
    everything_comes_from_an_empty_cursor,
    what_is_known_is_not_told_again,
    a_change_is_told_once,
    what_is_not_there_is_said,
    a_broken_document_is_no_short_one,
    check_says_what_it_is,
    a_way_that_is_shut_is_refused,
    a_broken_answer_is_refused,
    silence_is_given_up,
    nothing_is_reached_but_through_connect,
)


def _changes(feed: Feed, cursor: str) -> tuple[str, dict[str, str], set[str]]:
    """The cursor afterwards, name -> version of what is there, names of what went."""
    versions: dict[str, str] = {}
    removed: set[str] = set()
    for _ in range(_PAGES_MAX):
        said = feed.changes(cursor)
        assert isinstance(said, FeedChanges), said
        names = [one.name for one in said.documents]
        assert len(names) == len(set(names)), "a document is told twice"
        versions |= {one.name: one.version for one in said.documents}
        removed |= set(said.removed)
        assert said.is_complete or said.cursor != cursor, "it is not complete, and does not go on"
        cursor = said.cursor
        if said.is_complete:
            return cursor, versions, removed
    raise AssertionError(f"it was not complete after {_PAGES_MAX} pages")


def _content(feed: Feed, name: str) -> bytes:
    with feed.document(name) as pieces:
        return b"".join(pieces)
