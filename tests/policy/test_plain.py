"""Policies in plain YAML: what they say, that what is not known is unknown, and what is refused."""

import json
from pathlib import Path
from time import process_time
from typing import Any

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from policy.releases import document, finding, release
from stella.kernel import Json, Outcome
from stella.policy import evaluate, load_bundle, needs_of
from stella.policy.errors import MalformedPlainPolicy
from stella.policy.plain import PlainPolicy, plain_files, read_plain
from stella.policy.plain_testing import run_plain_tests
from stella.policy.worker import COMPUTING_S
from stella.sbom.licences import licences_of_texts

SCHEMA = Path(__file__).parents[2] / "docs" / "reference" / "policy-pack.schema.json"


def said(given: Json, *rules: dict[str, Any], **more: Any) -> dict[str, set[str]]:
    bundle = load_bundle(plain_files(read_plain({"rules": list(rules), **more})))
    found: dict[str, set[str]] = {}
    for one in evaluate(bundle, given).rules:
        found.setdefault(one.rule, set()).add(one.outcome.value)
    return found


def of(conditions: Any, **more: Any) -> dict[str, Any]:
    return {"name": "mine", "findings": conditions, **more}


@pytest.mark.parametrize(
    ("conditions", "changes", "expected"),
    [
        ({"severityFrom": "high"}, {}, {"blocked"}),
        ({"severityFrom": "critical"}, {}, {"pass"}),
        ({"severityFrom": "high"}, {"severity": "unknown"}, {"unknown"}),
        ({"severityFrom": "high", "fixAvailable": True}, {"severity": "unknown"}, {"unknown"}),
        ({"severityFrom": "high", "fixAvailable": False}, {"severity": "unknown"}, {"pass"}),
        ({"knownExploited": True}, {"kev": True}, {"blocked"}),
        ({"knownExploited": True}, {}, {"pass"}),
        ({"fixAvailable": True}, {"fixed": ""}, {"pass"}),
        ({"epssAbove": 100}, {"epssPermille": 101}, {"blocked"}),
        ({"reachable": True}, {"reach": "reachable"}, {"blocked"}),
        ({"reachable": True}, {"reach": "unreachable"}, {"pass"}),
        ({"reachable": True}, {"reach": "unknown"}, {"unknown"}),
        ({"reachable": False}, {"reach": "unreachable"}, {"blocked"}),
        ({"reachable": False}, {"reach": "reachable"}, {"pass"}),
        ({"reachable": False}, {"reach": "unknown"}, {"unknown"}),
        ({"mayBeReached": True}, {"reach": "reachable"}, {"blocked"}),
        ({"mayBeReached": True}, {"reach": "unknown"}, {"blocked"}),
        ({"mayBeReached": True}, {"reach": "unreachable"}, {"pass"}),
        ({"epssAbove": 100}, {"epssPermille": 100}, {"pass"}),
        ({"epssAbove": 100}, {"epssPermille": None}, {"unknown"}),
        ({"packages": ["foo1"]}, {}, {"blocked"}),
        ({"packages": ["foo"]}, {}, {"pass"}),
        ({"packageTypes": ["pypi"]}, {}, {"blocked"}),
        ({"packageTypes": ["deb"]}, {}, {"pass"}),
        ({"ids": ["CVE-2030-1"]}, {}, {"blocked"}),
        ({"ids": ["X-1"]}, {"aliases": []}, {"blocked"}),
        ({"ids": ["CVE-1"]}, {}, {"pass"}),
        ({"severityFrom": "low"}, {"match": "unknown_version"}, {"unknown"}),
        ({"severityFrom": "low"}, {"match": "not_affected"}, {"pass"}),
        ({"severityFrom": "low"}, {"vex": "not_affected"}, {"pass"}),
        ({"severityFrom": "low"}, {"vex": "conflict"}, {"blocked"}),
        ({"severityFrom": "low"}, {"note": "headers only"}, {"pass"}),
    ],
)
def test_conditions_of_findings(conditions: Any, changes: Any, expected: set[str]):
    assert said(release(document(finding(**changes))), of(conditions))["mine"] == expected


