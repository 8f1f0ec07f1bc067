"""The form of requests and answers: problems, repetitions, changes, headers, files."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.routing import Route

from fixtures.servers import People
from stella.api.app import create_app
from stella.api.services import Services
from stella.identity import Role


@pytest.fixture
def admin(users: People) -> dict[str, str]:
    return users.token("root", Role.ADMIN)


def test_an_unknown_path_and_method_are_problems(api: TestClient):
    for answer, status in (
        (api.get("/api/v1/nothing"), 404),
        (api.get("/api/v2"), 404),
        (api.get("/api"), 404),
        (api.post("/api/v1/nothing", json={}), 404),
        (api.delete("/api/v1/promotions/prm_1/nothing"), 404),
        (api.put("/apis"), 404),
        (api.delete("/api/v1/version"), 405),
        (api.post("/api/v1/openapi.json"), 405),
        (api.put("/api/v1/promotions/prm_1"), 405),
    ):
        assert answer.status_code == answer.json()["status"] == status
        assert answer.json()["code"] == "ST-API-002"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"name": "a"}',
        b'{"name": "a", "roles": ["king"]}',
        b'{"name": "a", "roles": [], "other": 1}',
        b'{"name": "a", "roles": ["viewer"], "password": {"a": "hunter2"}}',
        b"\xff",
    ],
)
def test_a_malformed_body_is_refused_without_being_repeated(
    api: TestClient, admin: dict[str, str], body: bytes
):
    headers = {**admin, "Content-Type": "application/json"}
    answer = api.post("/api/v1/users", content=body, headers=headers)
    assert answer.status_code in {400, 422}
    assert answer.json()["code"] in {"ST-API-001", "ST-IDN-007"}
    assert "hunter2" not in answer.text


def test_a_body_that_is_too_large_is_refused(make_services: Callable[..., Services]):
    with TestClient(create_app(make_services(request_bytes_max=65536))) as api:
        answer = api.post("/api/v1/login", content=b"x" * 65537)
    assert answer.status_code == answer.json()["status"] == 413


def test_the_character_that_no_text_may_hold_is_refused_wherever_it_stands(
    api: TestClient, admin: dict[str, str]
):
    for path in ("/api/v1/users/%00", "/api/v1/facts?subject=a%00b", "/%00"):
        answer = api.get(path, headers=admin)
        assert (answer.status_code, answer.json()["code"]) == (422, "ST-API-001")
    for name in ("a\0", "\ud800"):
        content = json.dumps({"name": name, "roles": ["viewer"]})
        headers = {**admin, "Content-Type": "application/json"}
        answer = api.post("/api/v1/users", content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "ST-API-001")


def test_what_load_balancers_ask_is_answered(api: TestClient):
    for path in ("/healthz", "/"):
        head, whole = api.head(path), api.get(path)
        assert head.status_code == whole.status_code
        assert head.headers["content-type"] == whole.headers["content-type"]


def test_half_a_body_is_nobodys_wish(services: Services):
    app, sent = create_app(services), []

    async def receive() -> dict[str, object]:
        return next(parts)

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    parts = iter(
        [
            {"type": "http.request", "body": b'{"name": "ana"} ', "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    scope = {"type": "http", "method": "POST", "path": "/api/v1/login", "query_string": b""}
    asyncio.run(app({**scope, "headers": [], "app": app}, receive, send))
    assert sent == []


def test_a_bug_is_told_by_its_incident_only(services: Services, caplog: pytest.LogCaptureFixture):
    app = create_app(services)

    def broken() -> None:
        raise AssertionError("a secret detail")

    app.router.routes.insert(0, Route("/broken", broken))
    with TestClient(app) as api:
        answer = api.get("/broken")
    assert answer.status_code == 500
    assert answer.json()["code"] == "ST-API-008"
    assert "secret detail" not in answer.text
    assert answer.json()["facts"]["incident"] in caplog.text


def test_the_same_request_with_its_key_is_done_once(api: TestClient, admin: dict[str, str]):
    headers = {**admin, "Idempotency-Key": "one"}
    body = {"name": "ana", "roles": ["viewer"]}
    first = api.post("/api/v1/users", json=body, headers=headers)
    second = api.post("/api/v1/users", json=body, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert first.headers["etag"] == second.headers["etag"] == '"1"'
    other = api.post("/api/v1/users", json={**body, "name": "ben"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "ST-API-003")
    without = api.post("/api/v1/users", json=body, headers=admin)
    assert without.json()["code"] == "ST-IDN-006"


def test_a_refused_request_leaves_its_key_free(api: TestClient, admin: dict[str, str]):
    headers = {**admin, "Idempotency-Key": "one"}
    for name, status in (("A", 422), ("a", 201)):
        body = {"name": name, "roles": ["viewer"]}
        assert api.post("/api/v1/users", json=body, headers=headers).status_code == status


def test_a_key_is_one_users_own(api: TestClient, users: People, admin: dict[str, str]):
    second = users.token("second", Role.ADMIN)
    for headers, name in ((admin, "a"), (second, "b")):
        answer = api.post(
            "/api/v1/users",
            json={"name": name, "roles": ["viewer"]},
            headers={**headers, "Idempotency-Key": "one"},
        )
        assert answer.status_code == 201


def test_a_repeated_request_does_not_show_a_secret_again(api: TestClient, admin: dict[str, str]):
    headers = {**admin, "Idempotency-Key": "one"}
    first = api.post("/api/v1/tokens", json={"name": "ci"}, headers=headers)
    second = api.post("/api/v1/tokens", json={"name": "ci"}, headers=headers)
    assert first.json()["token"].startswith("st_")
    assert second.json()["code"] == "ST-API-004"
    assert len(api.get("/api/v1/tokens", headers=admin).json()["items"]) == 1


def test_a_change_can_be_conditional_on_what_was_read(api: TestClient, admin: dict[str, str]):
    api.post("/api/v1/users", json={"name": "ana", "roles": ["viewer"]}, headers=admin)
    etag = api.get("/api/v1/users/ana", headers=admin).headers["etag"]
    change = {"roles": ["developer"]}
    conditional = {**admin, "If-Match": etag}
    assert api.patch("/api/v1/users/ana", json=change, headers=conditional).status_code == 200
    again = api.patch("/api/v1/users/ana", json=change, headers=conditional)
    assert again.json()["code"] == "ST-IDN-011"
    strange = api.patch("/api/v1/users/ana", json=change, headers={**admin, "If-Match": '"x"'})
    assert strange.json()["code"] == "ST-API-009"
    assert api.patch("/api/v1/users/ana", json=change, headers=admin).status_code == 200


def test_tokens_are_made_listed_and_ended(api: TestClient, admin: dict[str, str]):
    body = {"name": "ci", "roles": ["developer"], "expiresInDays": 7}
    made = api.post("/api/v1/tokens", json=body, headers=admin).json()
    narrow = {"Authorization": f"Bearer {made['token']}"}
    assert api.get("/api/v1/users", headers=narrow).status_code == 403
    (listed,) = api.get("/api/v1/tokens", headers=admin).json()["items"]
    assert (listed["user"]["name"], listed["roles"]) == ("root", ["developer"])
    assert "token" not in listed
    assert api.delete(f"/api/v1/tokens/{made['id']}", headers=admin).status_code == 204
    assert api.get("/api/v1/me", headers=narrow).status_code == 401


def test_every_answer_carries_the_protective_headers(api: TestClient):
    for path in ("/api/v1/version", "/api/v1/nothing", "/healthz", "/"):
        headers = api.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "script-src" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "strict-transport-security" not in headers


def test_behind_a_proxy_with_tls_cookies_are_secure(make_services: Callable[..., Services]):
    services = make_services(tls_ends_at_proxy=True, public_url="https://stella.test")
    with TestClient(create_app(services)) as api:
        people = People(services, api)
        people.make("ana", Role.VIEWER)
        body = {"name": "ana", "password": "correct horse battery"}
        answer = api.post("/api/v1/login", json=body)
    assert "Secure" in answer.headers["set-cookie"]
    assert "strict-transport-security" in answer.headers


def test_the_console_is_served_with_its_own_paths(
    make_services: Callable[..., Services], tmp_path: Path
):
    console = tmp_path / "console"
    (console / "assets").mkdir(parents=True)
    (console / "index.html").write_text("<title>page</title>")
    (console / "assets" / "main-1234.js").write_text("plain")
    (console / "assets" / "main-1234.js.gz").write_bytes(b"\x1f\x8bpacked")
    (tmp_path / "secret").write_text("secret")
    with TestClient(create_app(make_services(console_directory=str(console)))) as api:
        for path in ("/", "/promotions/pro_1", "/releases/shop@1.0"):
            page = api.get(path)
            assert "page" in page.text
            assert page.headers["cache-control"] == "no-cache"
        plain = api.get("/assets/main-1234.js", headers={"Accept-Encoding": "identity"})
        assert plain.text == "plain"
        assert "immutable" in plain.headers["cache-control"]
        with api.stream("GET", "/assets/main-1234.js") as packed:
            assert packed.headers["content-encoding"] == "gzip"
            assert packed.headers["content-type"].startswith("text/javascript")
        assert api.get("/assets/gone.js").status_code == 404
        assert "secret" not in api.get("/%2e%2e/secret").text


def test_without_a_console_the_page_says_so(make_services: Callable[..., Services], tmp_path: Path):
    with TestClient(create_app(make_services(console_directory=str(tmp_path / "none")))) as api:
        assert "not part of this build" in api.get("/").text
