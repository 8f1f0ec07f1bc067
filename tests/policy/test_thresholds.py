"""What the starter policy says of EPSS, of ages, of the base image and of gaps; all of it is off."""

from typing import Any

import pytest

from policy.releases import document, finding, release
from stella.kernel import Json
from stella.policy import evaluate, starter_bundle

NOW = "2030-01-31T00:00:00.000000Z"
MONTH = "2030-01-01T00:00:00.000000Z"
BASE = {"name": "debian:12", "digest": "", "how": "label"}


def said(given: Json, rule: str) -> set[str]:
    return {
        one.outcome.value for one in evaluate(starter_bundle(), given).rules if one.rule == rule
    }


@pytest.mark.parametrize(
    ("changes", "parameters", "expected"),
    [
        ({"epssPermille": 101}, {}, {"pass"}),
        ({"epssPermille": 101}, {"epssMax": 100}, {"blocked"}),
        ({"epssPermille": 101}, {"epssMax": 101}, {"pass"}),
        ({"epssPermille": 1}, {"epssMax": 0}, {"blocked"}),
        ({"epssPermille": 999, "vex": "not_affected"}, {"epssMax": 0}, {"pass"}),
        ({"epssPermille": 999, "match": "unknown_version"}, {"epssMax": 0}, {"unknown"}),
        ({"epssPermille": None}, {"epssMax": 100}, {"unknown"}),
        ({"epssPermille": None}, {"epssMax": 100, "epssUnknown": "pass"}, {"pass"}),
        ({"epssPermille": None}, {"epssMax": 100, "epssUnknown": "blocked"}, {"blocked"}),
        ({"epssPermille": 1}, {"epssMax": 1000}, {"unknown"}),
        ({"epssPermille": 1}, {"epssMax": -1}, {"unknown"}),
        ({"epssPermille": 1}, {"epssMax": 1.5}, {"unknown"}),
        ({"epssPermille": 1}, {"epssMax": "100"}, {"unknown"}),
        ({"epssPermille": 1}, {"epssMax": True}, {"unknown"}),
    ],
)
def test_epss_in_thousandths(changes: Any, parameters: Any, expected: set[str]):
    given = release(document(finding(severity="low", **changes)), **parameters)
    assert said(given, "exploit-likelihood") == expected


@pytest.mark.parametrize(
    ("at", "days", "expected"),
    [
        (None, "off", {"pass"}),
        (MONTH, 30, {"pass"}),
        (MONTH, 29, {"blocked"}),
        (None, 30, {"unknown"}),
        ("2031-01-01T00:00:00.000000Z", 30, {"unknown"}),
        (MONTH, 3651, {"unknown"}),
    ],
)
def test_the_age_of_a_scan(at: str | None, days: Any, expected: set[str]):
    given = release(document(), scanAgeDays=days)
    given["now"] = NOW
    given["components"][0]["scans"][0]["at"] = at
    assert said(given, "scan-age") == expected


@pytest.mark.parametrize(
    ("image", "value", "expected"),
    [
        ({"base": None}, "pass", {"pass"}),
        ({"base": None}, "blocked", {"blocked"}),
        ({"base": None}, "unknown", {"unknown"}),
        ({"base": BASE}, "blocked", {"pass"}),
        (None, "blocked", {"unknown"}),
    ],
)
def test_an_image_may_have_to_say_what_it_is_built_on(image: Any, value: str, expected: set[str]):
    given = release(document(), baseImage=value)
    if image is not None:
        given["components"][0]["scans"][0]["image"] = image
    assert said(given, "base-image") == expected


@pytest.mark.parametrize(
    ("base", "days", "expected", "message"),
    [
        ({"created": MONTH}, "off", "pass", "not asked for"),
        ({"created": MONTH}, 30, "pass", "recent enough"),
        ({"created": MONTH}, 29, "blocked", "was made 30 days ago, at most 29 may be"),
        ({"created": None}, 29, "unknown", "nobody knows when it was made"),
        (
            {"created": "1970-01-01T00:00:00.000000Z"},
            29,
            "unknown",
            "says it was made on 1970-01-01",
        ),
        (
            {"created": "2030-02-01T00:00:00.000000Z"},
            29,
            "unknown",
            "says it was made on 2030-02-01",
        ),
        (None, 29, "unknown", "is built on debian:12, and no image that was scanned here"),
        ({"created": MONTH}, 3651, "unknown", ""),
    ],
)
def test_the_age_of_what_an_image_is_built_on(base: Any, days: Any, expected: str, message: str):
    given = release(document(), baseImageAgeDaysMax=days)
    given["now"] = NOW
    known = base and {"reference": "shop/base:1", "digest": "", "newer": None, **base}
    given["components"][0]["scans"][0] |= {"image": {"base": BASE}, "base": known}
    (one,) = [
        one for one in evaluate(starter_bundle(), given).rules if one.rule == "base-image-age"
    ]
    assert one.outcome == expected
    assert message in one.message


