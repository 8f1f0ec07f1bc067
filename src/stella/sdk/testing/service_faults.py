"""The checks of every service that is spoken to by HTTP: each answer is broken in every way.

Run each of SERVICE_HTTP_CHECKS as a test; a secret store its own list, which is made of the same.
"""

import json
import socket
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from stella.kernel import Remedy, StellaError
from stella.plugin.contract.connection import Connect
from stella.plugin.refusals import (
    NotSupported,
    NotThere,
    ServiceRefused,
    ServiceUnreachable,
)
from stella.sdk.testing.between import Between, Fault, answered, standing_between
from stella.sdk.testing.check_checks import INSIDE
from stella.sdk.testing.telling import untold


def _as_it_is(_url: str, body: bytes) -> bytes:
    return body


@dataclass(frozen=True, slots=True)
class ServiceHttpBench:
    """A service, and one use of it that has several requests' worth of answers to break.

    endpoint: where it really is. open_at: (endpoint, connect) -> the connector, which waits for a
    second at most. use: uses it once and asserts what it gave. secrets: what lets in, now.
    unreachable: how it says that no usable answer came; others: what else it may refuse with.
    endless: (URL, body of its answer) -> the body with one more page named in it, where the service names
    its next page there and not by the header Link. too_large: how it says so where an answer has no end.
    """

    endpoint: str
    open_at: Callable[[str, Connect], Any]
    use: Callable[[Any], None]
    secrets: Callable[[], tuple[str, ...]] = tuple
    unreachable: type[StellaError] = ServiceUnreachable
    others: tuple[type[StellaError], ...] = (ServiceRefused, NotThere, NotSupported)
    endless: Callable[[str, bytes], bytes] = _as_it_is
    too_large: tuple[type[StellaError], ...] = ()


