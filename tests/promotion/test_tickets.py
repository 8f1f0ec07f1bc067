"""Change tickets: looked up before the gates judge, again while it waits, and proven by facts."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from fixtures.control import Control
from fixtures.road import InlineRuns
from promotion.test_rules import proves
from stella.app.flows import steps_of
from stella.app.tickets import look_up_due
from stella.app.work import work_of
from stella.deployment.standing import find_standing
from stella.hub.apply import apply_integration
from stella.kernel import Digest
from stella.plugin.contract.core import Contribution, Kind
from stella.plugin.contract.notifier import Ticket
from stella.promotion.store import find_promotion
from stella.sdk.testing import SimulatedNotifier

LAX = {"severityMax": "critical", "knownExploited": "pass", "unmatched": "pass"}
REQUIRED = {**LAX, "changeTicket": "required"}
URL = "https://jira.example/browse/OPS-1"
READY = Ticket("OPS-1", URL, "Ready", is_approved=True)
DRAFT = Ticket("OPS-1", URL, "Draft", is_approved=False)
ONE = [{"rule": "one", "approvers": ["approver"], "count": 1}]
BROUGHT = {
    (Kind.NOTIFIER, "jira"): Contribution(Kind.NOTIFIER, "jira", "Jira", {"type": "object"}),
}


@dataclass
class Ticketed(Control):
    """The control plane with a service of tickets that is in memory."""

    service: SimulatedNotifier = field(default_factory=SimulatedNotifier)

    def integration(self, name: str, **more: Any) -> None:
        spec = {"kind": "notifier", "connector": "jira", "endpoint": f"https://{name}.example"}
        config = {"change_tickets": True}
        with self.database.transaction(actor="test") as tx:
            apply_integration(tx, name, {**spec, "config": config, **more}, BROUGHT)

    def look_again(self) -> int:
        self.clock.go_on(minutes=16)
        return look_up_due(self.services, self.services.deciding)

    def ask_for(self, release: str, environment: str, ticket: str = "OPS-1", **more: Any) -> Any:
        body = {"release": release, "environment": environment, "changeTicket": ticket, **more}
        made = self.post("/promotions", body)
        self.settle()
        return self.get(f"/promotions/{made['id']}")


@pytest.fixture
def ticketed(control: Control) -> Ticketed:
    service = SimulatedNotifier(tickets={"OPS-1": READY})
    outside = replace(control.services.outside, connected=lambda _kind, _name, **_: service)
    services = replace(control.services, outside=outside)
    parts = {name: getattr(control, name) for name in Control.__dataclass_fields__}
    work = replace(control.work, look_up=work_of(services, "test").look_up)
    parts |= {"services": services, "work": work, "runs": InlineRuns(steps_of(work))}
    made = Ticketed(**parts, service=service)
    made.integration("ops")
    return made


def reasons(promotion: Any) -> list[tuple[str, str]]:
    (gate,) = [one for one in promotion["decision"]["gates"] if one["name"] == "policy"]
    return [(one["outcome"], one["message"]) for one in gate["reasons"]]


def proven(control: Control, promotion: Any) -> None:
    with control.database.read() as tx:
        proves(control, find_promotion(tx, promotion["id"]))


def test_an_approved_ticket_lets_it_go_and_the_packet_proves_it(ticketed: Ticketed):
    ticketed.environment("dev", parameters=REQUIRED)
    asked = ticketed.ask_for(ticketed.sealed("1.0.0")["id"], "dev")
    assert asked["decision"]["outcome"] == "pass"
    assert not [one for one in asked["history"] if "Ticket" in one["event"]]
    shown = asked["changeTicket"]
    assert (shown["key"], shown["status"], shown["approved"], shown["url"]) == (
        "OPS-1",
        "Ready",
        True,
        URL,
    )
    ticketed.finish("host-a")
    ticketed.finish("host-b")
    proven(ticketed, asked)


def test_what_runs_stands_without_a_ticket_of_now(ticketed: Ticketed):
    ticketed.environment("dev", parameters=REQUIRED)
    ticketed.ask_for(ticketed.sealed("1.0.0")["id"], "dev")
    ticketed.finish("host-a")
    ticketed.finish("host-b")
    ticketed.environment("dev", parameters={**REQUIRED, "ticketAgeMinutes": 5})
    ticketed.settle()
    with ticketed.database.read() as tx:
        standing = find_standing(tx, "dev")
    assert standing is not None
    assert (standing.outcome.value, standing.reasons) == ("pass", ())


def test_no_ticket_and_one_that_is_not_approved_are_blocked(ticketed: Ticketed):
    ticketed.environment("dev", parameters=REQUIRED)
    release = ticketed.sealed("1.0.0")["id"]
    without = ticketed.ask_for(release, "dev", "")
    assert reasons(without) == [("blocked", "no change ticket is named")]
    assert without["changeTicket"] is None
    proven(ticketed, without)
    ticketed.service.tickets["OPS-1"] = replace(DRAFT, url="javascript:1", starts_at="soon")
    draft = ticketed.ask_for(release, "dev")
    assert reasons(draft) == [("blocked", "OPS-1 is Draft, which does not pass")]
    assert (draft["changeTicket"]["url"], draft["changeTicket"]["startsAt"]) == ("", "")
    proven(ticketed, draft)
    ticketed.service.tickets["OPS-1"] = replace(DRAFT, status="Dr\0aft\ud800")
    odd = ticketed.ask_for(release, "dev")
    assert odd["changeTicket"]["status"] == "Dr?aft?"


def test_a_service_that_is_silent_is_unknown_and_told_as_such(ticketed: Ticketed):
    ticketed.environment("dev", parameters=REQUIRED)
    ticketed.service.is_out = True
    asked = ticketed.ask_for(ticketed.sealed("1.0.0")["id"], "dev")
    ((outcome, message),) = reasons(asked)
    assert outcome == "unknown"
    assert "cannot be reached" in message
    assert "cannot be reached" in asked["changeTicket"]["trouble"]
    proven(ticketed, asked)


def test_what_waits_is_looked_up_again_and_judged_when_it_changes(ticketed: Ticketed):
    ticketed.environment("dev", parameters=REQUIRED, approvals=ONE)
    waiting = ticketed.ask_for(ticketed.sealed("1.0.0")["id"], "dev")
    assert waiting["state"] == "waiting"
    assert ticketed.look_again() == 0, "it stands as it did"
    assert look_up_due(ticketed.services, ticketed.services.deciding) == 0, "not before its time"
    seen = ticketed.get(f"/promotions/{waiting['id']}")
    assert seen["changeTicket"]["lookedUpAt"] > waiting["changeTicket"]["lookedUpAt"]
    body = {"planDigest": seen["planDigest"], "comment": ""}
    ticketed.service.tickets["OPS-1"] = DRAFT
    assert ticketed.look_again() == 1
    blocked = ticketed.get(f"/promotions/{waiting['id']}")
    assert (blocked["state"], blocked["changeTicket"]["status"]) == ("blocked", "Draft")
    assert ticketed.refused("POST", f"/promotions/{waiting['id']}/approve", body, by="ann")
    assert ticketed.look_again() == 0, "what has ended is not looked up"
    ticketed.settle()
    proven(ticketed, blocked)


def test_trouble_later_keeps_what_is_known_until_that_is_too_old(ticketed: Ticketed):
    ticketed.environment("dev", parameters=REQUIRED, approvals=ONE)
    waiting = ticketed.ask_for(ticketed.sealed("1.0.0")["id"], "dev")
    ticketed.service.is_out = True
    assert ticketed.look_again() == 1
    assert ticketed.get(f"/promotions/{waiting['id']}")["state"] == "waiting"
    ticketed.clock.go_on(hours=2)
    body = {"planDigest": waiting["planDigest"], "comment": ""}
    ticketed.post(f"/promotions/{waiting['id']}/approve", body, by="ann")
    ticketed.settle()
    ended = ticketed.get(f"/promotions/{waiting['id']}")
    assert (ended["state"], reasons(ended)[0][0]) == ("blocked", "unknown")


def test_where_else_a_ticket_was_used_is_shown_and_may_be_forbidden(ticketed: Ticketed):
    ticketed.environment("dev", parameters=REQUIRED)
    ticketed.environment("test", parameters={**REQUIRED, "ticketReuse": "release"})
    first = ticketed.sealed("1.0.0")["id"]
    one = ticketed.ask_for(first, "dev")
    same = ticketed.ask_for(first, "test")
    assert same["decision"]["outcome"] == "pass"
    assert [use["promotion"] for use in same["changeTicket"]["uses"]] == [one["id"]]
    other = ticketed.sealed("2.0.0", {"requests": "2.32.5"})["id"]
    borrowed = ticketed.ask_for(other, "test", "ops:OPS-1")
    ((outcome, message),) = reasons(borrowed)
    assert (outcome, "OPS-1 stands for" in message) == ("blocked", True)
    later = ticketed.get(f"/promotions/{one['id']}")
    assert later["changeTicket"]["uses"] == [], "who names it later takes it from nobody"


def test_the_use_by_other_images_is_told_however_often_these_named_it(
    ticketed: Ticketed, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("stella.promotion.known.tickets.USES_MAX", 2)
    ticketed.environment("dev")
    ticketed.environment("test", parameters={**REQUIRED, "ticketReuse": "release"})
    first = ticketed.ask_for(ticketed.sealed("1.0.0")["id"], "dev")
    other = ticketed.sealed("2.0.0", {"requests": "2.32.5"})["id"]
    for name in ("one", "two", "three"):
        ticketed.environment(name)
        ticketed.ask_for(other, name)
    borrowed = ticketed.ask_for(other, "test")
    assert reasons(borrowed)[0][0] == "blocked"
    assert borrowed["changeTicket"]["uses"][0]["promotion"] == first["id"]


def test_another_ticket_than_was_asked_for_is_trouble(ticketed: Ticketed):
    ticketed.environment("dev", parameters=REQUIRED)
    ticketed.service.tickets["OPS-2"] = READY  # which is OPS-1
    asked = ticketed.ask_for(ticketed.sealed("1.0.0")["id"], "dev", "OPS-2")
    assert asked["decision"]["outcome"] == "unknown"
    assert "another ticket" in asked["changeTicket"]["trouble"]


def test_which_integration_is_asked_is_said_where_there_are_several(ticketed: Ticketed):
    ticketed.environment("dev", parameters=REQUIRED)
    release = ticketed.sealed("1.0.0")["id"]
    body = {"release": release, "environment": "dev"}
    for ticket in ("elsewhere:OPS-1", "ops:", "ops:a b", "OPS-1?x"):
        wrong = {**body, "changeTicket": ticket}
        assert ticketed.refused("POST", "/promotions", wrong) == "ST-PRO-035", ticket
    ticketed.integration("more")
    ticketed.integration("theirs", roles=["admin"])
    ticketed.integration("prod", environments=["prod"])
    assert (
        ticketed.refused("POST", "/promotions", {**body, "changeTicket": "OPS-1"}) == "ST-PRO-035"
    )
    for name in ("theirs", "prod"):
        wrong = {**body, "changeTicket": f"{name}:OPS-1"}
        assert ticketed.refused("POST", "/promotions", wrong) == "ST-PRO-035"
    preview = ticketed.post("/promotions/preview", {**body, "changeTicket": "more:OPS-1"})
    assert reasons(preview)[0][0] == "unknown"
    asked = ticketed.ask_for(release, "dev", "more:OPS-1")
    assert asked["changeTicket"]["integration"] == "more"


def test_the_input_holds_the_ticket_and_a_policy_is_told_it(ticketed: Ticketed):
    ticketed.environment("dev", parameters=LAX)
    asked = ticketed.ask_for(ticketed.sealed("1.0.0")["id"], "dev")
    with ticketed.database.read() as tx:
        given = find_promotion(tx, asked["id"]).input
    said = json.loads(ticketed.services.blobs.get(Digest(str(given))))["changeTicket"]
    assert said["lookedUpAt"] == asked["changeTicket"]["lookedUpAt"]
