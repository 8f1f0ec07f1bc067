"""The stream of facts while a promotion goes its way, and when the token ends."""

import json
from collections.abc import Iterator

import httpx
import pytest

from fixtures.control import Control
from fixtures.servers import listening


@pytest.fixture
def release(control: Control) -> str:
    """Sealed and scanned before the server listens: from then on it alone begins what follows."""
    control.environment("dev")
    return str(control.sealed("2.0.0")["id"])


@pytest.fixture
def url(control: Control, release: str) -> Iterator[str]:
    with listening(control.services, control.runs) as url:
        yield url


def facts(lines: Iterator[str]) -> Iterator[dict[str, object]]:
    for line in lines:
        if line.startswith("data: ") and "kind" in line:
            yield json.loads(line.removeprefix("data: "))


def test_a_promotion_is_told_fact_by_fact_with_its_environment(
    control: Control, url: str, release: str
):
    headers = {"Authorization": f"Bearer {control.tokens['vic']}"}
    with httpx.stream("GET", f"{url}/api/v1/events", headers=headers, timeout=10) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: synced"  # from here on nothing is missed
        seen = facts(lines)
        body = {"release": release, "environment": "dev"}
        asking = {"Authorization": f"Bearer {control.tokens['dan']}"}
        made = httpx.post(f"{url}/api/v1/promotions", json=body, headers=asking).json()
        kinds, places = [], []
        for fact in seen:
            places.append(fact["position"])
            if fact["subject"] == made["id"]:
                kinds.append(fact["kind"])
                if fact["kind"] != "GatesDecided":
                    assert fact["environment"] == "dev"
            if fact["kind"] == "PromotionStarted":
                break
    assert kinds == [
        "PromotionRequested",
        "GatesDecided",
        "PromotionApproved",
        "GatesDecided",
        "PromotionStarted",
    ]
    assert places == list(range(places[0], places[0] + len(places)))


def test_a_stream_ends_with_the_token_it_was_opened_with(control: Control, url: str):
    headers = {"Authorization": f"Bearer {control.tokens['vic']}"}
    with httpx.stream("GET", f"{url}/api/v1/events", headers=headers, timeout=10) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: synced"
        assert httpx.post(f"{url}/api/v1/logout", headers=headers).status_code == 204
        told = list(facts(lines))  # it ends
    assert "AccessRefused" not in {fact["kind"] for fact in told}
    assert httpx.get(f"{url}/api/v1/events", headers=headers).status_code == 401


def test_who_saw_more_than_there_is_goes_on_from_the_end(control: Control, url: str):
    """A restored backup is shorter than what the browser remembers."""
    headers = {"Authorization": f"Bearer {control.tokens['vic']}", "Last-Event-ID": "999999"}
    with httpx.stream("GET", f"{url}/api/v1/events", headers=headers, timeout=10) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "event: synced"
        seen = facts(lines)
        control.environment("stage")
        assert "EnvironmentApplied" in (fact["kind"] for fact in seen)


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "9" * 20, "\u00b2"])
def test_a_strange_place_is_refused(standing: Control, value: str):
    answer = standing.client.get(
        "/api/v1/events",
        headers={
            "Authorization": f"Bearer {standing.tokens['vic']}",
            "Last-Event-ID": value.encode("latin-1", "replace"),
        },
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "ST-API-007")
