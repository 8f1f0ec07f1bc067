"""Jobs of a CI log in by the token that their issuer signed: who is let in, as what, and who is not."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from fixtures.control import V1, Control
from fixtures.issuers import Issuer, sign
from fixtures.machine_logins import apply, asks, document, exchange, facts


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


# ---------------------------------------------------------------- what a machine was given


def test_a_machine_makes_no_token_that_outlives_its_job(control: Control, github: Issuer):
    token = exchange(control, github.token(control.clock())).json()["accessToken"]
    made = asks(control, token, "POST", "/tokens", {"name": "for ever"})
    assert (made.status_code, made.json()["code"]) == (403, "ST-IDN-023")


def test_what_machines_were_given_is_listed_and_revoked(control: Control, github: Issuer):
    token = exchange(control, github.token(control.clock())).json()["accessToken"]
    (listed,) = [
        one for one in control.get("/tokens", by="root")["items"] if one["name"] == "github"
    ]
    assert listed["user"]["name"] == "ci:github:acme/shop"
    assert control.get("/tokens", by="dan")["items"] == []
    control.ask("DELETE", f"/tokens/{listed['id']}", by="root")
    assert asks(control, token, "GET", "/me").status_code == 401


def test_a_machine_can_log_out(control: Control, github: Issuer):
    token = exchange(control, github.token(control.clock())).json()["accessToken"]
    assert asks(control, token, "POST", "/logout").status_code == 204
    assert asks(control, token, "GET", "/me").status_code == 401


def test_a_machine_that_is_shut_out_stays_out_until_it_is_let_in(control: Control, github: Issuer):
    token = exchange(control, github.token(control.clock())).json()["accessToken"]
    (machine,) = control.get("/machines", by="vic")["items"]
    assert (machine["name"], machine["login"]) == ("ci:github:acme/shop", "github")
    control.ask("PATCH", f"/machines/{machine['id']}", {"disabled": True}, by="root")
    assert asks(control, token, "GET", "/me").status_code == 401
    assert exchange(control, github.token(control.clock())).json()["code"] == "ST-IDN-016"
    control.ask("PATCH", f"/machines/{machine['id']}", {"disabled": False}, by="root")
    assert exchange(control, github.token(control.clock())).status_code == 200
    assert [one["data"]["disabled"] for one in facts(control, "MachineChanged")] == [True, False]


@pytest.mark.parametrize("how", ["changed", "switched off", "ended"])
def test_what_a_document_gave_ends_when_it_is(control: Control, github: Issuer, how: str):
    token = exchange(control, github.token(control.clock())).json()["accessToken"]
    if how == "ended":
        assert control.ask("DELETE", "/machine-logins/github", by="root").status_code == 204
    else:
        more = {"minutes": 20} if how == "changed" else {"enabled": False}
        assert apply(control, document("github", github, **more)).is_success
    assert asks(control, token, "GET", "/me").status_code == 401
    again = exchange(control, github.token(control.clock()))
    assert again.status_code == (200 if how == "changed" else 401)


def test_a_machine_cannot_approve_what_it_asked_for(control: Control, github: Issuer):
    token = exchange(control, github.token(control.clock())).json()["accessToken"]
    control.environment("dev")
    release = control.sealed("1.0.0")["id"]
    body = {"release": release, "environment": "dev"}
    asked = asks(control, token, "POST", "/promotions", body)
    assert asked.status_code == 201, asked.text
    assert asked.json()["requestedBy"]["name"] == "ci:github:acme/shop"
    place = f"/promotions/{asked.json()['id']}/approve"
    assert asks(control, token, "POST", place, {"comment": "me"}).status_code == 403


# ---------------------------------------------------------------- what anybody may send


def test_of_many_that_send_one_token_at_once_one_is_let_in(control: Control, github: Issuer):
    token = github.token(control.clock())
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: exchange(control, token), range(4)))
    assert sorted(one.status_code for one in answers) == [200, 401, 401, 401]
    assert len(facts(control, "TokenExchanged")) == 1


def test_refusals_are_recorded_so_many_a_minute_and_the_rest_are_counted(
    control: Control, github: Issuer
):
    for number in range(40):
        assert exchange(control, f"{number}.x.y").json()["code"] == "ST-IDN-013"
    assert control.count("fact_unsealed") < 200
    assert len(facts(control, "ExchangeRefused")) == 30
    assert (
        exchange(control, github.token(control.clock())).status_code == 200
    )  # nobody is locked out
    control.clock.go_on(minutes=1)
    exchange(control, "x")
    assert facts(control, "ExchangeRefused")[-1]["data"]["unrecorded"] == 10


def test_too_many_at_once_are_asked_to_wait(standing: Control, issuer: Issuer):
    turns = [standing.services.exchanges.turn() for _ in range(8)]
    with ExitStack() as held:
        for one in turns:
            held.enter_context(one)
        answer = exchange(standing, issuer.token(standing.clock()))
    assert (answer.status_code, answer.json()["code"]) == (503, "ST-IDN-022")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"subjectToken": ""},
        {"subjectToken": 7},
        {"subjectToken": "x", "subjectTokenType": "urn:ietf:params:oauth:token-type:saml2"},
        {"subjectToken": "x" * 100_000},
        {"subjectToken": "x", "login": 7},
        {"subjectToken": "x", "roles": ["admin"]},
        [],
    ],
)
def test_what_is_no_exchange_is_refused(standing: Control, body: Any):
    answer = standing.client.post(f"{V1}/token-exchange", json=body)
    assert answer.status_code in {401, 422}, answer.text


def test_an_issuer_that_does_not_answer_refuses_for_now_and_keeps_nothing_half_done(
    control: Control, served_issuer: Issuer
):
    served_issuer.served = "not keys"
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
    assert apply(control, integration, login).is_success
    token = served_issuer.token(control.clock())
    answer = exchange(control, token)
    assert (answer.status_code, answer.json()["retry_may_help"]) == (502, True)
    served_issuer.served = None
    control.clock.go_on(seconds=31)
    assert exchange(control, token).status_code == 200


def test_who_has_stolen_the_key_of_another_issuer_is_nobody_here(control: Control, github: Issuer):
    attacker = Issuer()
    attacker.add_key("one")
    claims = attacker.claims(control.clock())
    for header in (
        {"alg": "ES256", "kid": "one"},
        {"alg": "ES256", "kid": "one", "jwk": attacker.jwks()["keys"][0]},
        {"alg": "ES256"},
    ):
        forged = sign(header, claims, attacker.keys["one"][1])
        assert exchange(control, forged).json()["code"] == "ST-IDN-014"
