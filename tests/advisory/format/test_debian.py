"""Debian's tracker: fixed, open, never affected; and whether what is open will be mended."""

import json

import pytest

from stella.advisory.format import Entry
from stella.advisory.format.debian import read_debian
from stella.advisory.model import Skipped, Span


def read(*, release: str = "bookworm", **state: object) -> list[object]:
    issue = {"description": "Bad things.\nIn curl", "releases": {release: state}}
    document = json.dumps({"curl": {"CVE-2030-1": issue}}).encode()
    return list(read_debian("tracker.json", document))


def test_a_fix_is_a_span_of_the_release_and_its_urgency_a_word():
    (entry,) = read(status="resolved", fixed_version="8.5.0-1", urgency="high**")
    assert isinstance(entry, Entry)
    assert (entry.package.ecosystem, entry.package.name) == ("Debian:12", "curl")
    assert entry.record.id == "DEBIAN-CVE-2030-1"
    assert entry.record.aliases == ("CVE-2030-1",)
    assert entry.record.spans == (Span(fixed="8.5.0-1"),)
    assert (entry.record.severity, entry.record.summary) == ("high", "Bad things. In curl")


def test_a_release_that_was_never_affected_has_no_record():
    assert read(status="resolved", fixed_version="0", urgency="unimportant") == []


@pytest.mark.parametrize(
    ("state", "fix", "note"),
    [
        ({"status": "open", "urgency": "not yet assigned"}, "pending", ""),
        ({"status": "open", "nodsa": "Minor", "nodsa_reason": ""}, "deferred", "no DSA: Minor"),
        (
            {"status": "open", "nodsa": "Minor", "nodsa_reason": "postponed"},
            "deferred",
            "postponed: Minor",
        ),
        (
            {"status": "open", "nodsa": "Old", "nodsa_reason": "ignored"},
            "will_not_fix",
            "ignored: Old",
        ),
        (
            {"status": "open", "urgency": "end-of-life"},
            "end_of_life",
            "no longer supported by Debian",
        ),
        ({"status": "open", "urgency": "unimportant"}, "pending", "unimportant to Debian"),
    ],
)
def test_what_is_open_says_whether_it_will_be_mended(state: dict[str, str], fix: str, note: str):
    (entry,) = read(**state)
    assert entry.record.spans == (Span(),)
    assert (entry.record.fix, entry.record.note) == (fix, note)


def test_what_is_undetermined_has_no_span_so_that_it_is_shown_as_unknown():
    (entry,) = read(status="undetermined")
    assert entry.record.spans == ()


def test_one_broken_issue_hides_no_other_and_a_release_without_a_number_is_counted():
    good = {"releases": {"bookworm": {"status": "open"}, "sid": {"status": "open"}}}
    document = {"curl": {"CVE-2030-1": {"releases": []}, "CVE-2030-2": good}}
    items = list(read_debian("tracker.json", json.dumps(document).encode()))
    assert [one.record.id for one in items if isinstance(one, Entry)] == ["DEBIAN-CVE-2030-2"]
    reasons = [one.reason.partition(":")[0] for one in items if isinstance(one, Skipped)]
    assert reasons == ["malformed", "Debian's sid has no number"]
