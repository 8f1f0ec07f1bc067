"""The kit of every check, on a host that is played, and what is judged."""

import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from stella.sdk import Connect, Connection, Kind, Outcome, manifest_beside
from stella.sdk.testing import CHECK_CHECKS, CheckBench

from stella_plugin_your_name import PLUGIN
from stella_plugin_your_name.clock import ClockCheck


class Service:
    """A host that answers with the time, on a port of its own."""

    def __init__(self) -> None:
        self.late = timedelta()

    @contextmanager
    def serving(self) -> Iterator[int]:
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.send_response(200)
                self.end_headers()

            def date_time_string(self, timestamp: float | None = None) -> str:
                at = datetime.now(UTC) - service.late
                return super().date_time_string(at.timestamp())

            def log_message(self, *_: object) -> None:
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield server.server_port
            finally:
                server.shutdown()
                thread.join()


@pytest.fixture
def bench() -> Iterator[CheckBench]:
    service = Service()

    @contextmanager
    def theirs_is_another() -> Iterator[None]:
        service.late = timedelta(hours=1)
        yield
        service.late = timedelta()

    with service.serving() as port:

        def connect(host: str, _: int, timeout: float) -> socket.socket:
            assert host == "example.com"
            return socket.create_connection(("127.0.0.1", port), timeout)

        def open_with(way: Connect) -> ClockCheck:
            return ClockCheck(Connection("", way, timeout_s=1))

        yield CheckBench(open_with, connect, theirs_is_another, lambda: service.late)


@pytest.mark.parametrize("check", CHECK_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_what_every_check_holds(
    check: Callable[[CheckBench], None], bench: CheckBench
) -> None:
    check(bench)


@pytest.mark.parametrize(
    ("drift_s", "outcome"),
    [(0, Outcome.PASS), (-20, Outcome.PASS), (40, Outcome.BLOCKED), (-4000, Outcome.BLOCKED)],
)
def test_what_is_far_from_their_time_is_blocked(
    drift_s: int, outcome: Outcome, bench: CheckBench
) -> None:
    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=drift_s)

    (found,) = ClockCheck(Connection("", bench.connect), now=now).examine()
    assert found.outcome is outcome


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_plugin_your_name")
    for kind in Kind:
        said = {one.name for one in manifest.contributes if one.kind is kind}
        assert PLUGIN.names(kind) == said
