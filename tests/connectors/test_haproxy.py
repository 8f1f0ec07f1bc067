"""The kit of routers on a real HAProxy: weights, and that no request is lost by changing them."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from fixtures.measured import Balancer
from plugin.strangers import eventually
from stella.sdk import (
    Connection,
    Kind,
    NotSupported,
    ServiceRefused,
    ServiceUnreachable,
    Weight,
    manifest_beside,
)
from stella.sdk.testing import ROUTER_CHECKS, RouterBench
from stella_connectors.haproxy import PLUGIN, HaproxyRouter


def connect(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


def opened(balancer: Balancer) -> HaproxyRouter:
    return HaproxyRouter(Connection(f"tcp://127.0.0.1:{balancer.api}", connect, timeout_s=5))


@pytest.mark.program
@pytest.mark.parametrize("check", ROUTER_CHECKS, ids=lambda check: check.__name__)
def test_a_real_haproxy_holds_what_every_router_holds(
    check: Callable[[RouterBench], None], haproxy: Balancer
) -> None:
    def routed() -> dict[str, int]:
        weights = haproxy.weights("web")
        return {name: weight * 1000 // sum(weights.values()) for name, weight in weights.items()}

    endpoint = f"tcp://127.0.0.1:{haproxy.api}"
    check(
        RouterBench(
            open=lambda way: HaproxyRouter(Connection(endpoint, way, timeout_s=1)),
            connect=connect,
            route="web",
            backends=("blue", "green"),
            routed=routed,
        )
    )


@pytest.mark.program
def test_requests_go_where_the_weights_say_and_none_is_lost(haproxy: Balancer) -> None:
    router, answers, stop = opened(haproxy), [], threading.Event()

    def ask() -> None:
        while not stop.is_set():
            answers.append(haproxy.answer())

    thread = threading.Thread(target=ask)
    thread.start()
    for green in (100, 500, 900, 1000) * 3:
        router.set_weights("web", (Weight("blue", 1000 - green), Weight("green", green)))
        wanted = len(answers) + 3
        eventually(lambda wanted=wanted: len(answers) >= wanted)
    stop.set()
    thread.join()
    assert set(answers) <= {"blue", "green"}
    router.set_weights("web", (Weight("blue", 250), Weight("green", 750)))
    shares = [haproxy.answer() for _ in range(40)]
    assert shares.count("green") == 30
    assert router.check().startswith("HAProxy 2.")


@pytest.mark.program
def test_a_backend_that_cannot_be_divided_is_refused_and_stays(haproxy: Balancer) -> None:
    before = haproxy.weights("fixed")
    with pytest.raises(NotSupported, match="static LB algorithm"):
        opened(haproxy).set_weights("fixed", (Weight("one", 900), Weight("other", 100)))
    assert haproxy.weights("fixed") == before


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (b"Permission denied\n", ServiceRefused),
        (b"2\n# be_id\n", ServiceUnreachable),
        (b"1\n# be_id be_name srv_id srv_name\n1 web\n", ServiceUnreachable),
        (b"1\n# be_id be_name srv_id srv_name\n1 web 1 blue 0 2 0 0 0\n", ServiceUnreachable),
        (b"1\n# be_id be_name srv_id srv_name\n1 web 1 \xff 0 2 0 1 1\n", ServiceUnreachable),
        (b"x" * 2_000_000, ServiceUnreachable),
    ],
)
def test_what_it_may_answer_is_refused_in_one_way(answer: bytes, refusal: type[Exception]) -> None:
    def answering(host: str, port: int, timeout: float) -> socket.socket:
        del host, port
        ours, theirs = socket.socketpair()
        ours.settimeout(timeout)

        def say() -> None:
            with theirs, suppress(BrokenPipeError):
                theirs.recv(1000)
                theirs.sendall(answer)

        threading.Thread(target=say, daemon=True).start()
        return ours

    router = HaproxyRouter(Connection("tcp://haproxy.example:9999", answering, timeout_s=5))
    with pytest.raises(refusal) as raised:
        router.weights("web")
    assert str(raised.value).isprintable()


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_connectors.haproxy")
    for kind in Kind:
        assert PLUGIN.names(kind) == {one.name for one in manifest.contributes if one.kind is kind}
