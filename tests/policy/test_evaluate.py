"""What policies say of releases: with the whole why, and unknown wherever something is missing."""

import json
import threading
from typing import Any

import pytest

from policy.releases import IMAGE, document, finding, release
from stella.kernel import Json, Outcome, canonical_json
from stella.policy import (
    PolicyBundle,
    PolicyResult,
    RuleResult,
    StatedFindings,
    evaluate,
    load_bundle,
    read_states,
    starter_bundle,
    starter_files,
    verdict_digest,
)
from stella.policy.testing import run_policy_tests


def judged(*documents: dict[str, Any] | None, **parameters: Json) -> PolicyResult:
    return evaluate(starter_bundle(), release(*documents, **parameters))


def spoken(result: PolicyResult, rule: str) -> list[RuleResult]:
    return [one for one in result.rules if one.rule == rule]


def outcomes(result: PolicyResult, rule: str) -> set[str]:
    return {one.outcome.value for one in spoken(result, rule)}


def own(text: str) -> PolicyBundle:
    return load_bundle({"a.rego": f"package stella.policy\n{text}"})


def test_a_clean_release_passes_and_every_rule_says_so():
    result = judged(document(finding(severity="low")))
    assert result.outcome is Outcome.PASS
    assert {one.rule for one in result.rules} == {
        "base-image",
        "base-image-age",
        "change-ticket",
        "end-of-life",
        "exploit-likelihood",
        "fix-available",
        "known-exploited",
        "licence",
        "parameters",
        "privileged-files",
        "root-user",
        "sbom-complete",
        "scan",
        "scan-age",
        "secrets",
        "severity",
        "snapshot-age",
        "test-results",
        "unmatched",
    }


def test_a_blocked_finding_says_why_where_and_what_mends_it():
    result = judged(document(finding()))
    (reason,) = spoken(result, "severity")
    assert result.outcome is Outcome.BLOCKED
    assert reason.message == (
        "foo1 1.0: X-1, CVE-2030-1 is high, at most medium may pass (/usr/lib/foo1, layer 2)"
    )
    assert reason.fix == "update foo1 to 2.0 or later and build c1 again"
    assert reason.who == "whoever builds c1"
    assert (reason.component, reason.finding) == ("c1", finding())


def test_without_a_fix_it_says_that_too():
    (reason,) = spoken(judged(document(finding(fixed=""))), "severity")
    assert reason.fix == "no fixed version is known: remove or replace foo1 in c1"


@pytest.mark.parametrize(
    ("changes", "parameters", "rule", "expected"),
    [
        ({"severity": "critical"}, {}, "severity", {"blocked"}),
        ({"severity": "critical"}, {"severityMax": "critical"}, "severity", {"pass"}),
        ({"severity": "none"}, {"severityMax": "none"}, "severity", {"pass"}),
        ({"severity": "unknown"}, {}, "severity", {"unknown"}),
        ({"severity": "unknown"}, {"severityUnknown": "pass"}, "severity", {"pass"}),
        ({"severity": "unknown"}, {"severityUnknown": "blocked"}, "severity", {"blocked"}),
        ({"severity": "odd"}, {}, "severity", {"unknown"}),
        ({"match": "unknown_version"}, {}, "severity", {"unknown"}),
        ({"match": "not_affected"}, {}, "severity", {"pass"}),
        ({"vex": "not_affected"}, {}, "severity", {"pass"}),
        ({"vex": "fixed"}, {}, "severity", {"pass"}),
        ({"vex": "conflict"}, {}, "severity", {"blocked"}),
        ({"vex": "under_investigation"}, {}, "severity", {"blocked"}),
        ({"vex": "not_affected"}, {"vex": "ignore"}, "severity", {"blocked"}),
        ({"vex": "not_affected"}, {"vex": "maybe"}, "severity", {"blocked"}),
        ({"vex": "not_affected"}, {"vex": "maybe"}, "parameters", {"unknown"}),
        ({"note": "headers only"}, {}, "severity", {"pass"}),
        ({"note": "headers only"}, {"headersOnly": "judge"}, "severity", {"blocked"}),
        ({"kev": True, "severity": "low"}, {}, "known-exploited", {"blocked"}),
        ({"kev": True}, {"knownExploited": "pass"}, "known-exploited", {"pass"}),
        ({"kev": True, "match": "unknown_version"}, {}, "known-exploited", {"unknown"}),
        ({"severity": "low"}, {"fixAvailableFrom": "low"}, "fix-available", {"blocked"}),
        ({"fixed": ""}, {"fixAvailableFrom": "low"}, "fix-available", {"pass"}),
        ({}, {}, "fix-available", {"pass"}),
        ({}, {"severtyMax": "high"}, "parameters", {"unknown"}),
        ({}, {"severityMax": "hihg"}, "parameters", {"unknown"}),
        ({}, {"severityMax": "hihg"}, "severity", {"unknown"}),
        ({}, {"severityMax": 3}, "severity", {"unknown"}),
        ({}, {"headersOnly": "maybe"}, "severity", {"blocked"}),
        ({}, {"headersOnly": "maybe"}, "parameters", {"unknown"}),
        ({}, {"fixAvailableFrom": None}, "fix-available", {"unknown"}),
    ],
)
def test_the_starter_policy(
    changes: dict[str, Any], parameters: dict[str, Json], rule: str, expected: set[str]
):
    result = judged(document(finding(**changes)), **parameters)
    assert outcomes(result, rule) == expected
    assert result.outcome is not Outcome.PASS or expected == {"pass"}


