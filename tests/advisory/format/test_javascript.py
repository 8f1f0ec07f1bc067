"""Node's working group, Retire.js, GitHub's answers."""

import json

import pytest

from stella.advisory.affected import judge
from stella.advisory.format import Entry, Withdrawn, read_document
from stella.advisory.model import Package, Skipped, Span


def read(document: object, name: str = "a.json") -> list[object]:
    return list(read_document(name, json.dumps(document).encode()))


NODE = {
    "id": 1,
    "module_name": "bassmaster",
    "cves": ["CVE-2014-7205"],
    "title": "Execution",
    "updated_at": "2016-04-28",
    "vulnerable_versions": "<=1.5.1",
    "patched_versions": ">=1.5.2",
    "cvss_score": 6.5,
}


def test_a_record_of_the_working_group():
    (entry,) = read(NODE)
    assert entry.package == Package("npm", "bassmaster")
    assert (entry.record.id, entry.record.aliases) == ("NSWG-ECO-1", ("CVE-2014-7205",))
    assert entry.record.spans == (Span(last="1.5.1"),)
    assert (entry.record.severity, entry.modified) == ("medium", "2016-04-28T00:00:00Z")


def test_a_range_that_is_not_understood_is_kept_as_unknown():
    (entry,) = read({**NODE, "vulnerable_versions": "all of them"})
    assert entry.record.spans == ()
    assert entry.record.note.startswith("range not understood")


def test_retire_joins_the_ranges_of_one_id_and_uses_the_name_in_npm():
    ids = {"githubID": "GHSA-a-b-c", "CVE": ["CVE-2030-1"]}
    issues = [
        {"atOrAbove": "1.0.0", "below": "1.2.0", "severity": "high", "identifiers": ids},
        {"below": "0.5.0", "severity": "high", "identifiers": {"githubID": "GHSA-a-b-c"}},
    ]
    (entry,) = read({"angularjs": {"npmname": "angular", "vulnerabilities": issues}})
    assert entry.package == Package("npm", "angular")
    assert (entry.record.id, entry.record.aliases) == ("GHSA-a-b-c", ("CVE-2030-1",))
    assert entry.record.spans == (Span("1.0.0", fixed="1.2.0"), Span(fixed="0.5.0"))
    combined = {"advisories": {"angular": {"vulnerabilities": issues}}, "backdoored": {}}
    assert [one.record.spans for one in read(combined)] == [entry.record.spans]


@pytest.mark.parametrize("below", [("all of them", "1.0.0"), ("1.0.0", "all of them")])
def test_a_range_of_retire_that_is_not_understood_stays_unknown_beside_others(
    below: tuple[str, str],
):
    ids = {"CVE": ["CVE-2030-1"]}
    issues = [{"below": one, "identifiers": ids} for one in below]
    (entry,) = read({"a": {"vulnerabilities": issues}})
    assert judge(entry.record, "5.0.0").is_affected
    assert entry.record.note.startswith("range not understood")


def test_what_retire_gives_no_id_is_named_by_what_it_says():
    issue = {"ranges": [{"below": "1"}], "summary": "one"}
    (one,) = read({"a": {"vulnerabilities": [issue]}})
    (same,) = read({"a": {"vulnerabilities": [issue]}})
    (other,) = read({"a": {"vulnerabilities": [{**issue, "summary": "two"}]}})
    assert one.record.id == same.record.id != other.record.id


def test_an_id_that_is_none_names_nothing_and_breaks_nothing():
    issue = {"below": "1", "identifiers": {"CVE": [2**60, None, 1.5], "githubID": {}}}
    (entry,) = read({"a": {"vulnerabilities": [issue]}})
    assert entry.record.id.startswith("RETIREJS-a-")


def node(**changes: object) -> dict[str, object]:
    advisory = {
        "identifiers": [
            {"type": "GHSA", "value": "GHSA-x"},
            {"type": "CVE", "value": "CVE-2030-1"},
        ],
        "severity": "MODERATE",
        "updatedAt": "2030-01-01T00:00:00Z",
        **changes,
    }
    return {
        "advisory": advisory,
        "package": {"name": "Django", "ecosystem": "PIP"},
        "vulnerableVersionRange": "> 1.0, < 2.0",
    }


def answer(*nodes: dict[str, object]) -> dict[str, object]:
    return {"data": {"securityVulnerabilities": {"nodes": list(nodes)}}}


def test_githubs_answer_with_an_open_beginning():
    (entry,) = read(answer(node()))
    assert entry.package == Package("PyPI", "django")
    assert entry.record.spans == (Span(after="1.0", fixed="2.0"),)
    assert entry.record.severity == "medium"


@pytest.mark.parametrize("ranges", [("from 4.x on", "< 1.0"), ("< 1.0", "from 4.x on")])
def test_a_range_of_github_that_is_not_understood_stays_unknown_beside_others(
    ranges: tuple[str, str],
):
    nodes = [{**node(), "vulnerableVersionRange": one} for one in ranges]
    (entry,) = read(answer(*nodes))
    assert judge(entry.record, "4.2").is_affected
    assert entry.record.note.startswith("range not understood")


def test_the_files_name_says_the_ecosystem_that_the_answer_leaves_out():
    one = node()
    one["package"] = {"name": "rack"}
    items = read(answer(one), "answers/gem.json")
    assert [item.package for item in items if isinstance(item, Entry)] == [
        Package("RubyGems", "rack")
    ]
    assert [item.reason for item in read(answer(one), "x.json") if isinstance(item, Skipped)] == [
        "an ecosystem that is not known"
    ]


def test_what_github_withdrew_is_withdrawn():
    items = read(answer(node(withdrawnAt="2030-02-01T00:00:00Z")))
    assert [type(item) for item in items] == [Withdrawn, Skipped]
