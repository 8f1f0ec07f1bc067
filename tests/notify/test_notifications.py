"""Who is told: from the fact of a real promotion to the message, through outages and ends."""

import json
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from fixtures.control import Control
from fixtures.road import OLD
from stella.app.courier import Courier
from stella.app.flows import steps_of
from stella.app.work import work_of
from stella.hub.apply import apply_integration
from stella.kernel import Outcome, time_text
from stella.notify.checks import messages_are_taken
from stella.notify.deliver import ATTEMPTS_MAX, LEASE, WAITS_S, claim_due
from stella.notify.events import EVENTS
from stella.plugin.contract.core import Contribution, Kind
from stella.plugin.contract.notifier import Message, SentMessage
from stella.plugin.order import OrderOutcome
from stella.record.tables import fact as fact_table
from stella.sdk.testing import SimulatedNotifier

CHAT = {"kind": "notifier", "connector": "chat", "endpoint": "https://chat.example"}
BROUGHT = {
    (Kind.NOTIFIER, "chat"): Contribution(Kind.NOTIFIER, "chat", "Chat", {"type": "object"}),
    (Kind.REGISTRY, "oci"): Contribution(Kind.REGISTRY, "oci", "Registry", {"type": "object"}),
}
TWO_RULES = {"approvals": [{"rule": "one", "approvers": ["ann"]}]}


@dataclass
class Told(Control):
    """The control plane with a courier and channels that are in memory."""

    channels: dict[str, Any] = field(default_factory=dict)

    def rule(self, name: str, *on: str, integration: str = "chat", **spec: Any) -> Any:
        document = {
            "apiVersion": "stella/v1",
            "kind": "Notification",
            "name": name,
            "spec": {"on": list(on), "integration": integration, **spec},
        }
        return self.apply(document)

    def sweep(self) -> int:
        """One round, to its end."""
        courier = self.courier()
        count = courier.sweep()
        idle(courier)
        courier.close()
        return count

    def courier(self) -> Courier:
        outside = replace(
            self.services.outside, connected=lambda _kind, name, **_: self.channels[name]
        )
        return Courier(replace(self.services, outside=outside))

    def sent(self, **query: Any) -> list[Any]:
        return self.get("/notifications/sent", **query)["items"]

    def facts(self, kind: str) -> list[Any]:
        with self.database.read() as tx:
            query = fact_table.select().where(fact_table.c.kind == kind)
            return [json.loads(row["data"]) for row in tx.rows(query)]


def idle(courier: Courier) -> None:
    deadline = time.monotonic() + 20
    while not courier.is_idle:
        assert time.monotonic() < deadline, "it still sends"
        time.sleep(0.005)


@pytest.fixture
def told(control: Control) -> Told:
    parts = {name: getattr(control, name) for name in Control.__dataclass_fields__}
    made = Told(**parts, channels={"chat": SimulatedNotifier(), "other": SimulatedNotifier()})
    with made.database.transaction(actor="test") as tx:
        apply_integration(tx, "chat", CHAT, BROUGHT)
        apply_integration(tx, "other", CHAT, BROUGHT)
        registry = {"kind": "registry", "connector": "oci", "endpoint": "r.example"}
        apply_integration(tx, "images", registry, BROUGHT)
    return made


def test_a_promotion_tells_who_wants_to_know_once(told: Told) -> None:
    told.environment("dev", **TWO_RULES)
    on = ("PromotionRequested", "ApprovalNeeded", "PromotionApproved", "DeploymentSucceeded")
    assert told.rule("releases", *on, environments=["dev"]).status_code == 200
    asked = told.asked(told.sealed("2.0.0")["id"], "dev")
    assert told.sweep() == 2
    body = {"planDigest": asked["planDigest"], "comment": "looks *right*"}
    told.ask("POST", f"/promotions/{asked['id']}/approve", body, by="ann")
    told.finish("host-a")
    told.finish("host-b")
    told.sweep()
    assert [one["event"] for one in reversed(told.sent())] == [*on]
    assert {one["state"] for one in told.sent()} == {"sent"}
    messages = list(told.channels["chat"].messages.values())
    titles = [one.title for one in messages]
    assert titles[0] == "shop 2.0.0 is asked for in dev"
    assert titles[1] == "shop 2.0.0 waits for approval in dev"
    assert titles[-1] == "shop 2.0.0 runs in dev"
    waits = messages[1]
    page = f"{told.services.url}/promotions/{asked['id']}"
    assert waits.url == page
    assert [(one.name, one.url) for one in waits.choices] == [("approve", page), ("reject", page)]
    assert waits.key.startswith(f"{asked['id']}:msg_")
    shown = [(one.title, one.text, one.fields, one.url) for one in messages]
    assert asked["planDigest"] not in f"{shown}", "people read short digests"
    assert len(told.facts("MessageSent")) == len(messages)
    assert told.sweep() == 0
    (rule,) = told.get("/notifications")["items"]
    assert (rule["name"], rule["last"]["event"]) == ("releases", "DeploymentSucceeded")


