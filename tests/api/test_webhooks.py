"""Webhooks by the API: taken once, refused in one way, handled in order, never half."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from fixtures.control import V1
from fixtures.webhooks import (
    DIGEST,
    EARLIER,
    HOST,
    OTHER,
    SECRET,
    Hooks,
    hexed,
    pushed,
    slack,
    standard,
)
from stella.hub.deliveries import (
    end_deliveries,
    find_delivery,
    forget_deliveries,
    list_deliveries,
    webhook_delivery,
)
from stella.hub.delivery import failed
from stella.hub.lifecycle import DeliveryState
from stella.kernel import time_text
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


def test_the_same_delivery_again_is_answered_alike_and_handled_once(hooks: Hooks) -> None:
    hooks.make("ci", "signed")
    first, again = (hooks.signed("ci", pushed("1.0")).json() for _ in range(2))
    assert again == {"delivery": first["delivery"], "state": "queued", "replay": True}
    hooks.handle()
    assert hooks.signed("ci", pushed("1.0")).json()["state"] == "handled"
    assert hooks.handle() == 0
    (shown,) = hooks.deliveries()
    assert (shown["replays"], shown["attempts"]) == (2, 1)
    assert hooks.control.kinds(shown["id"]) == ["WebhookHandled"]


def test_a_captured_body_is_a_replay_under_any_other_id(hooks: Hooks) -> None:
    """GitHub signs the body alone: its id and the event's name can be changed on the way."""
    hooks.make("forge", "github")
    body = json.dumps(push("main")).encode()
    headers = {"x-hub-signature-256": f"sha256={hexed(body)}", "x-github-event": "push"}
    first = hooks.send("forge", body, {**headers, "x-github-delivery": "one"}).json()
    again = hooks.send("forge", body, {**headers, "x-github-delivery": "another"}).json()
    other = hooks.send("forge", body, {**headers, "x-github-event": "ping"}).json()
    assert again == other == {**first, "replay": True}


def test_a_replay_is_refused_once_its_signed_time_is_over(hooks: Hooks) -> None:
    hooks.make("ci", "signed")
    body = json.dumps(pushed("1.0")).encode()
    headers = standard(body, hooks.control.clock(), "msg_1")
    hooks.control.clock.go_on(minutes=6)
    answer = hooks.send("ci", body, headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "ST-WHK-002")
    ahead = standard(body, hooks.control.clock() + timedelta(minutes=6), "msg_1")
    assert hooks.send("ci", body, ahead).json()["code"] == "ST-WHK-002"
    assert hooks.deliveries() == []


