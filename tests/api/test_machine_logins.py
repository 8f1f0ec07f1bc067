"""Documents that let machines in: what is too wide, what matches, and who may apply them."""

import uuid
from typing import Any

import pytest

from fixtures.control import Control
from fixtures.issuers import Issuer
from fixtures.machine_logins import apply, document, exchange


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"claims": {}}, "too wide"),
        ({"claims": {"repository_owner": "acme"}}, "too wide"),
        ({"claims": {"ref": "refs/heads/main"}}, "too wide"),
        ({"claims": {"repository": "*"}}, "too many"),
        ({"claims": {"repository": "**"}}, "too many"),
        ({"claims": {"repository": "acme*/shop"}}, "too many"),
        ({"claims": {"repository": ["acme/shop", "*/shop"]}}, "too many"),
        ({"claims": {"sub": "repo:*"}, "identity": "sub"}, "too many"),
        ({"claims": {"sub": "repo:acme*:**"}, "identity": "sub"}, "too many"),
        ({"claims": {"sub": "**"}, "identity": "sub"}, "too many"),
        ({"claims": {"sub": "https://*"}, "identity": "sub"}, "too many"),
        ({"claims": {"sub": "https://*.evil.example/job/**"}, "identity": "sub"}, "too many"),
        ({"claims": {"sub": "::**"}, "identity": "sub"}, "too many"),
        ({"claims": {"repository": "acme/shop", "aud": "x"}}, "looked at in any case"),
        ({"claims": {"repository": []}}, "no value"),
        ({"claims": {"repository": ""}}, "no text"),
        ({"claims": {"repository": 7}}, "claims"),
        ({"roles": ["admin"]}, "for people"),
        ({"roles": ["approver"]}, "for people"),
        ({"roles": ["operator"]}, "for people"),
        ({"roles": ["boss"]}, "is no role"),
        ({"roles": []}, "no role"),
        ({"minutes": 61}, "not 1 to 60"),
        ({"minutes": 0}, "not 1 to 60"),
        ({"audience": ""}, "audience"),
        ({"identity": "actor"}, "none of its claims"),
        ({"issuer": "http://issuer.example"}, "no https"),
        ({"keys": {}}, "without keys"),
        ({"keys": {"keys": []}}, "cannot be used"),
        ({"integration": "nothing"}, "either integration"),
        ({"integration": "nothing", "issuer": None, "keys": None}, "no integration"),
        ({"issuer": None, "keys": None}, "either integration"),
        ({"audiance": "x"}, "did you mean 'audience'"),
    ],
)
def test_a_document_that_is_too_wide_or_wrong_is_refused(
    standing: Control, issuer: Issuer, spec: dict[str, Any], why: str
):
    answer = apply(standing, document("github", issuer, **spec))
    assert (answer.status_code, answer.json()["code"]) == (422, "ST-IDN-019"), answer.text
    assert why in answer.json()["title"]
    assert standing.get("/machine-logins", by="root")["items"] == []


def test_every_reason_is_named_at_once(standing: Control, issuer: Issuer):
    spec = {"claims": {"ref": "*"}, "roles": ["admin"], "minutes": 99, "audience": ""}
    told = apply(standing, document("github", issuer, **spec)).json()["facts"]["reasons"]
    assert len(told) >= 4


def test_a_document_shows_what_it_changes_and_says_nothing_twice(control: Control, github: Issuer):
    again = apply(control, document("github", github)).json()["changes"]
    assert [(one["change"], one["diff"]) for one in again] == [("unchanged", [])]
    changed = apply(control, document("github", github, minutes=5), dryRun=True).json()["changes"]
    assert changed[0]["diff"] == [{"path": "spec.minutes", "before": 15, "after": 5}]
    (listed,) = control.get("/machine-logins", by="vic")["items"]
    assert (listed["issuer"], listed["spec"]["minutes"]) == (github.url, 15)
    assert control.get("/machine-logins/github", by="vic") == listed
    assert control.refused("GET", "/machine-logins/other", by="vic") == "ST-IDN-020"


def test_only_who_may_change_users_lets_machines_in(standing: Control, issuer: Issuer):
    for person in ("dan", "olga"):
        answer = apply(standing, document("github", issuer), by=person)
        assert answer.json()["code"] == "ST-IDN-004", person
    assert standing.refused("DELETE", "/machine-logins/github", by="olga") == "ST-IDN-004"
    assert standing.refused("PATCH", "/machines/x", {"disabled": True}, by="olga") == "ST-IDN-004"


@pytest.mark.parametrize(
    ("claims", "more", "is_taken"),
    [
        ({"ref": "refs/heads/*"}, {"ref": "refs/heads/main"}, True),
        ({"ref": "refs/heads/*"}, {"ref": "refs/heads/feature/x"}, False),
        ({"ref": "refs/heads/**"}, {"ref": "refs/heads/feature/x"}, True),
        ({"ref": ["refs/heads/main", "refs/tags/v*"]}, {"ref": "refs/tags/v1.2"}, True),
        ({"ref": "refs/heads/main"}, {"ref": "refs/heads/main\n"}, False),
        ({"ref": "refs.heads.main"}, {"ref": "refs/heads/main"}, False),
        ({"ref": "REFS/heads/main"}, {"ref": "refs/heads/main"}, False),
        ({"ref_protected": "true"}, {"ref_protected": True}, True),
        ({"run_attempt": "1"}, {"run_attempt": 1}, True),
        ({"run_attempt": "1"}, {"run_attempt": {"1": 1}}, False),
        ({"groups": "b"}, {"groups": ["a", "b"]}, True),
        ({"groups": "b"}, {"groups": []}, False),
        ({"environment": "*"}, {}, False),
        ({"sub": "repo:acme/*:ref:**"}, {}, True),
        ({"sub": "https://ci.example/job/shop/*"}, {"sub": "https://ci.example/job/shop/7"}, True),
        ({"sub": "https://ci.example/job/shop/*"}, {"sub": "https://ci.example/job/x/7"}, False),
        ({"environment": "*"}, {"environment": ""}, False),
    ],
)
def test_claims_match_as_they_are_written(
    standing: Control, issuer: Issuer, claims: dict[str, Any], more: dict[str, Any], is_taken: bool
):
    issuer.series = uuid.uuid4().hex
    given = document("github", issuer, claims={"repository": "acme/shop", **claims})
    assert apply(standing, given).is_success
    answer = exchange(standing, issuer.token(standing.clock(), **more))
    assert answer.status_code == (200 if is_taken else 401), answer.text
    assert standing.ask("DELETE", "/machine-logins/github", by="root").status_code == 204


def test_a_token_that_two_documents_take_says_which_is_meant(control: Control, github: Issuer):
    wider = document("every-repository", github, claims={"repository": "acme/*"}, roles=["viewer"])
    assert apply(control, wider).is_success
    token = github.token(control.clock())
    refused = exchange(control, token)
    assert (refused.status_code, refused.json()["code"]) == (401, "ST-IDN-016")
    assert "every-repository, github" in refused.json()["title"]
    assert exchange(control, token, login="every-repository").json()["roles"] == ["viewer"]
    other = github.token(control.clock(), repository="acme/other")
    assert exchange(control, other).json()["machine"] == "ci:every-repository:acme/other"
    assert exchange(control, other, login="nobody").json()["code"] == "ST-IDN-014"
