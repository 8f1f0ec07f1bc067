"""The client against a real server, and against what is none."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from fixtures.servers import People
from stella.client import (
    Client,
    Login,
    NoServer,
    Refused,
    ServerUnreachable,
    StrangeAnswer,
    forget_login,
    load_login,
    open_client,
    save_login,
)
from stella.identity import Role
from stella.kernel import Fault


def answering(handle: Callable[[httpx.Request], httpx.Response]) -> Client:
    return Client("http://a.test", "st_x", transport=httpx.MockTransport(handle))


@pytest.fixture
def client(server_url: str, users: People) -> Client:
    headers = users.token("root", Role.ADMIN)
    return Client(server_url, headers["Authorization"].removeprefix("Bearer "))


def test_a_refusal_arrives_as_the_server_said_it(client: Client):
    with client, pytest.raises(Refused) as refusal:
        client.get("/users/nobody")
    assert refusal.value.code == "ST-IDN-005"
    assert (refusal.value.fault, refusal.value.exit_code) == (Fault.NOT_FOUND, 3)
    assert refusal.value.remedy.command == "stella user list"
    assert Refused.code == "ST-CLI-013"


@pytest.mark.parametrize(
    ("path", "token", "exit_code"), [("/me", "", 4), ("/users", "viewer", 5), ("/nothing", "", 3)]
)
def test_refusals_have_the_exit_code_of_their_fault(
    server_url: str, users: People, path: str, token: str, exit_code: int
):
    if token:
        token = users.token("ana", Role.VIEWER)["Authorization"].removeprefix("Bearer ")
    with Client(server_url, token) as client, pytest.raises(Refused) as refusal:
        client.get(path)
    assert refusal.value.exit_code == exit_code


def test_lists_are_followed_over_their_pages(client: Client, users: People):
    for number in range(3):
        users.make(f"user-{number}", Role.VIEWER)
    with client:
        sealed = (data for name, data in client.events(after=0) if name == "fact")
        assert next(data for data in sealed if data["position"] == 4)
        made = list(client.items("/facts", kind="UserCreated", limit=2))
    assert len(made) == 4


def test_events_are_iterated(client: Client):
    with client:
        seen = client.events(after=0)
        assert next(seen)[0] == "synced"
        assert next(seen)[1]["kind"] == "UserCreated"


def test_a_change_whose_answer_was_lost_is_asked_for_again_under_its_key():
    keys = []

    def handle(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        if len(keys) == 1:
            raise httpx.ReadError("the connection was cut", request=request)
        return httpx.Response(201, json={"id": "usr_1"})

    assert answering(handle).post("/users", {}) == {"id": "usr_1"}
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_a_server_that_does_not_answer_is_a_refusal_with_its_remedy():
    with pytest.raises(ServerUnreachable) as refusal:
        Client("http://127.0.0.1:9", "").get("/version")
    assert "STELLA_URL" in refusal.value.remedy.advice


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(502, text="bad gateway"),
        httpx.Response(404, json=["not", "a", "problem"]),
        httpx.Response(404, json={"title": "half a problem"}),
    ],
)
def test_what_is_no_stella_server_is_told(answer: httpx.Response):
    with pytest.raises(StrangeAnswer):
        answering(lambda _request: answer).get("/version")


def test_a_login_is_kept_for_its_user_alone_and_goes_to_its_server_only(tmp_path: Path):
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    save_login(Login("http://a.test", "st_kept", "ana", "2030-01-01T00:00:00Z"), environment)
    path = tmp_path / "stella" / "login.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]

    def token_for(**more: str) -> str | None:
        with open_client({**environment, **more}) as client:
            return client._http.headers.get("authorization")

    assert token_for() == "Bearer st_kept"
    assert token_for(STELLA_URL="http://a.test/") == "Bearer st_kept"
    assert token_for(STELLA_URL="http://b.test") is None
    assert token_for(STELLA_TOKEN="st_other") == "Bearer st_other"
    forget_login(environment)
    forget_login(environment)
    with pytest.raises(NoServer):
        open_client(environment)


@pytest.mark.parametrize("content", ["", "{", "[]", json.dumps({"url": "x"})])
def test_a_damaged_login_reads_as_none(tmp_path: Path, content: str):
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    (tmp_path / "stella").mkdir()
    (tmp_path / "stella" / "login.json").write_text(content)
    assert load_login(environment) is None


def test_every_operation_of_the_api_is_a_typed_method(client: Client):
    with client:
        assert client.api.get_version()["name"] == "stella"
        made = client.api.post_user({"name": "eve", "roles": ["viewer"]})
        assert client.api.get_user(made["id"])["roles"] == ["viewer"]
        assert client.api.patch_user("eve", {"disabled": True}, key="k1")["disabled"]
        assert [one["name"] for one in client.api.get_users()["items"]] == ["eve", "root"]
        assert client.api.get_matrix()["cells"] == []
        assert b'"keys"' in client.api.get_trust_root()
        with pytest.raises(Refused) as refusal:
            client.api.get_entry("evd_1", "decision/record.json")
        assert refusal.value.code == "ST-EVI-006"
