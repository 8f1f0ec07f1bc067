"""Redirects into private networks, through the server's own guard: nobody is let there by one."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from connectors.registries import Answer, played_registry
from stella.app.outbound import connect_within
from stella.hub.errors import HostNotGranted
from stella.hub.guard import Allowed
from stella.kernel import Digest
from stella.plugin.contract.registry import Descriptor, RegistryConfig
from stella.sdk import Connect, Connection, StellaError, StepCall
from stella_connectors.feeds import HttpFeed
from stella_connectors.oidc import open_oidc
from stella_connectors.openai_compatible import ChatModel
from stella_connectors.prometheus import PrometheusSource
from stella_connectors.registry import open_registry
from stella_connectors.steps import HttpCheck

LAYER = Descriptor("application/octet-stream", Digest.of(b"layer"), 5)
PLACES = (
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/x",
    "http://[::ffff:127.0.0.1]:{port}/x",
    "http://localhost:{port}/x",
    "http://127.0.0.2:{port}/x",
)


@pytest.fixture
def inside() -> Iterator[tuple[int, list[str]]]:
    """A service in the private network: its port, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port, asked
        server.shutdown()
        thread.join(10)


def _registry(host: str, connect: Connect) -> Any:
    return open_registry(RegistryConfig(host, connect=connect, timeout_s=2))


def _blob(host: str, connect: Connect) -> None:
    with _registry(host, connect).blob("shop/web", LAYER) as chunks:
        b"".join(chunks)


def _profile(host: str, connect: Connect, **config: Any) -> Connection:
    credentials = {"key": lambda: "canary"} if "model" in config else {}
    return Connection(
        f"http://{host}", connect, config=config, credentials=credentials, timeout_s=2
    )


def _document(host: str, connect: Connect) -> None:
    with HttpFeed(_profile(host, connect)).document("a.json") as pieces:
        b"".join(pieces)


def _check(host: str, connect: Connect) -> None:
    inputs = {"url": f"http://{host}/", "withinS": 1, "everyS": 1}
    HttpCheck(Connection("", connect, timeout_s=1)).run(
        StepCall("run", "http-check", "key", 1, inputs, {})
    )


USES: dict[str, Callable[[str, Connect], object]] = {
    "manifest": lambda host, connect: _registry(host, connect).manifest("shop/web", "1"),
    "tags": lambda host, connect: _registry(host, connect).tags("shop/web"),
    "referrers": lambda host, connect: _registry(host, connect).referrers("shop/web", LAYER.digest),
    "blob": _blob,
    "feed": lambda host, connect: HttpFeed(_profile(host, connect)).changes(""),
    "document": _document,
    "metrics": lambda host, connect: PrometheusSource(_profile(host, connect)).query(
        "up", datetime(2030, 1, 1, tzinfo=UTC)
    ),
    "model": lambda host, connect: ChatModel(_profile(host, connect, model="m")).check(),
    "provider": lambda host, connect: open_oidc(
        _profile(host, connect, client_id="stella")
    ).metadata(),
    "http-check": _check,
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("place", PLACES)
def test_a_redirect_leads_nobody_inside(
    use: str, place: str, inside: tuple[int, list[str]]
) -> None:
    port, asked = inside
    to = place.format(port=port)
    shown: list[str] = []

    def play(_method: str, path: str, _headers: Any, _body: bytes) -> Answer:
        shown.append(path)
        return Answer(307, json.dumps({"at": to}).encode(), {"location": to})

    with played_registry(play) as host:
        allowed = Allowed((host.partition(":")[0],))
        with pytest.raises(StellaError) as refusal:
            USES[use](host, connect_within(allowed, is_offline=False))
    assert shown, "it was not asked at all"
    assert asked == []
    assert refusal.value.remedy.advice


@pytest.mark.parametrize("place", PLACES[:2])
@pytest.mark.parametrize("use", ["manifest", "blob", "document"])
def test_who_follows_redirects_is_told_which_host_was_not_granted(use: str, place: str) -> None:
    answer = partial(Answer, 307, headers={"location": place})
    with played_registry(lambda *_: answer()) as host:
        connect = connect_within(Allowed((host.partition(":")[0],)), is_offline=False)
        with pytest.raises(HostNotGranted) as refusal:
            USES[use](host, connect)
    assert place.split("/")[2] in str(refusal.value)
