"""People log in by a real OpenID provider and a real directory, through the whole server."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from fixtures.control import V1, Control, running
from fixtures.databases import Clock
from fixtures.directories import (
    GROUPS_BASE,
    OWN,
    OWN_PASSWORD,
    PASSWORDS,
    PEOPLE_BASE,
    RealDirectory,
)
from fixtures.identity_providers import RealProvider, browse

START = f"{V1}/session/oidc/company/start"
CALLBACK = f"{V1}/session/oidc/company/callback"


def document(kind: str, name: str, /, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "stella/v1", "kind": kind, "name": name, "spec": spec}


@pytest.fixture
def today(tmp_path: Path) -> Iterator[Control]:
    """A control plane of today: what others sign has the times of their own clock."""
    clock = Clock()
    clock.at = datetime.now(UTC)
    with running(tmp_path / "control", clock) as made:
        yield made


@pytest.fixture
def company(today: Control, real_provider: RealProvider) -> Control:
    """People of a provider may log in, and those of its group become approvers."""
    today.ask("PUT", "/secrets/oidc", {"value": real_provider.client_secret}, by="root")
    documents = [
        document(
            "Integration",
            "keycloak",
            kind="identity_provider",
            connector="oidc",
            endpoint=real_provider.issuer,
            config={"client_id": "stella", "scopes": ["profile", "email", "groups"]},
            credentials={"client_secret": "secret://oidc"},
            networks=["127.0.0.0/8"],
        ),
        document(
            "SignIn",
            "company",
            integration="keycloak",
            title="Acme",
            groups={"release-managers": ["approver"], "everybody": ["viewer"]},
        ),
    ]
    applied = today.ask("POST", "/apply", {"documents": documents}, by="root")
    assert applied.is_success, applied.text
    return today


def come_back(control: Control, person: str, back_to: str = "/releases") -> httpx.Response:
    """Begin, log in at the provider, and come back."""
    begun = control.client.get(START, params={"backTo": back_to}, follow_redirects=False)
    assert begun.status_code == 303, begun.text
    where = browse(begun.headers["location"], person, f"http://127.0.0.1:8474{CALLBACK}")
    parts = urlsplit(where)
    cookie = begun.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    return control.client.get(f"{parts.path}?{parts.query}", follow_redirects=False)


@pytest.mark.stores
def test_somebody_logs_in_at_the_provider_and_is_an_approver(company: Control):
    ways = company.client.get(f"{V1}/session/ways").json()
    assert ways == {"providers": [{"name": "company", "title": "Acme"}], "directories": False}
    answer = come_back(company, "ana")
    assert (answer.status_code, answer.headers["location"]) == (303, "/releases")
    session = next(one for one in answer.headers.get_list("set-cookie") if "stella_session" in one)
    assert "HttpOnly" in session
    assert "samesite=strict" in session.lower()
    me = company.client.get(f"{V1}/me").json()
    assert (me["user"]["name"], me["user"]["roles"]) == ("ana@company", ["viewer", "approver"])
    (one,) = company.get("/users/ana@company", by="root")["outside"]
    assert (one["signIn"], one["subject"], one["isLinked"]) == ("company", "ana", False)
    company.client.cookies.clear()


@pytest.mark.stores
def test_a_provider_that_is_switched_off_ends_what_it_let_in(company: Control):
    come_back(company, "ana")
    assert company.client.get(f"{V1}/me").status_code == 200
    (found,) = company.get("/integrations", by="root")["items"]
    off = document("Integration", "keycloak", **{**found["spec"], "enabled": False})
    assert company.ask("POST", "/apply", {"documents": [off]}, by="root").is_success
    assert company.client.get(f"{V1}/me").status_code == 401
    company.client.cookies.clear()


@pytest.mark.stores
def test_a_name_that_the_provider_gives_is_no_user_here(company: Control):
    assert come_back(company, "eve").status_code == 303
    me = company.client.get(f"{V1}/me").json()
    assert (me["user"]["name"], me["user"]["roles"]) == ("root@company", ["viewer"])
    company.client.cookies.clear()


@pytest.mark.stores
def test_who_is_refused_is_led_to_the_page_that_says_so(company: Control):
    for query in ("", "?code=x&state=y", "?error=access_denied&state=z", "?code[]=1"):
        answer = company.client.get(f"{CALLBACK}{query}", follow_redirects=False)
        assert answer.headers["location"] == "/sign-in?refused=ST-IDN-024"
    evil = company.client.get(START, params={"backTo": "//evil.example"}, follow_redirects=False)
    query = parse_qs(urlsplit(evil.headers["location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == [f"http://127.0.0.1:8474{CALLBACK}"]
    unknown = company.client.get(f"{V1}/session/oidc/nobody/start", follow_redirects=False)
    assert unknown.headers["location"] == "/sign-in?refused=ST-IDN-020"
    assert come_back(company, "ana", "//evil.example").headers["location"] == "/"
    company.client.cookies.clear()


@pytest.mark.stores
def test_an_operator_cannot_become_somebody_by_another_issuer(company: Control):
    """Who may change integrations may not change those that logins believe."""
    changed = document(
        "Integration",
        "keycloak",
        kind="identity_provider",
        connector="oidc",
        endpoint="https://evil.example",
        config={"client_id": "stella"},
    )
    assert company.refused("POST", "/apply", {"documents": [changed]}, by="olga") == "ST-IDN-004"
    mine = document("SignIn", "mine", integration="keycloak", groups={"x": ["admin"]})
    assert company.refused("POST", "/apply", {"documents": [mine]}, by="olga") == "ST-IDN-004"
    assert company.refused("DELETE", "/integrations/keycloak", by="olga") == "ST-IDN-021"
    assert company.refused("DELETE", "/sign-ins/company", by="olga") == "ST-IDN-004"
    (listed,) = company.get("/sign-ins", by="vic")["items"]
    assert listed["redirectUri"] == f"http://127.0.0.1:8474{CALLBACK}"
    assert company.ask("DELETE", "/sign-ins/company", by="root").status_code == 204
    assert company.ask("DELETE", "/integrations/keycloak", by="olga").status_code == 204


@pytest.mark.stores
def test_people_of_a_directory_log_in_by_the_usual_form(
    today: Control, real_directory: RealDirectory
):
    today.ask("PUT", "/secrets/ldap", {"value": OWN_PASSWORD}, by="root")
    documents = [
        document(
            "Integration",
            "ldap",
            kind="directory",
            connector="ldap",
            endpoint=real_directory.tls,
            config={"user_base": PEOPLE_BASE, "group_base": GROUPS_BASE, "bind_dn": OWN},
            credentials={"bind_password": "secret://ldap"},
            networks=["127.0.0.0/8"],
            ca=real_directory.ca,
        ),
        document("SignIn", "office", integration="ldap", groups={"release-managers": ["approver"]}),
    ]
    applied = today.ask("POST", "/apply", {"documents": documents}, by="root")
    assert applied.is_success, applied.text
    tested = today.post("/integrations/ldap/test", by="root")
    assert tested["outcome"] == "pass", tested

    def log_in(name: str, password: str) -> httpx.Response:
        body = {"name": name, "password": password}
        return today.client.post(f"{V1}/login?token=true", json=body)

    given = log_in("ana", PASSWORDS["ana"])
    assert given.status_code == 200, given.text
    assert given.json()["user"] == {
        "id": given.json()["user"]["id"],
        "name": "ana@office",
        "roles": ["approver"],
    }
    for name, password in (
        ("ana", PASSWORDS["ben"]),
        ("ana", ""),
        ("ben", PASSWORDS["ben"]),  # in no group that has a role
        ("ana)(uid=*", PASSWORDS["ana"]),
        ("lou", PASSWORDS["lou"]),
        ("two", "twice-pass"),
    ):
        refused = log_in(name, password)
        assert refused.json()["title"] == "the name or the password is wrong", name