@pytest.mark.parametrize(
    ("conditions", "scan", "expected"),
    [
        ({"beginsAsRoot": True}, {"image": {"user": {"root": "yes"}}}, {"blocked"}),
        ({"beginsAsRoot": True}, {"image": {"user": {"root": "no"}}}, {"pass"}),
        ({"beginsAsRoot": True}, {"image": {"user": {"root": "unknown"}}}, {"unknown"}),
        ({"beginsAsRoot": True}, {}, {"unknown"}),
        ({"holdsSecrets": True}, {"image": {"secrets": [{}]}}, {"blocked"}),
        ({"holdsSecrets": True}, {"image": {"secrets": []}}, {"pass"}),
        ({"endOfLife": True}, {"lifetime": {"until": "2029-12-31"}}, {"blocked"}),
        ({"endOfLife": True}, {"lifetime": {"until": "2030-01-01"}}, {"pass"}),
        ({"endOfLife": True}, {"lifetime": {"until": "rolling"}}, {"pass"}),
        ({"endOfLife": True}, {"lifetime": {"until": ""}}, {"unknown"}),
        ({"scanOlderThanDays": 1}, {"at": "2029-12-30T00:00:00.000000Z"}, {"blocked"}),
        ({"scanOlderThanDays": 2}, {"at": "2029-12-30T00:00:00.000000Z"}, {"pass"}),
        ({"scanOlderThanDays": 2}, {"at": "2031-01-01T00:00:00.000000Z"}, {"unknown"}),
        ({"scanOlderThanDays": 2}, {}, {"unknown"}),
    ],
)
def test_conditions_of_images(conditions: Any, scan: Any, expected: set[str]):
    given = release(document())
    given["components"][0]["scans"][0] |= scan
    assert said(given, {"name": "mine", "images": conditions})["mine"] == expected


OLD = "2029-12-25T00:00:00.000000Z"
LATER = "2031-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("conditions", "told", "expected"),
    [
        ({"fixKnownDays": 7}, {"fixKnownSince": OLD}, "blocked"),
        ({"fixKnownDays": 8}, {"fixKnownSince": OLD}, "pass"),
        ({"fixKnownDays": 0}, {"fixKnownSince": LATER}, "unknown"),
        ({"fixKnownDays": 7}, {}, "unknown"),
        ({"fixKnownDays": 7, "severityFrom": "critical"}, {}, "pass"),
        ({"fixKnownDays": 7}, {"findings": [{"fixed": ""}]}, "pass"),
    ],
)
def test_how_long_a_fix_is_known(conditions: Any, told: Any, expected: str):
    test = {"findings": [{"fixed": "2"}], **told}
    assert ran({"rules": [of(conditions)]}, test, expected) == ""


@pytest.mark.parametrize(
    ("conditions", "told", "expected"),
    [
        ({"advisoriesOlderThanDays": 6}, {"feeds": {"a": OLD}}, "blocked"),
        ({"advisoriesOlderThanDays": 7}, {"feeds": {"a": OLD}}, "pass"),
        ({"advisoriesOlderThanDays": 7}, {"feeds": {"a": OLD, "b": LATER}}, "unknown"),
        ({"advisoriesOlderThanDays": 7}, {}, "unknown"),
        ({"baseOlderThanDays": 6}, {"baseMade": OLD}, "blocked"),
        ({"baseOlderThanDays": 7}, {"baseMade": OLD}, "pass"),
        ({"baseOlderThanDays": 7}, {"baseMade": LATER}, "unknown"),
        ({"baseOlderThanDays": 7}, {"baseMade": "1970-01-01T00:00:00.000000Z"}, "unknown"),
        ({"baseOlderThanDays": 7}, {}, "unknown"),
        ({"incomplete": True}, {"unread": ["/x"]}, "blocked"),
        ({"incomplete": True}, {"unread": []}, "pass"),
        ({"incomplete": True}, {}, "unknown"),
        ({"licenceDenied": ["GPL-*"]}, {"licences": ["GPL-2.0", "MIT"]}, "blocked"),
        ({"licenceDenied": ["GPL-*"]}, {"licences": ["GPL-2.0 OR MIT"]}, "pass"),
        ({"licenceDenied": ["GPL-*"]}, {"licences": ["MIT", ""]}, "unknown"),
        ({"licenceDenied": ["GPL-*"]}, {}, "unknown"),
        ({"licenceNotAmong": ["mit"]}, {"licences": ["MIT"]}, "pass"),
        ({"licenceNotAmong": ["MIT"]}, {"licences": ["MIT AND ISC"]}, "blocked"),
        ({"licenceNotAmong": ["MIT"], "incomplete": True}, {"unread": []}, "pass"),
    ],
)
def test_what_is_looked_up_of_an_image(conditions: Any, told: Any, expected: str):
    assert ran({"rules": [{"name": "mine", "images": conditions}]}, told, expected) == ""


