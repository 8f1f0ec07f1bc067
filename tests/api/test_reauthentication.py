"""An environment asks who approves to prove who they are: by the API and the command line."""

from typing import Any

import pytest

from api.test_promotions import approve
from fixtures.control import V1, Control
from stella.identity import change_user, hash_password, user_by_name
from stella.identity.tokens import open_session

PASSWORD = "correct horse battery"
RULES: dict[str, Any] = {
    "approvals": [{"rule": "release", "approvers": ["approver"]}],
    "reauthenticate": {"minutes": 15},
}

pytestmark = pytest.mark.long  # each proof hashes a password, slowly on purpose


@pytest.fixture
def held(control: Control) -> Any:
    """A promotion that waits for somebody who proves who they are; ann has a password."""
    with control.database.transaction(actor="system") as tx:
        ann = user_by_name(tx, "ann").id
        change_user(tx, ann, password_hash=hash_password(PASSWORD))  # which ends what it opened
        control.tokens["ann"] = open_session(
            tx, ann, secret=b"a" * 32, name="test", hours=1000
        ).text
    control.environment("dev", **RULES)
    asked = control.asked(control.sealed("2.0.0")["id"], "dev")
    assert asked["state"] == "waiting"
    return asked


def test_a_password_in_between_lets_the_same_session_approve(control: Control, held: Any):
    shown = control.get(f"/promotions/{held['id']}", by="ann")["actions"]
    assert shown["approve"]["allowed"]
    assert shown["reauthenticate"] == {"minutes": 15, "needed": True, "possible": True}
    refused = approve(control, held, "ann")
    assert (refused.status_code, refused.json()["code"]) == (403, "ST-PRO-033")
    assert refused.json()["remedy"]["command"] == "stella reauthenticate"
    together = {
        "plans": [{"promotion": held["id"], "planDigest": held["planDigest"]}],
        "comment": "",
    }
    assert control.refused("POST", "/promotions/approve", together, "ann") == "ST-PRO-033"

    assert control.get("/session/proof", by="ann")["provenAt"] is None
    assert control.refused("POST", "/session/proof", {"password": "guess"}, "ann") == "ST-IDN-026"
    assert control.get("/me", by="ann")["user"]["name"] == "ann", "the session goes on"
    proven = control.post("/session/proof", {"password": PASSWORD}, "ann")
    assert proven["password"]
    assert not control.get(f"/promotions/{held['id']}", by="ann")["actions"]["reauthenticate"][
        "needed"
    ]
    assert approve(control, held, "ann").status_code == 200
    (given,) = control.get(f"/promotions/{held['id']}")["approvals"]
    assert given["provenAt"] == proven["provenAt"]


def test_a_program_cannot_and_is_told_so(control: Control, held: Any):
    made = control.post("/tokens", {"name": "bot"}, "ann")["token"]
    control.tokens = {**control.tokens, "bot": made}
    refused = approve(control, held, "bot").json()
    assert refused["code"] == "ST-PRO-033"
    assert "a token, a machine or a button of a chat cannot" in refused["title"]
    assert control.refused("POST", "/session/proof", {"password": PASSWORD}, "bot") == "ST-IDN-027"
    assert control.get("/session/proof", by="bot") == {
        "provenAt": None,
        "password": False,
        "providers": [],
    }
    assert not control.get(f"/promotions/{held['id']}", by="bot")["actions"]["reauthenticate"][
        "possible"
    ]


def test_nobody_who_is_not_logged_in_begins_a_proof_at_a_provider(control: Control):
    answer = control.client.get(f"{V1}/session/oidc/company/prove", follow_redirects=False)
    assert answer.status_code == 401


def test_the_environment_shows_how_recent_a_proof_it_asks_for(control: Control):
    control.environment("dev", reauthenticate={})
    assert control.get("/environments/dev")["reauthenticateMinutes"] == 15
