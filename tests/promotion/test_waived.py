"""What a waiver lets pass in a decision, what it never does, and that the record says so."""

import json
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from evidence.packets import ANN, AT, DAN, Story
from stella.evidence import names, read_packet, verify_packet
from stella.kernel import Outcome, canonical_json
from stella.policy import PolicyResult, RuleResult
from stella.promotion.decide import record_of
from stella.promotion.gates.waived import apply_waivers
from stella.promotion.model import ApprovalInput, Decision, DecisionInput, WaiverInput, document
from stella.replay import Verdict, replay_packet

LATER = "2030-02-01T00:00:00.000000Z"


def waiver(**changes: Any) -> WaiverInput:
    """Of the one critical finding of the image "old"."""
    given = WaiverInput(
        id="wvr_1",
        environment="prod",
        rule="severity",
        finding="OSV-2029-1",
        component="web",
        unknown=False,
        reason="templates are ours alone",
        requested_by=DAN,
        requested_at="2029-12-01T00:00:00.000000Z",
        approved_by=ANN,
        approved_at="2029-12-02T00:00:00.000000Z",
        expires_at=LATER,
    )
    return msgspec.structs.replace(given, **changes)


@dataclass
class WaivedStory(Story):
    image: str = "old"
    waivers: tuple[WaiverInput, ...] = ()

    def given(self, approvals: tuple[ApprovalInput, ...] = ()) -> DecisionInput:
        return msgspec.structs.replace(
            super().given(approvals), waivers=self.waivers or msgspec.UNSET
        )


def story(*waivers: WaiverInput) -> WaivedStory:
    # The snapshot has no feed for everything in the image; that is not what is asked here.
    return WaivedStory(waivers=waivers, parameters={"unmatched": "pass", "severityMax": "high"})


def policy_of(decision: Decision) -> Any:
    return next(one for one in decision.gates if one.name == "policy")


def test_a_waiver_lets_exactly_its_objection_pass_and_stands_in_the_record():
    blocked, passed = story().decide(), story(waiver()).decide()
    assert policy_of(blocked).state == "blocked"
    gate = policy_of(passed)
    assert gate.state == "pass"
    assert "1 waived: wvr_1 until 2030-02-01" in gate.summary
    (reason,) = gate.reasons
    assert (reason.outcome, reason.waiver) == ("pass", "wvr_1")
    assert "templates are ours alone (asked for by dan, approved by ann)" in reason.fix
    record = json.loads(record_of(passed))
    assert record["waivers"] == [json.loads(canonical_json(document(waiver())))]
    assert passed.plan_digest != blocked.plan_digest


def test_the_plan_changes_with_the_waiver_and_not_with_one_that_meets_nothing():
    plain = story().decide()
    assert story(waiver(finding="CVE-9")).decide().plan_digest == plain.plan_digest
    assert b"waivers" not in record_of(story(waiver(finding="CVE-9")).decide())
    first, second = story(waiver()).decide(), story(waiver(id="wvr_2")).decide()
    assert len({plain.plan_digest, first.plan_digest, second.plan_digest}) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"rule": "known-exploited"},
        {"finding": "OSV-2029-2"},
        {"component": "worker"},
        {"environment": "stage"},
        {"expires_at": AT},
        {"approved_at": LATER},
        {"approved_by": DAN},
        {"finding": None, "component": None},
    ],
)
def test_another_scope_another_time_or_one_person_alone_waive_nothing(changes: Any):
    assert policy_of(story(waiver(**changes)).decide()).state == "blocked"


def test_a_waiver_of_a_component_takes_all_of_the_rules_findings_there():
    assert policy_of(story(waiver(finding=None)).decide()).state == "pass"


def test_an_unknown_is_waived_only_where_the_waiver_says_so():
    unmatched = WaivedStory(waivers=())
    lax = {"rule": "unmatched", "finding": None}
    given = unmatched.given()
    result = PolicyResult(
        (RuleResult("unmatched", Outcome.UNKNOWN, "3 of rpm", component="web"),), Outcome.UNKNOWN
    )
    for says, outcome in ((False, Outcome.UNKNOWN), (True, Outcome.PASS)):
        heard = msgspec.structs.replace(given, waivers=(waiver(**lax, unknown=says),))
        assert apply_waivers(heard, result).result.outcome is outcome


def test_what_speaks_of_no_component_and_no_finding_cannot_be_waived():
    result = PolicyResult(
        (RuleResult("policy", Outcome.UNKNOWN, "the policy broke"),), Outcome.UNKNOWN
    )
    names_all = waiver(rule="policy", finding=None, unknown=True)
    given = msgspec.structs.replace(Story().given(), waivers=(names_all,))
    assert apply_waivers(given, result).result.outcome is Outcome.UNKNOWN


def test_an_alias_names_the_finding_too():
    finding = {"id": "GHSA-1", "aliases": ["CVE-2030-1"]}
    result = PolicyResult(
        (RuleResult("severity", Outcome.BLOCKED, "bad", "web", finding),), Outcome.BLOCKED
    )
    given = msgspec.structs.replace(Story().given(), waivers=(waiver(finding="CVE-2030-1"),))
    assert apply_waivers(given, result).by == {0: "wvr_1"}


def test_the_order_of_waivers_changes_no_byte():
    one, two = waiver(), waiver(id="wvr_0", finding=None)
    made = story(one, two)
    first = record_of(made.decide())
    made.waivers = (two, one)
    assert record_of(made.decide()) == first


def test_a_packet_with_waivers_verifies_and_replays():
    made = story(waiver())
    found = verify_packet(made.packet(), made.root)
    assert found.good, found.checks
    assert replay_packet(made.packet()).verdict is Verdict.IDENTICAL
    report = read_packet(made.packet()).entries[names.REPORT].decode()
    assert "1 waived: wvr_1 until 2030-02-01" in report
    assert "templates are ours alone (asked for by dan, approved by ann)" in report


@pytest.mark.parametrize(
    "lie",
    [
        lambda decision: msgspec.structs.replace(decision, waivers=msgspec.UNSET),
        lambda decision: msgspec.structs.replace(decision, waivers=(waiver(reason="other"),)),
    ],
)
def test_a_record_that_hides_or_changes_a_waiver_does_not_verify(lie: Any):
    made = story(waiver())
    made.lie = lie
    found = verify_packet(made.packet(), made.root)
    assert [one.name for one in found.checks if not one.good] == ["decision"]


def test_without_waivers_the_input_keeps_its_bytes():
    assert b"waivers" not in canonical_json(document(Story().given()))
