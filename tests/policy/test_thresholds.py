"""What the starter policy says of EPSS, of the age of a scan and of the base image; all three are off."""

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
