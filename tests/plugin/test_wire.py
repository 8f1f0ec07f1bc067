from datetime import UTC, datetime
from typing import Any

import pytest

from fixtures.fleets import intent_of, plan_of
from stella.kernel import Digest
from stella.plugin.contract.target import Running, TargetIntent
from stella.plugin.order import OrderContent, OrderOutcome, OrderResult, Purpose
from stella.plugin.wire import MalformedWire, from_wire, to_wire

AT = datetime(2030, 1, 1, tzinfo=UTC)
RUNNING = Running(None, "a", "b", None, "running", healthy=None)
VALUES = [
    intent_of(),
    plan_of(),
    OrderContent("ord_1", "agt_1", "dep_1", "t", Purpose.UNDO, AT, AT, intent_of(), plan_of()),
    OrderResult(OrderOutcome.FAILED, AT, AT, "ST-1", "no", (RUNNING,)),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_what_was_written_reads_the_same(value: Any) -> None:
    assert from_wire(type(value), to_wire(value)) == value


def test_names_are_in_camel_case_outside() -> None:
    wire: Any = to_wire(intent_of())
    assert wire["releaseDigest"] == "sha256:" + "a" * 64
    assert wire["services"][0]["platformDigests"] == ["sha256:" + "a" * 64]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"releaseDigest": "latest"}, "releaseDigest: not a sha256 digest"),
        ({"extra": 1}, "unknown key: 'extra'"),
        ({"services": {}}, "services is no list"),
        ({"services": [1]}, r"services is no object"),
        ({"config": 1}, "config is no object"),
        ({"project": 1}, "project is no str"),
        ({"project": None}, "project is no str"),
    ],
)
def test_what_does_not_say_what_was_agreed_is_refused(change: dict[str, Any], told: str) -> None:
    wire: Any = to_wire(intent_of())
    with pytest.raises(MalformedWire, match=told):
        from_wire(TargetIntent, {**wire, **change})


def test_a_missing_key_and_a_bad_time_are_named() -> None:
    wire: Any = to_wire(VALUES[3])
    with pytest.raises(MalformedWire, match="lacks outcome"):
        from_wire(OrderResult, {key: wire[key] for key in wire if key != "outcome"})
    with pytest.raises(MalformedWire, match="startedAt"):
        from_wire(OrderResult, {**wire, "startedAt": "yesterday"})
    with pytest.raises(MalformedWire, match="outcome"):
        from_wire(OrderResult, {**wire, "outcome": "splendid"})
    with pytest.raises(MalformedWire, match="is no object"):
        from_wire(OrderResult, [])


def test_a_digest_is_text() -> None:
    assert to_wire(Digest.of(b"")) == Digest.of(b"").text