def test_forged_unknown_and_switched_off_are_answered_word_for_word_alike(hooks: Hooks) -> None:
    hooks.make("ci", "signed")
    hooks.make("off", "signed", enabled=False)
    hooks.control.ask("PUT", "/secrets/password", {"value": "x"}, by="olga")
    said = pushed("1.0")
    answers = [
        hooks.signed("ci", said, secret="another"),
        hooks.send("ci", json.dumps(said).encode()),
        hooks.signed("nobody", said),
        hooks.signed("off", said),
        hooks.signed("ci", said, delivery="a" * 1000),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["code"] == "ST-WHK-001"
    assert hooks.deliveries() == []
    hooks.control.services.webhooks.flush_refusals()
    (refused,) = hooks.control.get("/webhooks/ci")["refusals"]
    assert (refused["code"], refused["count"]) == ("ST-WHK-001", 3)
    assert hooks.control.count("webhook_refusal") == 2


def test_a_flood_of_forged_ones_leaves_one_row(hooks: Hooks) -> None:
    hooks.make("ci", "signed")
    for number in range(50):
        hooks.send("ci", b"{}", {"webhook-id": f"{number}"})
        hooks.send(f"nobody-{number}", b"{}")
    hooks.control.services.webhooks.flush_refusals()
    hooks.signed("ci", pushed("1.0"), secret="another")
    hooks.control.services.webhooks.flush_refusals()
    assert hooks.control.get("/webhooks/ci")["refusals"][0]["count"] == 51
    assert hooks.control.count("webhook_refusal") == 1
    assert hooks.control.count("webhook_delivery") == 0


def test_both_secrets_count_during_a_switch_and_the_old_one_not_after(hooks: Hooks) -> None:
    hooks.make("ci", "signed")
    hooks.control.ask("PUT", "/secrets/before", {"value": EARLIER}, by="olga")
    both = {"secret": "secret://hook", "previous_secret": "secret://before"}
    hooks.make("ci", "signed", credentials=both)
    assert hooks.signed("ci", pushed("1.0"), "msg_1").is_success
    assert hooks.signed("ci", pushed("1.1"), "msg_2", EARLIER).is_success
    hooks.make("ci", "signed")
    assert hooks.signed("ci", pushed("1.2"), "msg_3", EARLIER).status_code == 401
    assert hooks.handle() == 2


def test_a_new_secret_counts_at_once(hooks: Hooks) -> None:
    hooks.make("ci", "signed")
    assert hooks.signed("ci", pushed("1.0"), "msg_1").is_success
    hooks.control.ask("PUT", "/secrets/hook", {"value": "turned over"}, by="olga")
    assert hooks.signed("ci", pushed("1.1"), "msg_2").status_code == 401
    assert hooks.signed("ci", pushed("1.1"), "msg_2", "turned over").is_success


def test_a_store_that_is_away_asks_for_the_delivery_again_and_loses_nothing(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks.make("ci", "signed", credentials={"secret": "env://STELLA_SECRET_HOOK"})
    answer = hooks.signed("ci", pushed("1.0"))
    assert (answer.status_code, answer.json()["code"]) == (503, "ST-HUB-032")
    assert "STELLA_SECRET_HOOK" not in answer.text
    monkeypatch.setenv("STELLA_SECRET_HOOK", SECRET)
    assert hooks.signed("ci", pushed("1.0")).is_success


def test_what_arrives_late_does_not_overwrite_what_the_tag_names_now(hooks: Hooks) -> None:
    hooks.make("ci", "signed")
    newer = pushed("1.0", OTHER, "2026-01-02T10:00:05Z")
    older = pushed("1.0", DIGEST, "2026-01-02T10:00:00Z")
    hooks.signed("ci", newer, "msg_2")
    hooks.signed("ci", older, "msg_1")
    hooks.handle()
    late, _ = hooks.deliveries()
    assert late["outcome"] == "shop/web:1.0 was pushed before what the tag names now"
    with hooks.control.database.read() as tx:
        seen = tag_names(tx, f"{HOST}/shop/web", "1.0")
    assert seen is not None
    assert seen.digest == OTHER
    hooks.signed("ci", pushed("1.0", DIGEST), "msg_3")  # it says no time: it is now
    hooks.handle()
    with hooks.control.database.read() as tx:
        seen = tag_names(tx, f"{HOST}/shop/web", "1.0")
    assert seen is not None
    assert seen.digest == DIGEST


def test_a_time_to_come_does_not_shut_a_tag_for_ever(hooks: Hooks) -> None:
    hooks.make("ci", "signed")
    hooks.signed("ci", pushed("1.0", DIGEST, "2199-01-01T00:00:00Z"), "msg_1")
    hooks.handle()
    hooks.control.clock.go_on(seconds=1)
    now = time_text(hooks.control.clock())
    hooks.signed("ci", pushed("1.0", OTHER, now), "msg_2")
    hooks.handle()
    with hooks.control.database.read() as tx:
        seen = tag_names(tx, f"{HOST}/shop/web", "1.0")
    assert seen is not None
    assert seen.digest == OTHER


def test_builds_and_commits_are_told_and_a_good_builds_images_are_scanned(hooks: Hooks) -> None:
    hooks.make("ci", "signed")
    build = {
        "pipeline": "shop/web",
        "build": "12",
        "state": "succeeded",
        "commit": "a" * 40,
        "images": [f"{HOST}/shop/web:2.0@{DIGEST}", f"{HOST}/shop/worker@{OTHER}"],
    }
    hooks.signed("ci", {"type": "build.ended", "data": build}, "msg_1")
    hooks.signed("ci", {"type": "build.ended", "data": {**build, "state": "failed"}}, "msg_2")
    hooks.signed("ci", {"type": "lunch.eaten", "data": {}}, "msg_3")
    hooks.make("forge", "github")
    body = json.dumps(push("main")).encode()
    hooks.send(
        "forge",
        body,
        {"x-hub-signature-256": f"sha256={hexed(body)}", "x-github-event": "push"},
    )
    hooks.handle()
    told = [(one["state"], one["outcome"]) for one in hooks.deliveries()]
    assert told == [
        ("handled", f"refs/heads/main of shop/web is {'b' * 12} now by ana"),
        ("ignored", "it does not concern us"),
        ("handled", f"build 12 of shop/web failed at {'a' * 12}"),
        (
            "handled",
            f"build 12 of shop/web succeeded at {'a' * 12}, images: 2 of 2 are scanned",
        ),
    ]
    scanned = {one["reference"] for one in hooks.control.get("/scans")["items"]}
    assert scanned == {f"{HOST}/shop/web@{DIGEST}", f"{HOST}/shop/worker@{OTHER}"}


def test_deliveries_are_filtered_paged_and_seen_by_viewers_alone(hooks: Hooks) -> None:
    hooks.make("ci", "signed")
    hooks.make("other", "signed")
    for number in range(3):
        hooks.signed("ci", pushed(f"1.{number}"), f"msg_{number}")
    hooks.signed("other", {"type": "nothing"}, "msg_9")
    assert [one["integration"] for one in hooks.deliveries(state="ignored")] == ["other"]
    assert len(hooks.deliveries(integration="ci", state="queued,failed")) == 3
    first = hooks.control.get("/webhook-deliveries", limit=3)
    rest = hooks.control.get("/webhook-deliveries", limit=3, cursor=first["next"])
    assert len(first["items"]) + len(rest["items"]) == 4
    assert hooks.control.refused("GET", "/webhook-deliveries?state=lost") == "ST-API-001"
    assert hooks.control.refused("GET", "/webhook-deliveries/whd_none") == "ST-HUB-031"
    assert hooks.control.refused("GET", "/webhooks/none") == "ST-HUB-001"
    assert hooks.control.client.get(f"{V1}/webhook-deliveries").status_code == 401


def test_only_what_failed_is_handled_anew_and_by_who_may_change_integrations(
    hooks: Hooks,
) -> None:
    hooks.make("ci", "signed")
    hooks.signed("ci", pushed("1.0"))
    hooks.handle()
    (one,) = hooks.deliveries()
    path = f"/webhook-deliveries/{one['id']}/retry"
    assert hooks.control.refused("POST", path, by="olga") == "ST-KER-002"
    assert hooks.control.refused("POST", path, by="vic") == "ST-IDN-004"
    with hooks.control.database.transaction(actor="system") as tx:
        before = find_delivery(tx, one["id"])
        end_deliveries(tx, [failed(tx, replace(before, state=DeliveryState.QUEUED), "no", None)])
    assert hooks.control.post(path, by="olga")["state"] == "queued"
    assert hooks.handle() == 1
    assert hooks.deliveries()[0]["state"] == "handled"
    assert hooks.control.kinds(one["id"]) == [
        "WebhookHandled",
        "WebhookFailed",
        "WebhookRetried",
        "WebhookHandled",
    ]


def test_a_body_that_is_too_large_is_refused_before_it_is_looked_at(hooks: Hooks) -> None:
    hooks.make("ci", "signed")
    answer = hooks.send("ci", b" " * (1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "ST-API-006")


def test_a_signed_delivery_that_says_nothing_is_refused_and_counted(hooks: Hooks) -> None:
    hooks.make("ci", "signed")
    for number, said in enumerate(([], {}, {"type": []}, {"type": "image.pushed", "data": []})):
        answer = hooks.signed("ci", said, f"msg_{number}")
        assert (answer.status_code, answer.json()["code"]) == (422, "ST-WHK-003"), said
    assert hooks.deliveries() == []
    hooks.control.services.webhooks.flush_refusals()
    (refused,) = hooks.control.get("/webhooks/ci")["refusals"]
    assert (refused["code"], refused["count"]) == ("ST-WHK-003", 4)


def test_a_challenge_is_answered_with_its_own_words(hooks: Hooks) -> None:
    hooks.make("chat", "slack")
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB"}).encode()
    headers = {**slack(body, hooks.control.clock()), "content-type": "application/json"}
    answer = hooks.send("chat", body, headers)
    assert (answer.status_code, answer.text) == (200, "3eZbrw1aB")
    assert answer.headers["content-type"].startswith("text/plain")


def test_an_integration_that_is_gone_takes_its_deliveries_with_it(hooks: Hooks) -> None:
    hooks.make("ci", "signed")
    hooks.signed("ci", pushed("1.0"))
    hooks.control.ask("DELETE", "/integrations/ci", by="olga")
    assert hooks.deliveries() == []
    assert hooks.handle() == 0
    assert hooks.signed("ci", pushed("1.0")).status_code == 401


def test_no_secret_and_no_body_is_in_the_record(hooks: Hooks) -> None:
    hooks.make("ci", "signed")
    said = {**pushed("1.0"), "note": "words-of-the-body"}
    hooks.signed("ci", said)
    hooks.handle()
    with hooks.control.database.read() as tx:
        rows = [str(row) for row in tx.rows(select(webhook_delivery))]
    assert SECRET not in rows[0]
    assert "words-of-the-body" not in rows[0]


def test_old_deliveries_are_forgotten_and_what_waits_is_not(hooks: Hooks) -> None:
    hooks.make("ci", "signed")
    hooks.signed("ci", pushed("1.0"), "msg_1")
    hooks.handle()
    hooks.signed("ci", pushed("1.1"), "msg_2")
    hooks.control.clock.go_on(days=31)
    with hooks.control.database.transaction(actor="system") as tx:
        assert forget_deliveries(tx) == 1
    with hooks.control.database.read() as tx:
        (kept,) = list_deliveries(tx)
    assert kept.delivery == "msg_2"


def push(branch: str) -> dict[str, object]:
    return {
        "ref": f"refs/heads/{branch}",
        "before": "a" * 40,
        "after": "b" * 40,
        "repository": {"full_name": "shop/web"},
        "pusher": {"name": "ana"},
    }