def test_break_glass_is_told_by_every_rule_that_tells_of_promotions(told: Told) -> None:
    strict = {"severityMax": "low"}
    told.environment("dev", parameters=strict, breakGlass={"by": ["developer", "approver"]})
    told.rule("requests", "PromotionRequested")
    told.rule("named", "GlassBroken", integration="other")
    told.rule("scans", "ScanFailed", "WaiverRequested", integration="other")
    told.rule("elsewhere", "DeploymentFailed", environments=["prod"])
    asked = told.asked(told.sealed("1.0.0", OLD)["id"], "dev")
    path = f"/promotions/{asked['id']}/break-glass"
    ends_at = time_text(told.clock() + timedelta(minutes=30))
    body = {"planDigest": asked["planDigest"], "reason": "the shop is down", "endsAt": ends_at}
    told.post(path, body)
    told.post(f"{path}/agree", {}, by="ann")
    told.post(f"{path}/end", {"comment": "it runs again"})
    sent = {(one["rule"], one["event"]) for one in told.sent()}
    alerts = {"BreakGlassRequested", "BreakGlassAgreed", "GlassBroken", "BreakGlassEnded"}
    assert sent == {
        *(("requests", name) for name in ("PromotionRequested", *alerts)),
        ("named", "GlassBroken"),
    }
    told.sweep()
    (through,) = [
        one for one in told.channels["chat"].messages.values() if "let through" in one.title
    ]
    assert through.title == "BREAK-GLASS let through: shop 1.0.0 to dev"
    assert "Not passed: policy" in through.text
    assert (through.fields["asked by"], through.fields["agreed by"]) == ("dan", "ann")


def test_a_take_down_is_told_with_what_ran_and_why_where_a_rule_says_so(told: Told) -> None:
    told.rule("downs", "TakeDownStarted", "TakeDownFailed", "TakeDownSucceeded", includeText=True)
    told.environment("dev")
    told.deployed(told.sealed("2.0.0")["id"], "dev")
    why = {"reason": "the review is over"}
    for outcome in (OrderOutcome.FAILED, OrderOutcome.SUCCEEDED):
        told.post("/environments/dev/take-down", why, by="olga")
        told.finish("host-a", outcome)
        if outcome is OrderOutcome.FAILED:
            told.finish("host-b")
    told.sweep()
    messages = list(told.channels["chat"].messages.values())
    assert sorted(one.title for one in messages) == [
        "shop 2.0.0 is not all gone from dev",
        "shop 2.0.0 is taken down in dev",
        "shop 2.0.0 is taken down in dev",
        "shop 2.0.0 runs no more in dev",
    ]
    begun = [one for one in messages if one.title.endswith("is taken down in dev")]
    assert all("the review is over" in one.text for one in begun)
    assert {one.url for one in messages} == {f"{told.services.url}/environments/dev"}


def test_a_handler_that_is_run_again_tells_nothing_twice(told: Told) -> None:
    told.environment("dev", **TWO_RULES)
    told.rule("every", "PromotionRequested")
    asked = told.asked(told.sealed("2.0.0")["id"], "dev")
    before = len(told.sent())
    with told.database.read() as tx:
        query = fact_table.select().where(fact_table.c.kind == "PromotionRequested")
        ((fact),) = (row["id"] for row in tx.rows(query))
    for _ in range(3):
        for step in steps_of(work_of(told.services, "test"))["PromotionRequested"]:
            step(fact)
    assert len(told.sent()) == before == 1
    assert told.sent()[0]["subject"] == asked["id"]


def test_a_rule_tells_of_its_environments_and_only_while_it_is_on(told: Told) -> None:
    told.environment("dev", **TWO_RULES)
    told.environment("prod", "dev")
    told.rule("prod", "PromotionRequested", environments=["prod"])
    told.rule("off", "PromotionRequested", enabled=False)
    told.rule("quiet", "PromotionRequested", includeText=False)
    release = told.sealed("2.0.0")["id"]
    body = {"release": release, "environment": "dev", "reason": "because of the sale"}
    told.post("/promotions", body)
    told.rule("loud", "PromotionRequested")
    told.sweep()
    assert [one["rule"] for one in told.sent()] == ["quiet"]
    (message,) = told.channels["chat"].messages.values()
    assert "sale" not in message.text


