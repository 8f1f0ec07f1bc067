"""The public feeds beside the repository: all of them in, with the counts their page states."""

import json
from collections.abc import Iterator
from gzip import GzipFile
from pathlib import Path

import pytest

from finding.inventories import component, deb, inventory
from stella.advisory import (
    SnapshotInfo,
    StoredSnapshot,
    import_advisories,
    judge,
    open_snapshot,
)
from stella.advisory.feeds import Document, documents
from stella.advisory.format import Entry, Likelihood, read_document
from stella.finding import Match, findings_document, match_inventory

pytestmark = pytest.mark.conformance

CROWDED = ("chromium", "linux")
"""Packages with thousands of records each; the next has 127."""


@pytest.fixture(scope="module")
def feeds(shared: Path) -> Path:
    if not (shared / "advisories").is_dir():
        pytest.skip(f"conformance data absent: {shared / 'advisories'}")
    return shared / "advisories"


@pytest.fixture(scope="module")
def made(feeds: Path, tmp_path_factory: pytest.TempPathFactory) -> SnapshotInfo:
    return import_advisories([feeds], tmp_path_factory.mktemp("snapshot"))


@pytest.fixture(scope="module")
def snapshot(made: SnapshotInfo) -> Iterator[StoredSnapshot]:
    with open_snapshot(made.path) as opened:
        yield opened


def lines(path: Path) -> Iterator[dict[str, object]]:
    with GzipFile(path) as plain:
        yield from map(json.loads, plain)


def test_every_osv_record_is_read_and_only_withdrawn_ones_are_left_out(made: SnapshotInfo):
    assert made.skipped["withdrawn"] >= 40
    assert made.kev == 1653
    assert made.records["Debian:12"] == 11_756
    assert made.records["Bitnami"] == 7_444
    assert made.records["PyPI"] >= 2_651
    assert made.records["crates.io"] >= 1_193


def items_of(path: Path) -> list[object]:
    found: list[object] = []
    for document in documents(path):
        if isinstance(document, Document):
            found += read_document(document.where, document.content)
    return found


@pytest.mark.parametrize(
    ("feed", "source", "records", "unknown"),
    [
        ("npm/nodejs-security-wg-npm.tar.gz", "Node Security WG", 467, 0),
        ("npm/retirejs-repository.tar.gz", "Retire.js", 1458, 6),
        ("npm/ghsa-graphql-and-osv-samples.tar.gz", "GHSA", 178, 0),
        ("ruby/ruby.tar.gz", "RubySec", 1232, 0),
        ("php/php.tar.gz", "FriendsOfPHP", 1592, 0),
        ("vex/csaf-vex-and-vendor-samples.tar.gz", "Red Hat", 2431, 0),
        ("vex/csaf-vex-and-vendor-samples.tar.gz", "NVD", 26, 0),
    ],
)
def test_native_formats_are_read_whole(
    feeds: Path, feed: str, source: str, records: int, unknown: int
):
    """unknown: ranges that are not understood, and are shown as unknown."""
    entries = [one for one in items_of(feeds / feed) if isinstance(one, Entry)]
    own = [one for one in entries if one.source == source]
    assert len(own) == records
    assert sum("not understood" in one.record.note for one in own) == unknown


def test_what_is_not_read_is_counted_with_its_reason(made: SnapshotInfo):
    """Two documents of strangers' tests are broken on purpose; the rest is no advisory."""
    assert made.skipped["malformed"] == 2
    assert made.skipped["a range that holds no version"] == 6
    assert made.skipped["an interpreter of Ruby, which is no gem"] == 147
    assert sum(made.skipped.values()) < 2_600


def test_epss_is_read_whole(feeds: Path):
    scores = [one for one in items_of(feeds / "epss-sample") if isinstance(one, Likelihood)]
    assert sorted(len(one.ppm) for one in scores) == [5, 27]


def test_the_same_feeds_make_the_same_snapshot(feeds: Path, tmp_path: Path):
    sources = [feeds / "pypa", feeds / "kev"]
    first = import_advisories(sources, tmp_path / "1")
    assert import_advisories(sources[::-1], tmp_path / "2").digest == first.digest


def test_every_version_that_pypa_enumerates_is_a_finding(feeds: Path, snapshot: StoredSnapshot):
    """Also the 75 that PEP 440 does not know: found as listed, or shown as unknown, never missed."""
    wanted: set[tuple[str, str]] = set()
    components = {}
    for record in lines(feeds / "pypa" / "pypa-osv.jsonl.gz"):
        for affected in record["affected"] if "withdrawn" not in record else []:
            name = affected["package"]["name"]
            for version in affected.get("versions", [])[:3]:
                one = component("pypi", name, version)
                components[one.purl] = one
                wanted.add((record["id"], one.purl))
    found = match_inventory(inventory(*components.values()), snapshot)
    assert len(wanted) > 5_000
    assert wanted <= {(finding.id, finding.purl) for finding in found.findings}


def debian_fixes(feeds: Path) -> dict[str, list[tuple[str, str]]]:
    """Source package -> (record, the version that mends it)."""
    fixes: dict[str, list[tuple[str, str]]] = {}
    for record in lines(feeds / "debian" / "debian12-changelog-derived-osv.jsonl.gz"):
        for affected in record["affected"]:
            version = affected["ranges"][0]["events"][-1]["fixed"]
            fixes.setdefault(affected["package"]["name"], []).append((record["id"], version))
    return fixes


def test_every_debian_fix_is_found_below_itself_and_not_in_itself(
    feeds: Path, snapshot: StoredSnapshot
):
    below, fixed = {}, {}
    for name, fixes in debian_fixes(feeds).items():
        for record, version in fixes if name not in CROWDED else ():
            for suffix, into in (("~", below), ("", fixed)):
                one = deb(name, version + suffix)
                into.setdefault(one.purl, (one, set()))[1].add(record)
    assert len(below) > 700
    for wanted, is_expected in ((below, True), (fixed, False)):
        components = [one for one, _ in wanted.values()]
        findings = match_inventory(inventory(*components), snapshot).findings
        found = {(finding.id, finding.purl) for finding in findings}
        pairs = {(name, purl) for purl, (_, names) in wanted.items() for name in names}
        assert (pairs <= found) if is_expected else not (pairs & found)
        assert all(finding.match is Match.AFFECTED for finding in findings)


@pytest.mark.parametrize("name", CROWDED)
def test_a_crowded_package_is_judged_below_each_fix_and_in_it(
    feeds: Path, snapshot: StoredSnapshot, name: str
):
    """Every version beside every record would be millions: each record is judged by itself."""
    records = {one.id: one for one in snapshot.candidates("Debian:12", {name})[name]}
    fixes = debian_fixes(feeds)[name]
    assert len(fixes) > 4_000
    for record, version in fixes:
        assert judge(records[record], version + "~").is_affected, record
        assert not judge(records[record], version).is_affected, record


def test_a_slice_of_the_whole_snapshot_repeats_its_match(snapshot: StoredSnapshot):
    from stella.advisory import parse_slice
    from stella.finding import packages_of

    image = inventory(
        component("pypi", "urllib3", "1.26.4"),
        component("npm", "lodash", "4.17.0"),
        component("golang", "gin", "v1.5.0", purl="pkg:golang/github.com/gin-gonic/gin@v1.5.0"),
        deb("libc6", "2.36-9", "glibc"),
    )
    whole = match_inventory(image, snapshot)
    assert any(finding.kev for finding in whole.findings)
    cut = parse_slice(snapshot.slice(packages_of(image)))
    assert findings_document(match_inventory(image, cut)) == findings_document(whole)
