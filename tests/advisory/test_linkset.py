"""What several sources say of one vulnerability: joined, and no disagreement is hidden."""

import itertools
import json
from pathlib import Path

import pytest

from advisory.records import FROM_0, feed, fixed, osv
from stella.advisory import Rating, Record, import_advisories, open_snapshot
from stella.advisory.errors import NothingToImport

HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"
CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
CVE = "CVE-2030-1000"


def nvd(*, rejected: bool = False) -> dict[str, object]:
    metric = {"source": "nvd@nist.gov", "cvssData": {"vectorString": CRITICAL}}
    cve = {
        "id": CVE,
        "lastModified": "2031-01-01",
        "metrics": {"cvssMetricV31": [metric]},
        "descriptions": [{"lang": "en", "value": "Bad."}],
        "vulnStatus": "Rejected" if rejected else "Analyzed",
    }
    return {"format": "NVD_CVE", "vulnerabilities": [{"cve": cve}]}


def rated(name: str, vector: str, **changes: object) -> dict[str, object]:
    severity = [{"type": "CVSS_V3", "score": vector}]
    return osv(name, "foo", FROM_0, fixed("2"), aliases=[CVE], severity=severity, **changes)


def records(tmp_path: Path, *documents: object, epss: str = "") -> dict[str, Record]:
    for number, document in enumerate(documents):
        feed(tmp_path / "feeds", document, name=f"{number}.json")
    if epss:
        (tmp_path / "feeds" / "epss.csv").write_text(f"cve,epss,percentile\n{epss}\n")
    made = import_advisories([tmp_path / "feeds"], tmp_path / "into")
    with open_snapshot(made.path) as snapshot:
        return {record.id: record for _, record in snapshot.named(CVE)}


def test_sources_that_rate_it_otherwise_stand_beside_each_other(tmp_path: Path):
    found = records(tmp_path, rated("GHSA-1", HIGH), rated("PYSEC-1", HIGH), nvd())
    assert found["GHSA-1"].severity == "high"
    assert found["GHSA-1"].ratings == (Rating("NVD", "critical", CRITICAL),)
    assert found["PYSEC-1"].ratings == (Rating("NVD", "critical", CRITICAL),)


def test_what_its_source_does_not_rate_takes_the_worst_that_others_say_and_tells(tmp_path: Path):
    silent = osv("DEBIAN-1", "foo", FROM_0, ecosystem="Debian:12", aliases=[CVE])
    found = records(tmp_path, silent, rated("GHSA-1", HIGH), nvd())
    assert (found["DEBIAN-1"].severity, found["DEBIAN-1"].cvss) == ("critical", CRITICAL)
    assert [(one.source, one.severity) for one in found["DEBIAN-1"].ratings] == [
        ("Debian", "unknown"),
        ("GHSA", "high"),
        ("NVD", "critical"),
    ]


def test_what_mends_several_at_once_rates_none_of_them(tmp_path: Path):
    both = osv("USN-1", "bar", FROM_0, severity=[{"type": "CVSS_V3", "score": CRITICAL}])
    both["aliases"] = [CVE, "CVE-2030-1001"]
    found = records(tmp_path, both, rated("GHSA-1", HIGH))
    assert found["GHSA-1"].ratings == ()


def test_one_id_with_other_ranges_elsewhere_keeps_the_dissent(tmp_path: Path):
    retire = {
        "foo": {"vulnerabilities": [{"below": "3.0.0", "identifiers": {"githubID": "GHSA-1"}}]}
    }
    whole = osv("GHSA-1", "foo", FROM_0, fixed("2.0.0"), ecosystem="npm", aliases=[CVE])
    found = records(tmp_path, whole, retire)
    assert found["GHSA-1"].spans[0].fixed == "2.0.0"
    assert found["GHSA-1"].dissent == ("Retire.js: < 3.0.0",)


def test_epss_and_rejection_reach_the_record(tmp_path: Path):
    found = records(tmp_path, rated("GHSA-1", HIGH), nvd(rejected=True), epss=f"{CVE},0.0125,0.9")
    assert (found["GHSA-1"].epss_ppm, found["GHSA-1"].note) == (12_500, "rejected by NVD")


def test_the_order_of_documents_makes_no_difference(tmp_path: Path):
    newer = rated("GHSA-1", CRITICAL)
    copy = rated("GHSA-1", CRITICAL, affected={"versions": ["7"]})
    documents = [rated("PYSEC-1", HIGH), newer, copy, nvd()]
    digests = set()
    for number, order in enumerate(itertools.permutations(documents)):
        folder = tmp_path / str(number)
        source = feed(folder, *[json.dumps(one) for one in order])
        digests.add(import_advisories([source], folder / "into").digest)
    assert len(digests) == 1


def test_what_nvd_says_is_known_where_no_package_is(tmp_path: Path):
    source = feed(tmp_path, nvd(), osv("X-1", "foo", FROM_0))
    made = import_advisories([source], tmp_path / "into")
    with open_snapshot(made.path) as snapshot:
        assert list(snapshot.named(CVE)) == []
        assert snapshot.assessments(CVE) == ((Rating("NVD", "critical", CRITICAL), "Bad."),)


def test_nobody_withdraws_the_record_of_another_under_the_same_id(tmp_path: Path):
    withdrawn = {
        "document": {
            "category": "csaf_withdrawn",
            "title": "It was none",
            "publisher": {"name": "Somebody"},
            "tracking": {"id": CVE, "current_release_date": "2031-01-01T00:00:00Z"},
        }
    }
    record = osv(CVE, "foo", FROM_0)
    found = records(tmp_path, record, nvd(rejected=True), withdrawn)
    assert found[CVE].note == "rejected by NVD"


def test_a_feed_withdraws_what_it_brought_and_not_what_another_did(tmp_path: Path):
    record = osv("GHSA-1", "foo", FROM_0, fixed("2.0.0"))
    withdrawn = {
        "id": "GHSA-1",
        "modified": "2031-01-01T00:00:00Z",
        "withdrawn": "2031-01-01T00:00:00Z",
    }
    theirs, other = tmp_path / "theirs", tmp_path / "other"
    for folder, told in ((theirs, [record, withdrawn]), (other, [record])):
        folder.mkdir()
        for number, one in enumerate(told):
            text = one if isinstance(one, str) else json.dumps({"affected": [], **one})
            (folder / f"{number}.json").write_text(text)
    for sources, is_there in (([theirs, other], True), ([other], True)):
        made = import_advisories(sources, tmp_path / "into")
        with open_snapshot(made.path) as snapshot:
            assert bool(list(snapshot.named("GHSA-1"))) is is_there
    with pytest.raises(NothingToImport):
        import_advisories([theirs], tmp_path / "into")


def test_a_record_with_a_key_twice_is_skipped_and_named(tmp_path: Path):
    twice = '{"id": "X-1", "id": "X-2", "modified": "2030-01-01T00:00:00Z", "affected": []}'
    source = feed(tmp_path, osv("Y-1", "foo", FROM_0), twice)
    made = import_advisories([source], tmp_path / "into")
    assert made.skipped["malformed"] == 1
    assert "the key 'id' twice" in made.examples[0].reason