def test_a_licence_that_nobody_knows_may_pass_and_an_example_is_named():
    rule = {"name": "mine", "images": {"licenceDenied": ["GPL-*"]}}
    lax = {"rules": [rule], "licenceUnknown": "pass"}
    assert ran(lax, {"licences": ["MIT", ""]}, "pass") == ""
    assert ran(lax, {"licences": ["", "GPL-2.0"]}, "blocked") == ""
    assert ran(lax, {}, "unknown") == ""
    given = release(document())
    stated = msgspec.to_builtins(licences_of_texts(["", "GPL-2.0"]))
    given["components"][0]["scans"][0]["licences"] = stated
    bundle = load_bundle(plain_files(read_plain({"rules": [rule]})))
    (one,) = [one for one in evaluate(bundle, given).rules if one.rule == "mine"]
    assert one.message == (
        "c1: linux/amd64 holds packages under a licence that is denied, such as sample2 1.0 (GPL-2.0)"
    )


@pytest.mark.parametrize(
    ("rule", "needed"),
    [
        (of({"severityFrom": "high"}), set()),
        (of({"fixKnownDays": 0}), {"fixes"}),
        ({"name": "mine", "images": {"incomplete": True}}, {"partial"}),
        ({"name": "mine", "images": {"baseOlderThanDays": 0}}, {"base"}),
        ({"name": "mine", "images": {"licenceDenied": ["MIT"]}}, {"licences"}),
        ({"name": "mine", "images": {"licenceNotAmong": ["MIT"]}}, {"licences"}),
    ],
)
def test_a_policy_needs_what_its_conditions_ask_for(rule: Any, needed: set[str]):
    bundle = load_bundle(plain_files(read_plain({"rules": [rule]})))
    assert needs_of(bundle, "dev", {}, now=OLD) == needed


def ran(spec: Any, test: Any, expected: str) -> str:
    """What is wrong where the rule "mine" is not as expected; empty where it is."""
    test = {"name": "it", "expect": {"mine": expected}, **test}
    (one,) = run_plain_tests(read_plain({**spec, "tests": [test]}), "p.yaml")
    return one.message


def test_what_was_not_scanned_and_what_no_feed_covers_is_unknown_for_every_pack():
    rule = of({"severityFrom": "critical"})
    assert said(release(None), rule)["scan"] == {"unknown"}
    assert said(release(), rule)["scan"] == {"unknown"}
    uncovered = release(document(unmatched={"rpm": 3}))
    assert said(uncovered, rule)["unmatched"] == {"unknown"}
    assert said(uncovered, rule, unmatched="pass")["unmatched"] == {"pass"}


def test_so_many_may_pass_and_one_more_makes_all_count():
    three = release(document(*(finding(number) for number in range(3))))
    assert said(three, of({"severityFrom": "high"}, atMost=3))["mine"] == {"pass"}
    bundle = load_bundle(plain_files(read_plain({"rules": [of({"fixAvailable": True}, atMost=2)]})))
    objected = [one for one in evaluate(bundle, three).rules if one.outcome is Outcome.BLOCKED]
    assert len(objected) == 3