def test_what_people_wrote_is_told_where_a_rule_says_so(told: Told) -> None:
    told.environment("dev", **TWO_RULES)
    told.rule("loud", "PromotionRequested", "PromotionRejected")
    body = {"environment": "dev", "reason": "because of the sale"}
    made = told.post("/promotions", {"release": told.sealed("2.0.0")["id"], **body})
    told.ask("POST", f"/promotions/{made['id']}/reject", {"comment": "not on friday"}, by="ann")
    told.sweep()
    texts = [one.text for one in told.channels["chat"].messages.values()]
    assert texts == ["Reason: because of the sale", "Comment: not on friday"]


@pytest.mark.long
def test_a_channel_that_is_down_holds_nothing_up_and_is_tried_again(told: Told) -> None:
    told.environment("dev")
    told.rule("releases", "PromotionRequested")
    chat = told.channels["chat"]
    chat.is_out = True
    release = told.sealed("2.0.0")["id"]
    assert told.deployed(release, "dev")["state"] == "deployed"
    for attempt, wait_s in enumerate(WAITS_S, 1):
        assert told.sweep() == 1, attempt
        (row,) = told.sent()
        assert (row["state"], row["attempts"]) == ("waiting", attempt)
        assert "cannot be reached" in row["detail"]
        told.clock.go_on(seconds=wait_s / 2)
        assert told.sweep() == 0, "it is tried before its time"
        told.clock.go_on(seconds=wait_s / 2 + 1)
    told.sweep()
    (row,) = told.sent(state="failed")
    assert (row["attempts"], row["dueAt"]) == (ATTEMPTS_MAX, None)
    assert "cannot be reached" in row["detail"]
    (failed,) = told.facts("MessageFailed")
    assert (failed["code"], failed["rule"]) == ("ST-SVC-001", "releases")
    found = messages_are_taken(told.services.database)
    assert [one.outcome for one in found] == [Outcome.BLOCKED]
    assert found[0].about == "releases"
    chat.is_out = False
    assert told.refused("POST", f"/notifications/sent/{row['id']}/resend") == "ST-IDN-004"
    told.post(f"/notifications/sent/{row['id']}/resend", by="olga")
    assert told.sweep() == 1
    assert told.sent()[0]["state"] == "sent"
    found = messages_are_taken(told.services.database)
    assert [one.outcome for one in found] == [Outcome.PASS]


def test_what_another_try_does_not_mend_is_given_up_at_once(told: Told) -> None:
    told.environment("dev")
    told.rule("releases", "PromotionRequested")
    told.channels["chat"].is_shut = True
    told.asked(told.sealed("2.0.0")["id"], "dev")
    told.sweep()
    (row,) = told.sent()
    assert (row["state"], row["attempts"]) == ("failed", 1)
    assert "lets nobody in" in row["detail"]


def test_a_connector_that_breaks_costs_its_message_alone(told: Told) -> None:
    class Broken(SimulatedNotifier):
        def send(self, message: Message) -> SentMessage:
            raise RuntimeError(f"secret {message.title}")

    told.channels["chat"] = Broken()
    told.environment("dev")
    told.rule("broken", "PromotionRequested")
    told.rule("whole", "PromotionRequested", integration="other")
    told.asked(told.sealed("2.0.0")["id"], "dev")
    told.sweep()
    rows = {one["rule"]: one for one in told.sent()}
    assert rows["whole"]["state"] == "sent"
    assert rows["broken"]["state"] in {"failed", "waiting"}
    assert rows["broken"]["detail"].startswith("the connector of chat broke: RuntimeError")


def test_a_slow_channel_keeps_only_its_own_messages_waiting(told: Told) -> None:
    going, held = threading.Event(), threading.Event()

    class Slow(SimulatedNotifier):
        def send(self, message: Message) -> SentMessage:
            going.set()
            assert held.wait(30)
            return SimulatedNotifier.send(self, message)

    told.channels["chat"] = Slow()
    told.environment("dev")
    told.environment("test")
    told.rule("slow", "PromotionRequested")
    told.rule("quick", "PromotionRequested", integration="other")
    told.asked(told.sealed("2.0.0")["id"], "dev")
    courier = told.courier()
    try:
        assert courier.sweep() == 2
        assert going.wait(10)
        told.asked(told.sealed("2.0.1")["id"], "test")
        assert courier.sweep() == 1, "the one of the channel that is free"
        deadline = time.monotonic() + 10
        while len(told.channels["other"].messages) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(told.channels["other"].messages) == 2
        assert not told.channels["chat"].messages
    finally:
        held.set()
        courier.close()
    assert len(told.channels["chat"].messages) == 1


