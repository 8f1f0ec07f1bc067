"""The kit of every feed on a mirror that is played; single files by ETag and Range."""

import hashlib
import http.server
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from stella.sdk import Connection, Kind, NotThere, ServiceUnreachable, manifest_beside
from stella.sdk.testing import FEED_CHECKS, FeedBench
from stella_connectors.feeds import PLUGIN, HttpFeed


def connect(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


@dataclass
class Publisher:
    """documents: path -> content. cuts: how many answers still break off in the middle."""

    endpoint: str = ""
    documents: dict[str, bytes] = field(default_factory=dict)
    cuts: int = 0
    has_head: bool = True
    resumes: bool = False
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def publish(self, name: str, content: bytes | None) -> None:
        self.documents.pop(name, None)
        if content is not None:
            self.documents[name] = content

    @contextmanager
    def breaking(self) -> Iterator[None]:
        self.cuts = 1_000
        yield
        self.cuts = 0

    def content(self, path: str) -> bytes | None:
        if path == "index.json":
            versions = {name: etag(one) for name, one in self.documents.items()}
            return json.dumps({"documents": versions}).encode()
        return self.documents.get(path)


def etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:16]}"'


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    played = Publisher()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(is_head=True)

        def do_GET(self) -> None:
            self._answer(is_head=False)

        def _answer(self, *, is_head: bool) -> None:
            path = self.path.removeprefix("/")
            if path.startswith("moved/"):
                self.send_response(302)
                self.send_header("Location", f"{elsewhere}/{path.removeprefix('moved/')}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            played.asked.append((self.command, path, self.headers.get("Range") or ""))
            content = played.content(path)
            status = 404 if content is None else 200
            if is_head and not played.has_head:
                status, content = 405, b""
            body, start = content or b"", 0
            if played.resumes and self.headers.get("If-Range") == etag(body):
                start, status = int(self.headers["Range"][6:-1]), 206
            self.send_response(status)
            self.send_header("Content-Length", str(len(body) - start))
            self.send_header("ETag", etag(body))
            if played.resumes:
                self.send_header("Accept-Ranges", "bytes")
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            self.end_headers()
            is_cut = not is_head and played.cuts > 0 and path != "index.json"
            played.cuts -= is_cut
            rest = body[start:]
            if not is_head:
                self.wfile.write(rest[: len(rest) // 2] if is_cut else rest)
            self.close_connection = is_cut

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        played.endpoint = f"http://127.0.0.1:{server.server_port}"
        elsewhere = f"http://localhost:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield played
        finally:
            server.shutdown()
            thread.join()


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