@pytest.mark.parametrize(
    "spec",
    [
        {"rules": []},
        {"rules": [{"name": "a"}]},
        {"rules": [of({})]},
        {
            "rules": [
                {"name": "a", "findings": {"fixAvailable": True}, "images": {"endOfLife": True}}
            ]
        },
        {"rules": [of({"severityFrom": "terrible"})]},
        {"rules": [of({"severity": "high"})]},
        {"rules": [of({"epssAbove": 1000})]},
        {"rules": [of({"epssAbove": 1.5})]},
        {"rules": [of({"fixKnownDays": -1})]},
        {"rules": [{"name": "a", "images": {"licenceDenied": []}}]},
        {"rules": [{"name": "a", "images": {"licenceDenied": ["*"]}}]},
        {"rules": [{"name": "a", "images": {"licenceDenied": ["a*b"]}}]},
        {"rules": [of({"fixAvailable": True}), of({"fixAvailable": True})]},
        {"rules": [{**of({"fixAvailable": True}), "name": "scan"}]},
        {"rules": [of({"fixAvailable": True}, outcome="pass")]},
        {"rules": [of({"fixAvailable": True})], "vex": "maybe"},
        {"rules": [of({"fixAvailable": True})] * 101},
        {"rules": "all"},
    ],
)
def test_a_slip_of_the_pen_is_refused(spec: Any):
    with pytest.raises(MalformedPlainPolicy):
        read_plain(spec)


@pytest.mark.long
@for_all(st.text(max_size=60), st.text(min_size=1, max_size=60))
def test_no_text_breaks_out_of_the_rego_and_the_same_policy_makes_the_same_bytes(
    message: str, package: str
):
    spec = {"rules": [of({"packages": [package], "severityFrom": "high"}, message=message)]}
    files = plain_files(read_plain(spec))
    assert files == plain_files(read_plain(json.loads(json.dumps(spec))))
    given = release(document(finding(component=package)))
    (rule,) = [one for one in evaluate(load_bundle(files), given).rules if one.rule == "mine"]
    assert rule.outcome is Outcome.BLOCKED
    if message:
        assert rule.message == message


def test_its_tests_run_and_say_what_is_wrong():
    spec = {
        "rules": [of({"severityFrom": "high"})],
        "tests": [
            {"name": "good", "findings": [{"severity": "high"}], "expect": {"mine": "blocked"}},
            {"name": "bad", "findings": [{}], "expect": {"mine": "blocked", "other": "pass"}},
        ],
    }
    good, bad = run_plain_tests(read_plain(spec), "p.yaml")
    assert (good.outcome, bad.outcome) == (Outcome.PASS, Outcome.BLOCKED)
    assert bad.message == "mine is pass, not blocked; other is no rule, not pass"
    for test in (
        {"name": "x", "expect": {}},
        {"name": "x", "expect": {"mine": "pass"}, "findings": [{"a": 1}]},
    ):
        with pytest.raises(MalformedPlainPolicy):
            run_plain_tests(read_plain({**spec, "tests": [test]}), "p.yaml")


TICKET = {
    "integration": "ops",
    "key": "OPS-1",
    "approved": True,
    "startsAt": "2029-12-31T00:00:00.000000Z",
    "endsAt": "2030-01-02T00:00:00.000000Z",
    "lookedUpAt": "2029-12-31T23:50:00.000000Z",
    "uses": [],
}
USED = [{"promotion": "prm_1", "environment": "dev", "releaseDigest": "sha256:f"}]
SILENT = {"lookedUpAt": None, "approved": False, "startsAt": "", "endsAt": ""}


