"""Jobs of a CI log in by the token that their issuer signed: who is let in, as what, and who is not."""

from typing import Any

import httpx
import pytest

from fixtures.control import V1, Control
from fixtures.issuers import AUDIENCE, Issuer

ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"


def document(name: str, by: Issuer, **spec: Any) -> dict[str, Any]:
    given = {
        "issuer": by.url,
        "keys": by.jwks(),
        "audience": AUDIENCE,
        "claims": {"repository": "acme/shop"},
        "identity": "repository",
        "roles": ["developer"],
        **spec,
    }
    kept = {name: value for name, value in given.items() if value is not None}
    return {"apiVersion": "stella/v1", "kind": "MachineLogin", "name": name, "spec": kept}


def apply(control: Control, *documents: Any, by: str = "root", **more: Any) -> httpx.Response:
    return control.ask("POST", "/apply", {"documents": documents, **more}, by=by)


def exchange(control: Control, token: str, **more: Any) -> httpx.Response:
    """Without any other authentication."""
    body = {"subjectToken": token, "subjectTokenType": ID_TOKEN, **more}
    answer = control.client.post(f"{V1}/token-exchange", json=body)
    assert token not in answer.text
    return answer


def facts(control: Control, kind: str) -> list[dict[str, Any]]:
    control.seal()
    return [one for one in control.get("/facts", by="root")["items"] if one["kind"] == kind]


def asks(control: Control, token: str, method: str, path: str, body: Any = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return control.client.request(method, V1 + path, json=body, headers=headers)


@pytest.fixture
def github(control: Control, issuer: Issuer) -> Issuer:
    """A MachineLogin ``github`` for one repository of ``issuer``, whose keys are pinned."""
    answer = apply(control, document("github", issuer))
    assert answer.is_success, answer.text
    return issuer


def test_a_job_is_let_in_by_its_token_and_does_what_its_role_may(control: Control, github: Issuer):
    given = exchange(control, github.token(control.clock())).json()
    assert (given["machine"], given["login"], given["roles"]) == (
        "ci:github:acme/shop",
        "github",
        ["developer"],
    )
    assert (given["tokenType"], given["expiresIn"]) == ("Bearer", 900)
    token = given["accessToken"]
    components = {"web": control.push("web", "1.0.0", {})}
    release = {"name": "shop", "version": "1.0.0", "components": components}
    made = asks(control, token, "POST", "/releases", release)
    assert made.status_code == 201, made.text
    assert made.json()["createdBy"]["name"] == "ci:github:acme/shop"
    assert asks(control, token, "GET", "/me").json()["user"]["name"] == "ci:github:acme/shop"
    assert asks(control, token, "POST", "/apply", {"documents": []}).status_code == 403
    (fact,) = facts(control, "TokenExchanged")
    assert fact["data"]["claims"] == {"repository": "acme/shop"}
    assert (fact["data"]["login"], fact["data"]["issuer"]) == ("github", github.url)
    assert token not in str(fact)


def test_what_a_job_was_given_ends_by_itself(control: Control, github: Issuer):
    token = exchange(control, github.token(control.clock())).json()["accessToken"]
    control.clock.go_on(minutes=14)
    assert asks(control, token, "GET", "/me").status_code == 200
    control.clock.go_on(minutes=2)
    assert asks(control, token, "GET", "/me").status_code == 401


def test_a_token_is_exchanged_once(control: Control, github: Issuer):
    token = github.token(control.clock())
    assert exchange(control, token).status_code == 200
    again = exchange(control, token)
    assert (again.status_code, again.json()["code"]) == (401, "ST-IDN-017")
    without_id = github.token(control.clock(), jti=None)
    assert exchange(control, without_id).status_code == 200
    assert exchange(control, without_id).json()["code"] == "ST-IDN-017"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"exp": 1}, "ST-IDN-015"),
        ({"iat": 4_000_000_000, "exp": 4_000_000_300, "nbf": None}, "ST-IDN-015"),
        ({"aud": "https://another.example"}, "ST-IDN-016"),
        ({"iss": "https://another.example"}, "ST-IDN-014"),
        ({"repository": "acme/shop-evil"}, "ST-IDN-016"),
        ({"repository": None}, "ST-IDN-016"),
        ({"sub": None}, "ST-IDN-013"),
    ],
)
def test_a_token_of_others_lets_nobody_in(
    control: Control, github: Issuer, more: dict[str, Any], code: str
):
    answer = exchange(control, github.token(control.clock(), **more))
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert control.count("token") == len(control.tokens)
    (fact,) = facts(control, "ExchangeRefused")
    assert fact["data"]["reason"] == code


def test_keys_are_fetched_from_the_issuer_and_again_when_they_were_rotated(
    control: Control, served_issuer: Issuer
):
    integration = {
        "apiVersion": "stella/v1",
        "kind": "Integration",
        "name": "actions",
        "spec": {
            "kind": "identity_provider",
            "connector": "oidc",
            "endpoint": served_issuer.url,
            "networks": ["127.0.0.0/8"],
        },
    }
    login = document("github", served_issuer, integration="actions", issuer=None, keys=None)
    applied = apply(control, integration, login)
    assert applied.is_success, applied.text
    for _ in range(3):
        assert exchange(control, served_issuer.token(control.clock())).status_code == 200
    assert served_issuer.asked == ["/.well-known/openid-configuration", "/keys"]

    served_issuer.keys.clear()
    served_issuer.add_key("two", "RS256")
    rotated = served_issuer.token(control.clock(), kid="two")
    assert exchange(control, rotated).json()["code"] == "ST-IDN-014"  # asked a moment ago
    control.clock.go_on(seconds=31)
    assert exchange(control, rotated).status_code == 200
    assert served_issuer.asked.count("/keys") == 2
    for number in range(20):
        unknown = served_issuer.token(control.clock(), kid="two", header={"kid": f"x{number}"})
        assert exchange(control, unknown).json()["code"] == "ST-IDN-014"
    assert served_issuer.asked.count("/keys") == 2
