"""The kit of metrics on a real Prometheus, and what its API may answer otherwise."""

import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.registries import Answer, played_registry
from fixtures.measured import MEASURED
from stella.sdk import BadQuery, Connection, Kind, ServiceUnreachable, manifest_beside
from stella.sdk.testing import METRICS_CHECKS, MetricsBench
from stella_connectors.prometheus import PLUGIN, PrometheusSource

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def connect(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


def opened(endpoint: str, **more: Any) -> PrometheusSource:
    return PrometheusSource(Connection(endpoint, connect, timeout_s=5, **more))


@pytest.mark.program
@pytest.mark.parametrize("check", METRICS_CHECKS, ids=lambda check: check.__name__)
def test_a_real_prometheus_holds_what_every_source_holds(
    check: Callable[[MetricsBench], None], prometheus: str
) -> None:
    check(
        MetricsBench(
            open=lambda way: PrometheusSource(Connection(prometheus, way, timeout_s=1)),
            connect=connect,
            at=datetime.now(UTC),
            expression="shop_errors_ratio",
            values=("0.25", "3"),
            empty="shop_nothing",
            bad="shop_errors_ratio{",
            no_number="shop_odd_ratio",
        )
    )


@pytest.mark.program
def test_a_real_prometheus_is_asked_in_its_own_language(prometheus: str) -> None:
    source, now = opened(prometheus), datetime.now(UTC)
    assert "shop_errors_ratio" in MEASURED
    (only,) = source.query('shop_errors_ratio{part="web"} * 4', now)
    assert (only.value, only.labels["part"]) == ("1", "web")
    assert abs(only.at - now) < timedelta(seconds=2)
    (scalar,) = source.query("scalar(sum(shop_errors_ratio))", now)
    assert (scalar.value, scalar.labels) == ("3.25", {})
    assert source.check().startswith("Prometheus 2.")
    for ranged in ("shop_errors_ratio[5m]", '"text"'):
        with pytest.raises(BadQuery, match="no value at one time"):
            source.query(ranged, now)
    with pytest.raises(BadQuery, match="many-to-many"):
        source.query("shop_errors_ratio * on() shop_errors_ratio", now)


def vector(*values: object) -> dict[str, Any]:
    result = [{"metric": {}, "value": value} for value in values]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


@pytest.mark.long
@pytest.mark.parametrize(
    ("status", "answer", "refusal"),
    [
        (200, {**vector(), "warnings": ["half of it is away"]}, ServiceUnreachable),
        (200, vector(["now", "1"]), ServiceUnreachable),
        (200, vector([1, 1]), ServiceUnreachable),
        (200, vector([1e300, "1"]), ServiceUnreachable),
        (200, vector([1, "one"]), ServiceUnreachable),
        (200, vector(*[[1, "1"]] * 10_001), BadQuery),
        (200, {"status": "success", "data": {"resultType": "vector"}}, ServiceUnreachable),
        (
            200,
            {"status": "success", "data": {"resultType": "odd", "result": []}},
            ServiceUnreachable,
        ),
        (200, [], ServiceUnreachable),
        (400, {"error": "parse error\n\x1b[31m"}, BadQuery),
        (422, {"error": "too many samples"}, BadQuery),
        (302, {}, ServiceUnreachable),
        (500, {}, ServiceUnreachable),
        (503, {}, ServiceUnreachable),
    ],
)
def test_what_it_may_answer_is_refused_in_one_way(
    status: int, answer: object, refusal: type[Exception]
) -> None:
    def play(method: str, path: str, headers: Any, body: bytes) -> Answer:
        del method, path, headers, body
        more = {"location": "http://elsewhere.example/"} if status == 302 else {}
        return Answer(status, body=json.dumps(answer).encode(), headers=more)

    with played_registry(play) as host, pytest.raises(refusal) as raised:
        opened(f"http://{host}").query("up", NOW)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    ("given", "header"),
    [
        ({}, None),
        ({"token": "a-token"}, "Bearer a-token"),
        ({"username": "ann", "password": "word"}, "Basic YW5uOndvcmQ="),
    ],
)
def test_it_logs_in_with_what_its_connection_has(given: dict, header: str | None) -> None:
    seen: list[str | None] = []

    def play(method: str, path: str, headers: Any, body: bytes) -> Answer:
        del method, path, body
        seen.append(headers.get("authorization"))
        return Answer(body=json.dumps(vector()).encode())

    credentials = {name: (lambda text=text: text) for name, text in given.items()}
    with played_registry(play) as host:
        assert opened(f"http://{host}", credentials=credentials).query("up", NOW) == ()
    assert seen == [header]


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_connectors.prometheus")
    for kind in Kind:
        assert PLUGIN.names(kind) == {one.name for one in manifest.contributes if one.kind is kind}