@pytest.mark.parametrize(
    ("conditions", "ticket", "expected"),
    [
        ({"noTicket": True}, None, {"blocked"}),
        ({"noTicket": True}, {}, {"pass"}),
        ({"ticketNotApproved": True}, None, {"pass"}),
        ({"ticketNotApproved": True}, {}, {"pass"}),
        ({"ticketNotApproved": True}, {"approved": False}, {"blocked"}),
        ({"ticketNotApproved": True}, SILENT, {"unknown"}),
        ({"ticketOlderThanMinutes": 9}, {}, {"blocked"}),
        ({"ticketOlderThanMinutes": 10}, {}, {"pass"}),
        ({"ticketOlderThanMinutes": 10}, SILENT, {"unknown"}),
        ({"outsideTicketWindow": True}, {}, {"pass"}),
        ({"outsideTicketWindow": True}, {"endsAt": "2030-01-01T00:00:00.000000Z"}, {"blocked"}),
        ({"outsideTicketWindow": True}, {"endsAt": ""}, {"unknown"}),
        ({"ticketOfOtherImages": True}, {}, {"pass"}),
        ({"ticketOfOtherImages": True}, {"uses": USED}, {"blocked"}),
    ],
)
def test_conditions_of_the_promotion(conditions: Any, ticket: Any, expected: set[str]):
    given = release(document())
    if ticket is not None:
        given["changeTicket"] = {**TICKET, **ticket}
    assert said(given, {"name": "mine", "promotion": conditions})["mine"] == expected


RESULT = {
    "id": "tst_1",
    "image": "sha256:a",
    "at": "2030-01-01T00:00:00.000000Z",
    "by": {"id": "usr_1", "name": "dan"},
    "source": "upload",
    "signer": "ci",
    "isSigned": True,
    "suites": ["unit"],
}


@pytest.mark.parametrize(
    ("results", "more", "expected"),
    [
        (["PASSED"], {}, {"pass"}),
        (["WARNED"], {}, {"blocked"}),
        (["FAILED", "PASSED"], {}, {"blocked"}),
        ([], {}, {"unknown"}),
        (None, {}, {"unknown"}),
        (["PASSED"], {"testResultBy": ["other"]}, {"unknown"}),
        (["FAILED"], {"testResultBy": ["upload:dan"]}, {"unknown"}),
        (["FAILED"], {"testResultBy": ["upload:dan"], "signer": ""}, {"blocked"}),
    ],
)
def test_a_condition_of_tests(results: Any, more: Any, expected: set[str]):
    given = release(document())
    if results is not None:
        signer = {key: text for key, text in more.items() if key == "signer"}
        told = [{**RESULT, **signer, "result": one} for one in results]
        given["components"][0]["scans"][0]["tests"] = {"results": told, "more": 0}
    rule = {"name": "mine", "images": {"testsNotPassed": ["unit"]}}
    beside = {key: value for key, value in more.items() if key != "signer"}
    assert said(given, rule, **beside)["mine"] == expected


def test_tests_of_a_policy_may_name_results_of_tests_and_a_ticket():
    spec = {
        "rules": [
            {"name": "unit", "images": {"testsNotPassed": ["unit"]}},
            {"name": "ticket", "promotion": {"ticketNotApproved": True}},
        ],
        "tests": [
            {"name": "good", "tests": {"unit": "PASSED"}, "expect": {"unit": "pass"}},
            {"name": "bad", "tests": {"unit": "FAILED"}, "expect": {"unit": "blocked"}},
            {"name": "open", "ticket": {"approved": False}, "expect": {"ticket": "blocked"}},
        ],
    }
    ran = run_plain_tests(read_plain(spec), "p.yaml")
    assert {one.outcome for one in ran} == {Outcome.PASS}, ran


def test_the_schema_in_the_reference_is_the_one_that_is_read():
    made = json.dumps(msgspec.json.schema(PlainPolicy), indent=2, sort_keys=True) + "\n"
    assert SCHEMA.read_text() == made


def test_many_licences_are_judged_long_before_a_policy_has_to_be_done():
    texts = [
        " AND ".join(f"Own-{one % 40}" for one in range(number, number + 4)) + f" AND Own{number}"
        for number in range(100)
    ]
    given = release(document())
    licences = msgspec.to_builtins(licences_of_texts(texts))
    given["components"][0]["scans"][0]["licences"] = licences
    among = {"name": "among", "images": {"licenceNotAmong": ["MIT", "Own*"]}}
    began = process_time()
    denied = {"name": "denied", "images": {"licenceDenied": ["GPL-*"]}}
    assert said(given, among, denied)["among"] == {"pass"}
    assert process_time() - began < COMPUTING_S / 2
