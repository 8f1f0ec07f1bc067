"""An integration that fails again and again is left alone: for its calls, and for its streams as well."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from api.test_integrations import document
from connectors.registries import Answer, played_registry
from fixtures.control import Control
from stella.hub.breaker import FAILURES_MAX
from stella.hub.errors import CircuitOpen
from stella.hub.secrets import sealed_value
from stella.hub.store import put_secret_row
from stella.kernel import Digest, StellaError
from stella.plugin.contract.registry import Descriptor
from stella.plugin.refusals import RegistryRefused, RegistryUnreachable

CONTENT = b"three chunks of a layer"
LAYER = Descriptor("application/octet-stream", Digest.of(CONTENT), len(CONTENT))
CUT = Answer(body=CONTENT[:4], headers={"content-length": str(len(CONTENT))})


class Outside:
    """A registry, as the server of the test uses it by the integration ``main``."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.answers: dict[str, Answer] = {}
        self.asked = 0
        self.password = ""

    def play(self, _method: str, path: str, headers: Any, _body: bytes) -> Answer:
        self.asked += 1
        wanted = f"Basic {base64.b64encode(f':{self.password}'.encode()).decode()}"
        if self.password and headers.get("authorization") != wanted:
            return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
        return self.answers["tags" if path.partition("?")[0].endswith("tags/list") else "blob"]

    @property
    def registry(self) -> Any:
        return self.control.services.outside.registry(self.host, None)

    def blob(self) -> bytes:
        with self.registry.blob("shop/web", LAYER) as chunks:
            return b"".join(chunks)

    def left_alone_until(self) -> str | None:
        shown = self.control.get("/integrations/main")
        (listed,) = self.control.get("/integrations")["items"]
        assert listed["leftAloneUntil"] == shown["leftAloneUntil"]
        found: str | None = shown["leftAloneUntil"]
        return found


@pytest.fixture
def outside(control: Control) -> Iterator[Outside]:
    made = Outside(control)
    with played_registry(made.play) as made.host:
        assert control.apply(document("main", made.host, timeoutS=2)).is_success
        yield made


def fail(call: Any, times: int, kind: type[StellaError] = RegistryUnreachable) -> None:
    for _ in range(times):
        with pytest.raises(kind):
            call()


@pytest.mark.parametrize("answer", [Answer(503), CUT], ids=["at its entry", "in its body"])
def test_streams_that_fail_let_it_be_left_alone(outside: Outside, answer: Answer) -> None:
    outside.answers["blob"] = answer
    fail(outside.blob, FAILURES_MAX - 1)
    assert outside.left_alone_until() is None
    fail(outside.blob, 1)
    assert outside.left_alone_until() is not None
    before = outside.asked
    fail(outside.blob, 3, CircuitOpen)
    fail(lambda: outside.registry.tags("shop/web"), 1, CircuitOpen)
    assert outside.asked == before, "it is left alone"

    outside.control.clock.go_on(seconds=6)
    outside.answers["blob"] = Answer(body=CONTENT)
    assert outside.blob() == CONTENT
    assert outside.left_alone_until() is None


def test_a_stream_that_opens_is_no_good_end_yet(outside: Outside) -> None:
    """It opens each time and breaks off; calls between them fail. Neither makes the other forgotten."""
    outside.answers = {"blob": CUT, "tags": Answer(503)}
    for _ in range(2):
        fail(outside.blob, 1)
        fail(lambda: outside.registry.tags("shop/web"), 1)
    fail(outside.blob, 1)
    assert outside.left_alone_until() is not None


def test_who_reads_and_gives_up_says_nothing_about_it(outside: Outside) -> None:
    outside.answers = {"blob": Answer(body=CONTENT), "tags": Answer(503)}
    fail(lambda: outside.registry.tags("shop/web"), FAILURES_MAX - 1)
    for _ in range(FAILURES_MAX):
        with (
            pytest.raises(ZeroDivisionError),
            outside.registry.blob("shop/web", LAYER) as chunks,
        ):
            _ = next(chunks), 1 // 0
    assert outside.left_alone_until() is None
    fail(lambda: outside.registry.tags("shop/web"), 1)
    assert outside.left_alone_until() is not None


def test_a_stream_that_ends_well_lets_earlier_trouble_be_forgotten(outside: Outside) -> None:
    outside.answers = {"blob": Answer(body=CONTENT), "tags": Answer(503)}
    for _ in range(3):
        fail(lambda: outside.registry.tags("shop/web"), FAILURES_MAX - 1)
        assert outside.blob() == CONTENT
    assert outside.left_alone_until() is None


def test_a_stream_that_is_not_let_in_is_asked_again_with_the_credential_of_now(
    outside: Outside,
) -> None:
    control = outside.control
    outside.answers, outside.password = {"blob": Answer(body=CONTENT)}, "canary-one-5d0c"
    control.ask("PUT", "/secrets/password", {"value": outside.password}, by="olga")
    login = {"password": "secret://password"}
    assert control.apply(document("main", outside.host, credentials=login)).is_success
    assert outside.blob() == CONTENT

    outside.password = "canary-two-81fa"
    envelope = sealed_value(
        control.services.outside.keys(), "password", outside.password, control.services.random
    )
    with control.database.transaction(actor="system") as tx:
        put_secret_row(tx, "password", envelope)
    control.clock.go_on(seconds=15)
    assert outside.blob() == CONTENT

    outside.password = "nobody-has-this-one"
    control.clock.go_on(seconds=15)
    fail(outside.blob, 2 * FAILURES_MAX, RegistryRefused)
    assert outside.left_alone_until() is None, "a verdict is no trouble"