def test_a_scan_of_before_says_nothing_of_its_base():
    given = release(document(), baseImageAgeDaysMax=30)
    assert said(given, "base-image-age") == {"unknown"}


@pytest.mark.parametrize(
    ("reach", "value", "expected"),
    [
        ("unreachable", "ignore", {"blocked"}),
        ("unreachable", "honour", {"pass"}),
        ("unknown", "honour", {"blocked"}),
        ("reachable", "honour", {"blocked"}),
    ],
)
def test_only_what_is_proven_unreachable_is_passed_over(reach: str, value: str, expected: set[str]):
    given = release(document(finding(severity="critical", reach=reach)), reach=value)
    assert said(given, "severity") == expected


@pytest.mark.parametrize(
    ("feeds", "days", "expected"),
    [
        ({}, "off", {"pass"}),
        ({"osv": MONTH}, 30, {"pass"}),
        ({"osv": MONTH}, 29, {"blocked"}),
        ({"osv": MONTH, "nvd": NOW}, 29, {"blocked"}),
        ({}, 3650, {"unknown"}),
        ({"osv": "2031-01-01T00:00:00.000000Z"}, 30, {"unknown"}),
        ({"osv": NOW, "nvd": "2031-01-01T00:00:00.000000Z"}, 30, {"unknown"}),
        ({"osv": MONTH}, 3651, {"unknown"}),
    ],
)
def test_the_age_of_the_advisories(feeds: Any, days: Any, expected: set[str]):
    given = release(document(feeds=feeds), snapshotAgeDays=days)
    given["now"] = NOW
    assert said(given, "snapshot-age") == expected


def test_the_oldest_feed_is_named_and_an_operator_can_mend_it():
    given = release(document(feeds={"nvd": MONTH, "osv": NOW}), snapshotAgeDays=7)
    given["now"] = NOW
    (one,) = [one for one in evaluate(starter_bundle(), given).rules if one.rule == "snapshot-age"]
    assert one.message == (
        "c1: linux/amd64 was matched against advisories of which nvd was asked 30 days ago, "
        "at most 7 may be"
    )
    assert (one.fix, one.who) == ("sync the feeds: stella advisory sync", "an operator")


def test_what_was_not_scanned_is_unknown_by_its_own_rule_alone():
    given = release(None, snapshotAgeDays=7, sbomIncomplete="blocked", licenceDeny=["AGPL-*"])
    for rule in ("snapshot-age", "sbom-complete", "licence"):
        assert said(given, rule) == {"pass"}
    assert said(given, "scan") == {"unknown"}


@pytest.mark.parametrize(
    ("partial", "value", "expected"),
    [
        (None, "pass", {"pass"}),
        (None, "blocked", {"unknown"}),
        ({"count": 0, "examples": []}, "blocked", {"pass"}),
        ({"count": 1, "examples": [{"path": "/x", "reason": "broken"}]}, "pass", {"pass"}),
        ({"count": 1, "examples": [{"path": "/x", "reason": "broken"}]}, "unknown", {"unknown"}),
        ({"count": 1, "examples": [{"path": "/x", "reason": "broken"}]}, "blocked", {"blocked"}),
    ],
)
def test_what_could_not_be_read(partial: Any, value: str, expected: set[str]):
    given = release(document(), sbomIncomplete=value)
    if partial is not None:
        given["components"][0]["scans"][0]["partial"] = partial
    assert said(given, "sbom-complete") == expected


@pytest.mark.parametrize(
    ("since", "days", "expected"),
    [
        (MONTH, "off", {"blocked"}),
        (MONTH, 31, {"pass"}),
        (MONTH, 30, {"blocked"}),
        (NOW, 0, {"blocked"}),
        (NOW, 1, {"pass"}),
        ("2031-01-01T00:00:00.000000Z", 3650, {"blocked"}),
        (None, 3650, {"blocked"}),
        (NOW, 3651, {"unknown"}),
        (NOW, 1.5, {"unknown"}),
    ],
)
def test_a_fix_has_to_be_taken_after_some_days(since: str | None, days: Any, expected: set[str]):
    given = release(document(finding()), fixAvailableFrom="high", fixAvailableDays=days)
    given["now"] = NOW
    if since is not None:
        purls = {"pkg:pypi/foo1@1.0": since}
        given["components"][0]["scans"][0]["fixes"] = {"X-1": purls}
    assert said(given, "fix-available") == expected


def test_the_days_ask_for_nothing_where_no_severity_does():
    given = release(document(finding()), fixAvailableDays=0)
    assert said(given, "fix-available") == {"pass"}