def test_an_image_that_was_not_scanned_is_unknown_and_says_how_to_scan_it():
    result = judged(document(), None)
    (reason,) = spoken(result, "scan")
    assert result.outcome is Outcome.UNKNOWN
    assert reason.message == f"c2: linux/amd64 {IMAGE} was not scanned (failed)"
    assert reason.fix == "scan it: stella scan registry.example/c2:1"


def test_a_release_of_nothing_is_unknown():
    assert outcomes(judged(), "scan") == {"unknown"}


@pytest.mark.parametrize("way", ["unknown", "blocked", "pass"])
def test_packages_that_no_feed_covers_are_what_the_parameter_says(way: str):
    result = judged(document(unmatched={"rpm": 3}), unmatched=way)
    assert outcomes(result, "unmatched") == {way}


def test_the_starter_policy_s_own_tests_pass():
    ran = run_policy_tests(starter_files())
    assert len(ran) > 10
    assert [one.name for one in ran if one.outcome is not Outcome.PASS] == []


def test_policy_tests_that_fail_or_break_say_so():
    files = {
        "a.rego": 'package stella.policy\nresults contains {"rule":"a","outcome":"pass","message":"m"}',
        "a_test.rego": "package t\ntest_no if 1 == 2\ntest_breaks if input.x == 1 / 0\ntest_yes if true",
    }
    ran = {one.name: one.outcome.value for one in run_policy_tests(files)}
    assert ran == {"test_no": "blocked", "test_breaks": "unknown", "test_yes": "pass"}


GOOD = '{"rule": "a", "outcome": "pass", "message": "fine"}'


def test_a_policy_that_says_nothing_of_a_release_is_unknown():
    bundle = own(f'results contains {GOOD} if input.environment == "sample"')
    result = evaluate(bundle, release(document()))
    assert (result.rules, result.outcome) == ((), Outcome.UNKNOWN)


def test_a_rule_that_must_speak_and_does_not_is_unknown():
    bundle = own(f'rules := {{"a", "b"}}\nresults contains {GOOD}')
    result = evaluate(bundle, release(document()))
    assert result.outcome is Outcome.UNKNOWN
    assert spoken(result, "b")[0].message == "the rule b said nothing, not even that it passed"


def test_a_policy_that_breaks_on_a_release_is_unknown_and_names_the_place():
    bundle = own(f"results contains {GOOD} if input.parameters.n\nresults contains {GOOD} if {{\n"
                 "  to_number(input.parameters.n) > 1\n}")  # fmt: skip
    result = evaluate(bundle, release(document(), n="many"))
    assert result.outcome is Outcome.UNKNOWN
    assert result.rules[0].message.startswith("the policy broke on this release: a.rego:4:")
    assert evaluate(bundle, release(document(), n="2")).outcome is Outcome.PASS


def test_results_that_turn_out_unreadable_are_unknown():
    bundle = own('results contains {"rule": "a", "outcome": "pass", "message": x} if {\n'
                 '  x := object.get(input.parameters, "x", "fine")\n}')  # fmt: skip
    assert evaluate(bundle, release(document())).outcome is Outcome.PASS
    assert evaluate(bundle, release(document(), x=7)).outcome is Outcome.UNKNOWN


def test_nothing_of_one_question_is_left_for_the_next():
    first = judged(document(finding()))
    assert judged(document()).outcome is Outcome.PASS
    assert judged(document(finding())) == first


def test_the_order_of_findings_changes_nothing():
    many = [finding(number) for number in range(20)]
    assert judged(document(*many)) == judged(document(*many[::-1]))


def test_every_thread_may_ask():
    results: list[PolicyResult] = []

    def ask() -> None:
        results.append(judged(document(finding())))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [judged(document(finding()))] * 8


def states(one: dict[str, Any]) -> StatedFindings:
    return read_states(json.dumps(one).encode())


def verdict(*findings: dict[str, Any], **changes: Any) -> str:
    one = document(*findings, **changes)
    return verdict_digest(judged(one), [states(one)]).text


def test_the_verdict_is_the_findings_and_outcomes_and_not_where_they_were_read():
    same = verdict(finding(1), finding(2))
    assert verdict(finding(2), finding(1), snapshot="sha256:" + "b" * 64) == same
    assert verdict(finding(1, summary="other words"), finding(2, epssPermille=3)) == same


@pytest.mark.parametrize(
    "changes",
    [
        {"severity": "critical"},
        {"fixed": "3.0"},
        {"kev": True},
        {"match": "unknown_version"},
        {"vex": "affected"},
        {"reach": "reachable"},
        {"seen": "observed"},
        {"id": "X-9"},
    ],
)
def test_any_other_state_of_a_finding_is_another_verdict(changes: dict[str, Any]):
    assert verdict(finding(**changes)) != verdict(finding())


def test_another_outcome_is_another_verdict():
    one = document(finding())
    strict, lax = judged(one), judged(one, severityMax="high")
    assert verdict_digest(strict, [states(one)]) != verdict_digest(lax, [states(one)])


def test_what_a_policy_says_fits_into_a_signed_record():
    result = judged(
        document(finding(), finding(2, kev=True, why={"paths": [], "layerIndex": None}))
    )
    plain: Json = [[one.rule, one.outcome, one.message, one.finding] for one in result.rules]
    assert canonical_json(plain)
