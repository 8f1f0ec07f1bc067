"""The kit of every feed on a mirror that is played; single files by ETag and Range."""

import json
import socket
from collections.abc import Callable, Iterator

import pytest

from fixtures.publishers import Publisher, publishing
from stella.sdk import Connection, Kind, NotThere, ServiceUnreachable, manifest_beside
from stella.sdk.testing import FEED_CHECKS, FeedBench
from stella_connectors.feeds import PLUGIN, HttpFeed


def connect(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with publishing() as played:
        yield played


def opened(publisher: Publisher, **documents: str) -> HttpFeed:
    config = {"documents": documents} if documents else {}
    return HttpFeed(Connection(publisher.endpoint, connect, config, timeout_s=2))


def content_of(feed: HttpFeed, name: str) -> bytes:
    with feed.document(name) as pieces:
        return b"".join(pieces)


@pytest.mark.long
@pytest.mark.parametrize("check", FEED_CHECKS, ids=lambda check: check.__name__)
def test_a_mirror_holds_what_every_feed_holds(
    check: Callable[[FeedBench], None], publisher: Publisher
) -> None:
    for name in ("a.json", "b/c.json", "d.json"):
        publisher.publish(name, name.encode() * 1000)
    check(
        FeedBench(
            lambda way: HttpFeed(Connection(publisher.endpoint, way, timeout_s=1)),
            connect,
            lambda: dict(publisher.documents),
            publisher.publish,
            publisher.breaking,
        )
    )


def test_single_files_are_asked_by_their_head_and_told_where_they_changed(publisher: Publisher):
    publisher.publish("data/json", b"{}")
    feed = opened(publisher, **{"tracker.json": "data/json"})
    first = feed.changes("")
    assert [one.name for one in first.documents] == ["tracker.json"]
    assert feed.changes(first.cursor).documents == ()
    publisher.publish("data/json", b"[]")
    assert [one.name for one in feed.changes(first.cursor).documents] == ["tracker.json"]
    assert content_of(feed, "tracker.json") == b"[]"
    assert {method for method, _, _ in publisher.asked} == {"HEAD", "GET"}


def test_publishers_may_keep_their_files_elsewhere(publisher: Publisher):
    publisher.publish("a.json", b"{}")
    feed = opened(publisher, **{"a.json": "moved/a.json"})
    first = feed.changes("")
    assert first.documents[0].version
    assert feed.changes(first.cursor).documents == ()
    assert content_of(feed, "a.json") == b"{}"


def test_where_the_publisher_says_no_version_it_is_always_brought(publisher: Publisher):
    publisher.publish("a.json", b"{}")
    publisher.has_head = False
    feed = opened(publisher, **{"a.json": "a.json"})
    cursor = feed.changes("").cursor
    assert [one.version for one in feed.changes(cursor).documents] == [""]


def test_a_directory_of_a_csaf_provider_says_what_changed(publisher: Publisher):
    for name in ("2030/cve-1.json", "2030/cve-2.json"):
        publisher.publish(name, b"{}")
    rows = '"2030/cve-1.json","2030-01-01T00:00:00+00:00"\n2030/cve-2.json,2030-01-02T00:00:00Z\n'
    publisher.publish("changes.csv", rows.encode())
    config = {"csaf": True}
    feed = HttpFeed(Connection(publisher.endpoint, connect, config, timeout_s=2))
    first = feed.changes("")
    assert [one.name for one in first.documents] == ["2030/cve-1.json", "2030/cve-2.json"]
    publisher.publish("changes.csv", b'"2030/cve-1.json","2030-02-01T00:00:00Z"\n')
    then = feed.changes(first.cursor)
    assert ([one.name for one in then.documents], then.removed) == (
        ["2030/cve-1.json"],
        ("2030/cve-2.json",),
    )
    assert content_of(feed, "2030/cve-1.json") == b"{}"
    for broken in (b"", b"<html>Sign in</html>", b'"../../etc/passwd"'):
        publisher.publish("changes.csv", broken)
        with pytest.raises(ServiceUnreachable):
            feed.changes(first.cursor)


def about(*locations: str, spec: str = "0.1") -> bytes:
    told = {"spec_version": spec, "locations": [{"url": one} for one in locations]}
    return json.dumps({"name": "hub", "description": "", "versions": [told]}).encode()


def test_a_vex_repository_says_where_its_archive_lies(publisher: Publisher):
    publisher.publish("hub/main.tar.gz", b"packed")
    archive = f"{publisher.endpoint}/hub/main.tar.gz"
    publisher.publish(
        "vex-repository.json", about(f"{publisher.endpoint}/api", f"{archive}//hub-main")
    )
    config = {"repository": True, "content": "vex", "plain_http": True}
    feed = HttpFeed(Connection(publisher.endpoint, connect, config, timeout_s=2))
    first = feed.changes("")
    assert [one.name for one in first.documents] == ["hub-main/main.tar.gz"]
    assert feed.changes(first.cursor).documents == ()
    assert content_of(feed, "hub-main/main.tar.gz") == b"packed"
    publisher.publish("hub/main.tar.gz", b"packed anew")
    assert len(feed.changes(first.cursor).documents) == 1
    with pytest.raises(NotThere):
        content_of(feed, "main.tar.gz")


@pytest.mark.parametrize(
    "told",
    [
        b"[]",
        b"{}",
        b'{"versions": 7}',
        b'{"versions": [{"spec_version": "0.1", "locations": [7, {"url": 7}]}]}',
        about("https://hub.example/main.tar.gz", spec="1.0"),
        about("https://hub.example/main.exe"),
        about("file:///etc/main.tar.gz"),
        about("https://hub.example/main.tar.gz//../up"),
        b'{"versions": {"v0": {"spec_version": "v0.1"}}}',
    ],
)
def test_a_vex_repository_that_names_no_archive_is_broken(publisher: Publisher, told: bytes):
    publisher.publish("vex-repository.json", told)
    config = {"repository": True, "content": "vex", "plain_http": True}
    with pytest.raises(ServiceUnreachable, match="names no archive"):
        HttpFeed(Connection(publisher.endpoint, connect, config, timeout_s=2)).changes("")


def test_a_file_that_is_not_there_is_no_removal(publisher: Publisher):
    with pytest.raises(NotThere):
        opened(publisher, **{"a.json": "a.json"}).changes("")


def test_a_mirror_whose_index_lists_nothing_is_broken_not_empty(publisher: Publisher):
    publisher.publish("a.json", b"{}")
    feed = opened(publisher)
    cursor = feed.changes("").cursor
    publisher.publish("a.json", None)
    with pytest.raises(ServiceUnreachable, match="its index lists no documents"):
        feed.changes(cursor)


def test_what_broke_off_goes_on_where_it_broke(publisher: Publisher):
    content = bytes(range(256)) * 4_000
    publisher.publish("a.json", content)
    publisher.cuts, publisher.resumes = 2, True
    assert content_of(opened(publisher, **{"a.json": "a.json"}), "a.json") == content
    ranges = [asked for _, _, asked in publisher.asked if asked]
    assert len(ranges) == 2
    assert ranges[0] == f"bytes={len(content) // 2}-"


def test_what_changed_meanwhile_is_not_patched_together(publisher: Publisher):
    publisher.publish("a.json", b"a" * 600_000)
    publisher.cuts, publisher.resumes = 1, True
    feed = opened(publisher, **{"a.json": "a.json"})
    with feed.document("a.json") as pieces:
        next(pieces)
        publisher.publish("a.json", b"b" * 600_000)
        with pytest.raises(ServiceUnreachable):
            list(pieces)


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_connectors.feeds")
    for kind in Kind:
        assert PLUGIN.names(kind) == {one.name for one in manifest.contributes if one.kind is kind}
