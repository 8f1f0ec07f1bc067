"""A button of a chat's message: pressed by whom the integration names, by the rules of everybody."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from fixtures.webhooks import Hooks, slack
from stella.identity import change_user, user_by_name

RULE = {"approvals": [{"rule": "release", "approvers": ["approver"], "count": 1}]}


@pytest.fixture
def waiting(hooks: Hooks) -> Any:
    """A promotion that waits for an approval."""
    hooks.control.environment("dev", **RULE)
    release = hooks.control.sealed("2.0.0")
    promotion = hooks.control.asked(release["id"], "dev")
    assert promotion["state"] == "waiting", promotion
    people = {"U1": "ann", "U2": "dan", "U3": "nobody"}
    hooks.make("chat", "slack", config={"people": people})
    return promotion


def press(hooks: Hooks, promotion: Any, choice: str, by: str, plan: str | None = None) -> str:
    """The outcome."""
    key = f"{promotion['id']}@{plan or promotion['planDigest']}"
    said = {
        "type": "block_actions",
        "user": {"id": by},
        "trigger_id": f"{by}-{choice}-{plan}",
        "actions": [{"type": "button", "action_id": choice, "value": key}],
    }
    body = urlencode({"payload": json.dumps(said)}).encode()
    headers = slack(body, hooks.control.clock())
    answer = hooks.send("chat", body, headers)
    assert answer.status_code == 200, answer.text
    assert hooks.handle() == 1
    shown = hooks.deliveries()[0]
    assert shown["state"] == "handled"
    return str(shown["outcome"])


def test_who_may_approve_does_so_in_their_own_name(hooks: Hooks, waiting: Any) -> None:
    assert press(hooks, waiting, "approve", "U1") == f"ann pressed approve of {waiting['id']}: done"
    after = hooks.control.get(f"/promotions/{waiting['id']}")
    (approval,) = after["approvals"]
    assert (approval["by"]["name"], approval["comment"]) == ("ann", "by a button (chat)")
    assert after["state"] == "deploying"


def test_nothing_is_done_where_the_server_owner_has_not_allowed_it(
    hooks: Hooks, waiting: Any
) -> None:
    outcome = press(replace(hooks, may_press=False), waiting, "approve", "U1")
    assert "the setting button_approvals is off" in outcome
    assert hooks.control.get(f"/promotions/{waiting['id']}")["state"] == "waiting"


def test_a_button_proves_nobody_and_says_where_it_can_be_done(hooks: Hooks, waiting: Any) -> None:
    hooks.control.environment("prod", "dev", **RULE, reauthenticate={"minutes": 15})
    hooks.control.post(
        f"/promotions/{waiting['id']}/approve", {"planDigest": waiting["planDigest"]}, "ann"
    )
    hooks.control.finish("host-a")
    hooks.control.finish("host-b")
    asked = hooks.control.asked("shop@2.0.0", "prod")
    outcome = press(hooks, asked, "approve", "U1")
    assert "a button of a chat cannot" in outcome
    assert "ST-PRO-033" in outcome
    assert press(hooks, asked, "reject", "U1").endswith("done")


def test_who_may_say_no_ends_it(hooks: Hooks, waiting: Any) -> None:
    assert press(hooks, waiting, "reject", "U1").endswith("done")
    assert hooks.control.get(f"/promotions/{waiting['id']}")["state"] == "rejected"


def test_nobody_else_does_and_the_outcome_says_why(hooks: Hooks, waiting: Any) -> None:
    outcomes = {
        "stranger": press(hooks, waiting, "approve", "U9"),
        "may not": press(hooks, waiting, "approve", "U2"),
        "gone": press(hooks, waiting, "approve", "U3"),
        "plan": press(hooks, waiting, "approve", "U1", plan="sha256:old"),
        "choice": press(hooks, waiting, "dance", "U1"),
    }
    assert "`people` of the integration does not name them" in outcomes["stranger"]
    assert "the user dan may not approve" in outcomes["may not"]
    assert "there is no such user" in outcomes["gone"]
    assert "not done, the plan of" in outcomes["plan"]
    assert "means nothing here" in outcomes["choice"]
    with hooks.control.database.transaction(actor="system") as tx:
        ann = user_by_name(tx, "ann")
        change_user(tx, ann.id, revision=ann.revision, disabled=True)
    assert "is disabled" in press(hooks, waiting, "reject", "U1")
    after = hooks.control.get(f"/promotions/{waiting['id']}")
    assert (after["state"], after["approvals"]) == ("waiting", [])
