"""Who may come in: every route names its permission, and cookies serve our own pages only."""

import pytest
from fastapi.testclient import TestClient

from fixtures.servers import PASSWORD, People
from stella.api.app import PUBLIC, api_routes
from stella.api.asked import Needs
from stella.api.services import Services
from stella.identity import Role
from stella.record import facts_about

ANY_ROUTE = "/api/v1/me"


def permission_of(dependant: object) -> list[str]:
    return [
        one.call.permission.value for one in dependant.dependencies if isinstance(one.call, Needs)
    ]


def test_the_routes_are_all_of_the_documented_ones(api: TestClient):
    paths = api.get("/api/v1/openapi.json").json()["paths"]
    documented = {(method.upper(), path) for path, one in paths.items() for method in one}
    # The document leaves out which parameters take slashes.
    assert {(method, path.replace(":path}", "}")) for method, path in api_routes()} == documented
    assert documented > {(method, path.replace(":path}", "}")) for method, path in PUBLIC}


@pytest.mark.parametrize(("method", "path"), api_routes())
def test_every_route_names_its_permission_or_is_listed_as_public(method: str, path: str):
    named = permission_of(api_routes()[method, path].dependant)
    assert len(named) == (0 if (method, path) in PUBLIC else 1)


def test_every_route_refuses_who_is_not_logged_in(api: TestClient):
    for method, path in set(api_routes()) - PUBLIC:
        answer = api.request(method, path.replace("{", "").replace("}", ""), json={})
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["code"] == "ST-IDN-003"


def test_a_missing_permission_is_a_problem_and_a_fact(
    api: TestClient, users: People, services: Services
):
    headers = users.token("ana", Role.VIEWER)
    answer = api.post("/api/v1/users", json={"name": "x", "roles": ["admin"]}, headers=headers)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["fault"] == "not_allowed"
    ana = api.get(ANY_ROUTE, headers=headers).json()["user"]["id"]
    with services.database.read() as tx:
        refused = [fact for fact in facts_about(tx, [ana]) if fact.kind == "AccessRefused"]
    assert [fact.data["place"] for fact in refused] == ["POST /api/v1/users"]


def test_a_login_sets_a_cookie_that_scripts_cannot_read(api: TestClient, users: People):
    users.make("ana", Role.DEVELOPER)
    answer = api.post("/api/v1/login", json={"name": "ana", "password": PASSWORD})
    assert answer.status_code == 200
    assert "token" not in answer.json()
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    me = api.get(ANY_ROUTE).json()
    assert me["user"]["name"] == "ana"
    assert me["permissions"] == [
        "image.scan",
        "promotion.break-glass",
        "promotion.request",
        "release.create",
        "view",
        "waiver.request",
        "workflow.run",
    ]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 204),
        ({"Origin": "http://testserver"}, 204),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_a_cookie_changes_something_only_from_our_own_pages(
    api: TestClient, users: People, headers: dict[str, str], status: int
):
    users.make("ana", Role.VIEWER)
    api.post("/api/v1/login", json={"name": "ana", "password": PASSWORD})
    assert api.post("/api/v1/logout", headers=headers).status_code == status
    assert api.get(ANY_ROUTE).status_code == (401 if status == 204 else 200)


def test_another_site_cannot_log_the_browser_in(api: TestClient, users: People):
    users.make("ana", Role.VIEWER)
    body = {"name": "ana", "password": PASSWORD}
    answer = api.post("/api/v1/login", json=body, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_token_needs_no_origin_and_ends_at_logout(api: TestClient, users: People):
    headers = users.token("ana", Role.VIEWER)
    assert api.post("/api/v1/logout", headers=headers).status_code == 204
    assert api.get(ANY_ROUTE, headers=headers).status_code == 401


@pytest.mark.parametrize("value", ["Basic YTpi", "Bearer", "Bearer nonsense", "st_x"])
def test_what_is_no_token_is_refused(api: TestClient, value: str):
    assert api.get(ANY_ROUTE, headers={"Authorization": value}).status_code == 401


@pytest.mark.long
def test_a_wrong_password_is_refused_and_after_five_the_name_rests(api: TestClient, users: People):
    users.make("ana", Role.VIEWER)
    body = {"name": "ana", "password": "wrong password"}
    codes = [api.post("/api/v1/login", json=body).json()["code"] for _ in range(6)]
    assert codes == ["ST-IDN-001"] * 5 + ["ST-IDN-002"]
