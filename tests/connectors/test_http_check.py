"""The step http-check: the kit of steps on a real port, and what it waits for."""

import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema_rs
import pytest

from fixtures.road import connect_nowhere
from stella.hub.errors import HostNotGranted
from stella.kernel import Remedy
from stella.plugin import load_plugins
from stella.sdk import Connect, Connection, Kind, StepCall, StepFailed, manifest_beside
from stella.sdk.testing import STEP_CHECKS, StepBench
from stella_connectors.steps import PLUGIN, HttpCheck

CONTRIBUTION = next(
    one
    for one in manifest_beside("stella_connectors.steps").contributes
    if one.name == "http-check"
)
URL = "http://app.example/health"


class Service:
    """Answers with the next of ``statuses``, the last one for good; every body says hello."""

    def __init__(self) -> None:
        self.statuses = [200]
        self.paths: list[str] = []

    def serve(self) -> http.server.ThreadingHTTPServer:
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.paths.append(self.path)
                is_bad = self.path.startswith("/bad")
                status = 500 if is_bad else service.statuses[0]
                if len(service.statuses) > 1:
                    service.statuses.pop(0)
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "http://elsewhere.example/")
                self.send_header("Content-Length", "5")
                self.end_headers()
                self.wfile.write(b"hello")

            def log_message(self, *_: object) -> None:
                pass

        return http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def connect(service: Service) -> Iterator[Connect]:
    with service.serve() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()

        def open_socket(host: str, port: int, timeout: float) -> socket.socket:
            assert (host, port) == ("app.example", 80)
            return socket.create_connection(("127.0.0.1", server.server_port), timeout)

        yield open_socket
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("check", STEP_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_what_every_step_holds(
    check: Callable[[StepBench], None], connect: Connect
) -> None:
    check(
        StepBench(
            open=lambda way: HttpCheck(Connection("", way, timeout_s=1)),
            connect=connect,
            inputs={"url": URL, "withinS": 1, "everyS": 1},
            failing={"url": "http://app.example/bad", "withinS": 1, "everyS": 1},
            state=lambda: "it changes nothing",
            output_schema=CONTRIBUTION.output_schema,
        )
    )


def call(**inputs: Any) -> StepCall:
    given = {"url": URL, **inputs}
    schema = jsonschema_rs.Draft202012Validator(dict(CONTRIBUTION.config_schema))
    assert not list(schema.iter_errors(given))
    return StepCall("run", "smoke", "run:smoke", 1, given)


def test_it_asks_until_it_answers_as_expected(service: Service, connect: Connect) -> None:
    service.statuses = [503, 503, 204]
    waited: list[float] = []
    step = HttpCheck(Connection("", connect), clock=lambda: sum(waited), wait=waited.append)
    result = step.run(call(status=[200, 204], everyS=7))
    assert result.outputs == {"status": 204, "asked": 3}
    assert waited == [7, 7]
    assert result.summary == "http://app.example/health answered HTTP 204 the 3. time"


@pytest.mark.parametrize(
    ("statuses", "inputs", "why"),
    [
        ([503], {}, "HTTP 503"),
        ([200], {"contains": "goodbye"}, "does not contain 'goodbye'"),
        ([302], {}, "redirects to another host"),
        ([200], {"status": [201]}, "HTTP 200"),
    ],
)
def test_its_verdict_says_what_came_last(
    service: Service, connect: Connect, statuses: list[int], inputs: dict, why: str
) -> None:
    service.statuses = statuses
    waited: list[float] = []
    step = HttpCheck(Connection("", connect), clock=lambda: sum(waited), wait=waited.append)
    with pytest.raises(StepFailed, match=why):
        step.run(call(withinS=10, everyS=3, **inputs))
    assert sum(waited) == 9


def test_a_host_that_is_not_granted_is_no_verdict() -> None:
    def refuse(host: str, port: int, timeout: float) -> socket.socket:
        raise HostNotGranted(f"{host}:{port} {timeout}", remedy=Remedy("Grant it."))

    with pytest.raises(HostNotGranted):
        HttpCheck(Connection("", refuse)).run(call())


def test_nobody_there_is_a_verdict() -> None:
    waited: list[float] = []
    step = HttpCheck(Connection("", connect_nowhere), clock=lambda: sum(waited), wait=waited.append)
    with pytest.raises(StepFailed, match="did not answer as expected within 60 s"):
        step.run(call())


def test_what_may_be_a_secret_in_a_url_is_not_told(service: Service, connect: Connect) -> None:
    result = HttpCheck(Connection("", connect)).run(call(url=f"{URL}?token=hidden"))
    assert "hidden" not in result.summary
    assert service.paths == ["/health?token=hidden"]


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"url": "ftp://app.example/"},
        {"url": "http://user:password@app.example/"},
        {"url": URL, "withinS": 0},
        {"url": URL, "status": []},
        {"url": URL, "within": 3},
    ],
)
def test_inputs_that_it_cannot_use_are_refused_by_its_schema(inputs: dict) -> None:
    schema = jsonschema_rs.Draft202012Validator(dict(CONTRIBUTION.config_schema))
    assert list(schema.iter_errors(inputs))


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_connectors.steps")
    for kind in Kind:
        assert PLUGIN.names(kind) == {one.name for one in manifest.contributes if one.kind is kind}
    assert load_plugins().refused == ()