CANARY = "c4n4ry-8a7d6f5e4b3c2d1e"
_REQUESTS_MAX = 12
_PATIENCE = 3
_PAGES_MAX = 1000
_AT_ONCE = 6
_WAITING_AT_ONCE = 16  # these wait more than they work
_SECONDS_MAX = 12.0
_WRONG_OBJECTS: tuple[object, ...] = (
    [],
    [CANARY],
    7,
    None,
    CANARY,
    {},
    {"data": None, "auth": None, "SecretString": None, "VersionId": None},
    {"data": [CANARY], "auth": [CANARY], "SecretString": [CANARY], "VersionId": [CANARY]},
    {"data": CANARY, "auth": CANARY, "SecretString": {"a": CANARY}, "VersionId": CANARY},
    {
        "data": {"data": CANARY, "metadata": 7},
        "auth": {"client_token": 7, "lease_duration": CANARY},
    },
    {
        "data": {"data": {}, "metadata": {"version": CANARY}},
        "auth": {"client_token": f"{CANARY}\n"},
    },
    {"data": {"path": 7, "type": CANARY, "options": CANARY}, "SecretString": CANARY},
    {"data": {"path": "", "type": "kv", "options": []}, "SecretBinary": CANARY, "VersionId": ""},
    {"data": {"data": {"a": CANARY}, "metadata": {}}, "lease_id": 7, "lease_duration": -1},
    {"data": {"a": CANARY}, "lease_id": CANARY, "lease_duration": 10**400, "errors": CANARY},
    {"__type": [CANARY], "errors": {CANARY: CANARY}, "Message": CANARY},
)
_CUT = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n"
_BROKEN = (
    Fault("nothing at all", b""),
    Fault("no HTTP", f"{CANARY}\r\n\r\n".encode()),
    Fault("half a head", f"HTTP/1.1 200 OK\r\nX: {CANARY}".encode()),
    Fault("half a body", _CUT + f'{{"data": {{"a": "{CANARY}'.encode()),
    Fault(
        "a length that is none", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n" + CANARY.encode()
    ),
    Fault("a hundred thousand headers", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000),
    Fault("chunks that are none", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    Fault("no JSON", answered(200, f"<html>{CANARY}</html>".encode(), "text/html")),
    Fault("no text", answered(200, b'{"data": "\xff\xfe' + CANARY.encode() + b'"}')),
    Fault("half a JSON", answered(200, f'{{"data": {{"data": {{"a": "{CANARY}"'.encode())),
    Fault("nested without end", answered(200, b'{"data":' * 100_000)),
    Fault("nested XML", answered(200, b"<a>" * 300_000, "text/xml")),
    Fault("entities", answered(200, b'<!DOCTYPE a [<!ENTITY b "bb">]><Arn>&b;</Arn>', "text/xml")),
    Fault("a huge number", answered(200, b'{"data": ' + b"9" * 100_000 + b"}")),
    Fault("two megabytes", answered(200, b'{"data": "' + b"a" * 2_000_000 + b'"}')),
    Fault("not modified", answered(304, b"")),
    Fault("nothing to say", answered(204, b"")),
    Fault("a redirect to nowhere", answered(302, CANARY.encode())),
    Fault("a redirect to no URL", answered(307, b"", headers=f"Location: x://{CANARY}/\r\n")),
    Fault("a redirect to itself", answered(307, b"", headers="Location: /\r\n")),
    *(
        Fault(f"HTTP {status}", answered(status, json.dumps({"errors": [CANARY]}).encode()))
        for status in (400, 401, 403, 404, 405, 418)
    ),
    *(
        Fault(f"wrong: {one!r:.60}", answered(200, json.dumps(one).encode()))
        for one in _WRONG_OBJECTS
    ),
)
_SLOW = (
    Fault("silence", b"", every_s=0.1),
    Fault("a head that drips", b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.05),
    Fault("a body that drips", _CUT, b"x", 0.05),
    Fault("a body that stops", _CUT + b'{"data":', every_s=0.1),
    Fault("a body without end", b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
    Fault("early answers without end", b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01),
)
_BUSY = tuple(
    Fault(f"HTTP {status}", answered(status, json.dumps({"errors": [CANARY]}).encode()))
    for status in (408, 429, 500, 502, 503, 504)
)


def the_host_opens_every_socket(bench: ServiceHttpBench) -> None:
    """As many sockets as it was asked for; and where it opens none, none is opened."""
    asked: list[tuple[str, int]] = []

    def connect(host: str, port: int, timeout: float) -> socket.socket:
        asked.append((host, port))
        return connect_anywhere(host, port, timeout)

    with standing_between(bench.endpoint) as between:
        bench.use(bench.open_at(between.endpoint, connect))
        assert between.connections == len(asked) > 0

        def never(host: str, port: int, timeout: float) -> socket.socket:
            raise ConnectionRefusedError(f"{host}:{port} in {timeout} s")

        before = between.connections
        refusal = _outcome(bench, bench.open_at(between.endpoint, never))
        assert isinstance(refusal, bench.unreachable), refusal
        assert between.connections == before


def an_address_where_nobody_is_is_unreachable(bench: ServiceHttpBench) -> None:
    """And it is said that another try may help."""
    with standing_between(None) as gone:
        pass
    refusal = _outcome(bench, bench.open_at(gone.endpoint, connect_anywhere))
    assert isinstance(refusal, bench.unreachable), refusal
    assert refusal.retry_may_help


def a_broken_answer_is_one_refusal(bench: ServiceHttpBench) -> None:
    """Whichever request it is the answer to; nothing of it is told."""
    _break_each(bench, _BROKEN, (bench.unreachable, *bench.others))


def an_answer_without_end_is_given_up(bench: ServiceHttpBench) -> None:
    """In a few times the connection's time limit."""
    _break_each(bench, _SLOW, (bench.unreachable, *bench.too_large), _WAITING_AT_ONCE)


def a_busy_service_may_be_asked_again(bench: ServiceHttpBench) -> None:
    """Too many requests, and what is wrong on its side."""
    _break_each(bench, _BUSY, (bench.unreachable,))


def a_list_without_end_is_given_up(bench: ServiceHttpBench) -> None:
    """Each answer names a next page, for ever: a refusal, or what was asked for, in time."""
    endless = 'Link: <?page=2>; rel="next"\r\n'
    with standing_between(bench.endpoint, adding=endless, changing=bench.endless) as between:
        outcome = _in_time(bench, between, "pages without end")
    assert outcome is None or isinstance(outcome, (bench.unreachable, *bench.others)), outcome
    assert len(between.requests) <= _PAGES_MAX, "it follows for ever"


def no_credential_follows_to_another_host(bench: ServiceHttpBench) -> None:
    """A redirect leads nowhere, or there without anything that lets in."""
    with standing_between(None, Fault("there", answered(200, b"{}"))) as other:
        place = other.endpoint.replace("127.0.0.1", "localhost")
        for status in (301, 302, 303, 307, 308):
            headers = f"Location: {place}/v1/elsewhere\r\n"
            fault = Fault(f"a redirect, {status}", answered(status, b"", headers=headers))
            _break_each(bench, (fault,), (bench.unreachable, *bench.others))
        for sent in other.requests:
            assert not {"authorization", "cookie"} & sent.headers.keys(), sent.target
            assert not any("token" in name for name in sent.headers), sent.target
            assert not sent.body, sent.target
            told = f"{sent.target} {sent.headers}"
            assert not any(secret in told for secret in bench.secrets()), sent.target


def a_redirect_into_a_private_network_is_refused(bench: ServiceHttpBench) -> None:
    """Where the host lets it reach the service alone, it reaches nothing else, and says so."""
    kinds = (bench.unreachable, *bench.others, ServiceRefused)
    with standing_between(None, Fault("inside", answered(200, b"{}"))) as inside:
        port = urlsplit(inside.endpoint).port
        for place in (*INSIDE, f"http://[::ffff:127.0.0.1]:{port}/", f"http://localhost:{port}/"):
            headers = f"Location: {place}\r\n"
            fault = Fault(f"a redirect to {place}", answered(307, b"", headers=headers))
            _break_each(bench, (fault,), kinds, ways=_only)
        assert inside.connections == 0, "it was reached"


SERVICE_HTTP_CHECKS: tuple[Callable[[ServiceHttpBench], None], ...] = (
    the_host_opens_every_socket,
    an_address_where_nobody_is_is_unreachable,
    a_broken_answer_is_one_refusal,
    an_answer_without_end_is_given_up,
    a_busy_service_may_be_asked_again,
    a_list_without_end_is_given_up,
    no_credential_follows_to_another_host,
    a_redirect_into_a_private_network_is_refused,
)


def _break_each(
    bench: ServiceHttpBench,
    faults: Iterable[Fault],
    kinds: tuple[type[StellaError], ...],
    at_once: int = _AT_ONCE,
    *,
    ways: Callable[[str], Connect] = lambda _endpoint: connect_anywhere,
) -> None:
    """Break each answer that one use needs: it gives what it should all the same, or a refusal.

    ways: endpoint -> the way to the network that it is given.
    """
    needed = _requests_needed(bench)
    breaks = [(fault, at) for fault in faults for at in range(1, needed + 1)]
    with ThreadPoolExecutor(at_once) as pool:
        tuple(pool.map(lambda one: _break_by(bench, one[0], one[1], kinds, ways), breaks))


def _requests_needed(bench: ServiceHttpBench) -> int:
    """How many requests one use takes where nothing breaks."""
    with standing_between(bench.endpoint) as between:
        outcome = _in_time(bench, between, "nothing is broken")
    assert outcome is None, f"nothing is broken: {outcome!r}"
    needed = len(between.requests)
    assert needed, "nothing was asked"
    assert needed < _REQUESTS_MAX, f"one use takes {_REQUESTS_MAX} requests or more"
    return needed


def _break_by(
    bench: ServiceHttpBench,
    fault: Fault,
    at: int,
    kinds: tuple[type[StellaError], ...],
    ways: Callable[[str], Connect],
) -> None:
    for _ in range(_PATIENCE):
        with standing_between(bench.endpoint, fault, at) as between:
            name, way = f"{fault.name}, answer {at}", ways(between.endpoint)
            outcome = _in_time(bench, between, name, way)
        if between.broken or outcome is None:
            break  # else nothing was broken: the service itself was slow, and is asked again
    where = f"{fault.name}, answer {at}: {outcome!r}"
    # What the first use made need not be made again: a later use may take fewer requests.
    assert between.broken or (outcome is None and at > 1), where
    assert outcome is None or isinstance(outcome, kinds), where


def _in_time(
    bench: ServiceHttpBench, between: Between, where: str, way: Connect | None = None
) -> StellaError | None:
    """The outcome; it may never come, and the kit must not wait for it."""
    found: list[StellaError | None] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            found.append(_outcome(bench, bench.open_at(between.endpoint, way or connect_anywhere)))
        except Exception as error:  # noqa: BLE001 - raised again below, in the thread that waits
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(_SECONDS_MAX)
    assert found or failed, f"{where}: nothing after {_SECONDS_MAX:.0f} s"
    if failed:
        raise AssertionError(f"{where}: {failed[0]!r}") from failed[0]
    return found[0]


def _outcome(bench: ServiceHttpBench, opened: Any) -> StellaError | None:
    """The refusal of one use, which tells nothing; None where it gave what it should."""
    try:
        bench.use(opened)
    except StellaError as refusal:
        untold(refusal, (CANARY, *bench.secrets()))
        return refusal
    return None


def _only(endpoint: str) -> Connect:
    """To the endpoint, and nowhere else."""
    parts = urlsplit(endpoint)

    def connect(host: str, port: int, timeout: float) -> socket.socket:
        if (host, port) != (parts.hostname, parts.port):
            raise ServiceRefused("the host does not allow it", remedy=Remedy("Grant it."))
        return connect_anywhere(host, port, timeout)

    return connect


def connect_anywhere(host: str, port: int, timeout: float) -> socket.socket:
    """A way to the network that lets everything through."""
    return socket.create_connection((host, port), timeout)