def test_an_attempt_that_died_is_made_again_after_its_lease_and_no_two_have_the_same(
    told: Told,
) -> None:
    told.environment("dev")
    told.rule("releases", "PromotionRequested")
    told.asked(told.sealed("2.0.0")["id"], "dev")
    with told.database.transaction(actor="system") as tx:
        assert len(claim_due(tx, 10)) == 1
    assert told.sweep() == 0
    told.clock.go_on(seconds=LEASE.total_seconds() + 1)
    assert told.sweep() == 1
    (row,) = told.sent()
    assert (row["state"], row["attempts"]) == ("sent", 2)


def test_a_test_of_a_rule_is_a_message_with_its_outcome(told: Told) -> None:
    told.rule("releases", "PromotionRequested")
    assert told.refused("POST", "/notifications/releases/test", by="dan") == "ST-IDN-004"
    made = told.post("/notifications/releases/test", by="olga")
    assert (made["state"], made["event"]) == ("waiting", "test")
    told.sweep()
    assert told.sent()[0]["state"] == "sent"
    assert told.channels["chat"].messages
    assert told.refused("POST", "/notifications/nothing/test", by="olga") == "ST-NTF-001"
    assert told.refused("POST", "/notifications/sent/msg_1/resend", by="olga") == "ST-NTF-003"
    again = f"/notifications/sent/{made['id']}/resend"
    assert told.refused("POST", again, by="olga") == "ST-NTF-004"


def test_a_rule_is_applied_with_a_diff_changed_and_ended(told: Told) -> None:
    first = told.rule("releases", "PromotionRequested").json()["changes"][0]
    assert (first["kind"], first["change"]) == ("Notification", "created")
    again = told.rule("releases", "PromotionRequested").json()["changes"][0]
    assert again["change"] == "unchanged"
    changed = told.rule("releases", "DeploymentFailed").json()["changes"][0]
    assert [one["path"] for one in changed["diff"]] == ["spec.on"]
    assert told.refused("DELETE", "/notifications/releases", by="dan") == "ST-IDN-004"
    assert told.ask("DELETE", "/notifications/releases", by="olga").status_code == 204
    assert told.refused("GET", "/notifications/releases") == "ST-NTF-001"
    names = [one["name"] for one in told.get("/notifications/events")["items"]]
    assert names == list(EVENTS)


@pytest.mark.parametrize(
    ("name", "spec", "reasons"),
    [
        ("a", {"on": ["PromotionRequest"]}, ["did you mean 'PromotionRequested'"]),
        ("a", {"on": []}, ["nothing to be told of"]),
        ("a", {"on": ["ScanFailed"], "integration": "nothing"}, ["there is none"]),
        ("a", {"on": ["ScanFailed"], "integration": "images"}, ["registry, no notifier"]),
        ("a", {"on": ["ScanFailed"], "environments": ["mars"]}, ["there is no 'mars'"]),
        ("A b", {"on": ["x", "ScanFailed"]}, ["lower-case", "there is no 'x'"]),
        ("sent", {"on": ["ScanFailed"]}, ["a word of the API"]),
        ("a", {"on": ["ScanFailed"], "includetext": True}, ["did you mean 'includeText'"]),
        ("a", {"on": "ScanFailed"}, ["Expected"]),
        ("a", {"on": ["ScanFailed"] * 100}, ["more than there is"]),
    ],
)
def test_a_rule_that_cannot_be_names_every_reason_and_changes_nothing(
    told: Told, name: str, spec: dict[str, Any], reasons: list[str]
) -> None:
    document = {
        "apiVersion": "stella/v1",
        "kind": "Notification",
        "name": name,
        "spec": {"integration": "chat", **spec},
    }
    answer = told.apply(document)
    assert answer.is_error
    text = answer.text.replace("\\'", "'")
    assert all(one in text for one in reasons), text
    assert told.get("/notifications")["items"] == []


def test_only_who_may_change_integrations_applies_rules(told: Told) -> None:
    document = {
        "apiVersion": "stella/v1",
        "kind": "Notification",
        "name": "a",
        "spec": {"on": ["ScanFailed"], "integration": "chat"},
    }
    answer = told.ask("POST", "/apply", {"documents": [document]}, by="dan")
    assert answer.json()["code"] == "ST-IDN-004"


def test_a_secret_that_was_read_is_told_to_nobody(told: Told) -> None:
    told.environment("dev")
    told.rule("loud", "PromotionRequested")
    outside = replace(
        told.services.outside,
        connected=lambda _kind, name, **_: told.channels[name],
        masked=lambda text: text.replace("hunter2-hunter2", "***"),
    )
    body = {"environment": "dev", "reason": "the password is hunter2-hunter2"}
    told.post("/promotions", {"release": told.sealed("2.0.0")["id"], **body})
    courier = Courier(replace(told.services, outside=outside))
    courier.sweep()
    idle(courier)
    courier.close()
    (message,) = told.channels["chat"].messages.values()
    assert "hunter2" not in f"{message}"
