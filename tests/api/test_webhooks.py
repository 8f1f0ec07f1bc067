"""Webhooks by the API: taken once, refused in one way, handled in order, never half."""

import json
from datetime import timedelta

from fixtures.webhooks import DIGEST, EARLIER, HOST, OTHER, SECRET, Hooks, hexed, pushed, standard
from stella.release.store import tag_names


def test_a_signed_delivery_is_queued_handled_and_shown_with_its_outcome(hooks: Hooks) -> None:
    hooks.make("ci", "signed")
    answer = hooks.signed("ci", pushed("1.0"))
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "queued"
    assert answer.json()["replay"] is False
    assert hooks.handle() == 1
    (shown,) = hooks.deliveries()
    assert shown["id"] == answer.json()["delivery"]
    assert (shown["state"], shown["delivery"], shown["event"]) == (
        "handled",
        "msg_1",
        "image.pushed",
    )
    assert shown["outcome"] == f"shop/web:1.0 was pushed, {DIGEST[:19]}"
    assert hooks.control.kinds(shown["id"]) == ["WebhookHandled"]
    (scan,) = hooks.control.get("/scans")["items"]
    assert scan["reference"] == f"{HOST}/shop/web@{DIGEST}"
    assert hooks.control.get("/webhooks/ci")["deliveries"] == {
        "queued": 0,
        "handled": 1,
        "ignored": 0,
        "failed": 0,
    }
