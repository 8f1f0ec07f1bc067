"""The list of facts, the chain, the event stream."""

import json
from collections.abc import Iterator

import httpx
import pytest
from fastapi.testclient import TestClient

from fixtures.servers import People
from stella.api.services import Services
from stella.identity import Role, create_user
from stella.record import seal
from stella.trust import TrustRoot


def events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, object]]]:
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_facts_come_in_pages_in_the_order_of_the_chain(
    api: TestClient, users: People, services: Services
):
    headers = users.token("ana", Role.VIEWER)
    users.make("b", Role.VIEWER)
    with services.database.transaction(actor=users.make("c", Role.VIEWER)) as tx:
        create_user(tx, name="d", roles=(Role.VIEWER,))
    seal(services.database, "test")
    first = api.get("/api/v1/facts?limit=2", headers=headers).json()
    rest = api.get(f"/api/v1/facts?limit=2&cursor={first['next']}", headers=headers).json()
    facts = first["items"] + rest["items"]
    assert [fact["position"] for fact in facts] == [1, 2, 3, 4]
    end = api.get(f"/api/v1/facts?limit=2&cursor={rest['next']}", headers=headers).json()
    assert end == {"items": [], "next": None}
    last = api.get("/api/v1/facts?newest=true&limit=3", headers=headers).json()
    before = api.get(f"/api/v1/facts?newest=true&cursor={last['next']}", headers=headers).json()
    back = last["items"] + before["items"]
    assert [fact["position"] for fact in back] == [4, 3, 2, 1]
    made = api.get("/api/v1/facts?kind=UserCreated", headers=headers).json()["items"]
    assert [fact["actor"]["name"] for fact in made] == ["Stella", "Stella", "Stella", "c"]
    assert made[3]["actor"]["roles"] == ["viewer"]


@pytest.mark.parametrize("query", ["cursor=x", "cursor=-1", "limit=0", "after=-1", "limit=9999"])
def test_a_strange_page_is_refused(api: TestClient, users: People, query: str):
    headers = users.token("ana", Role.VIEWER)
    assert api.get(f"/api/v1/facts?{query}", headers=headers).status_code == 422


def test_the_chain_is_verified_and_a_changed_fact_is_found(
    api: TestClient, users: People, services: Services
):
    headers = users.token("ana", Role.VIEWER)
    users.make("ben", Role.VIEWER)
    seal(services.database, "test")
    assert api.get("/api/v1/audit/verify", headers=headers).json()["good"]
    with services.database.transaction(actor="system") as tx:
        tx.connection.exec_driver_sql("UPDATE fact SET actor = 'usr_other' WHERE position = 2")
    report = api.get("/api/v1/audit/verify", headers=headers).json()
    assert (report["good"], report["place"]) == (False, 2)


def test_the_stream_begins_with_its_revision_and_goes_on_with_each_fact(
    server_url: str, users: People
):
    headers = users.token("ana", Role.VIEWER)
    with httpx.stream("GET", f"{server_url}/api/v1/events", headers=headers, timeout=10) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        seen = events(stream.iter_lines())
        name, data = next(seen)
        assert name == "synced"
        made = users.make("ben", Role.VIEWER)
        facts = (data for name, data in seen if name == "fact")
        fact = next(data for data in facts if data["subject"] == made)
    assert fact["kind"] == "UserCreated"
    assert fact["position"] > data["revision"]


def test_a_stream_that_connects_again_misses_nothing(server_url: str, users: People):
    headers = {**users.token("ana", Role.VIEWER), "Last-Event-ID": "1"}
    users.make("ben", Role.VIEWER)
    url = f"{server_url}/api/v1/events?after=0"
    with httpx.stream("GET", url, headers=headers, timeout=10) as stream:
        seen = events(stream.iter_lines())
        assert next(seen)[0] == "synced"
        assert next(seen)[1]["position"] == 2


def test_the_trust_root_is_what_verifiers_read(api: TestClient, users: People):
    answer = api.get("/api/v1/trust/root", headers=users.token("ana", Role.VIEWER))
    assert set(TrustRoot.from_json(answer.content).keys) == {"evidence", "orders", "sbom"}
