"""The cases of the OSV schema: GitHub's answer and the OSV record of it say the same of every version."""

from pathlib import Path

import pytest

from stella.advisory import judge, scheme_of
from stella.advisory.format import Entry, Withdrawn, read_document
from stella.advisory.model import Record

pytestmark = pytest.mark.conformance

CASES = (
    "equals_no_patch",
    "equals_with_patch",
    "full_ranges",
    "greater_than_equals_no_patch",
    "less_than_equals_no_patch",
    "less_than_equals_with_patch",
    "maven_greater_than",
    "multiple_ranges_in_package",
    "npm_greater_than",
    "withdrawn",
)
# GitHub names a last version and no patch, which the record makes "every version": more than was said.
OPEN = {"less_than_equals_no_patch"}
# "> 11.6" becomes ">= 11.6.1" in the record, which leaves out what lies between.
ROUNDED = {("maven_greater_than", "11.6.1-rc1")}


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    found = shared / "conformance" / "osv-schema"
    if not found.is_dir():
        pytest.skip(f"conformance data absent: {found}")
    return found


def records(path: Path) -> dict[str, Record]:
    items = list(read_document(path.name, path.read_bytes()))
    if any(isinstance(item, Withdrawn) for item in items):
        assert not any(isinstance(item, Entry) for item in items)
    return {item.package.name: item.record for item in items if isinstance(item, Entry)}


def probes(*records: Record) -> set[str]:
    """Every bound, and what lies just below and above it."""
    bounds = {
        text
        for record in records
        for span in record.spans
        for text in (span.introduced, span.fixed, span.last, span.after)
        if text
    } | {text for record in records for text in record.versions}
    return {text for one in bounds for text in (one, f"{one}-rc1", f"{one}.1", "0.0.1", "99.0.0")}


@pytest.mark.parametrize("case", CASES)
def test_both_forms_give_the_same_verdicts(folder: Path, case: str):
    answers = records(folder / "tools" / "ghsa" / "testdata" / f"{case}.json")
    expected = records(folder / "tools" / "ghsa" / "testdata" / f"{case}.osv.json")
    assert answers.keys() == expected.keys()
    assert bool(answers) is (case != "withdrawn")
    for name, record in answers.items():
        other = expected[name]
        assert (record.id, record.aliases) == (other.id, other.aliases)
        for version in probes(record, other):
            ours, theirs = judge(record, version), judge(other, version)
            if (case in OPEN and not ours.is_affected) or (case, version) in ROUNDED:
                continue
            assert (ours.is_affected, ours.is_known) == (theirs.is_affected, theirs.is_known), (
                version
            )
            if ours.is_known and case not in OPEN:
                assert ours.fixed == theirs.fixed, version


def test_every_case_is_tried(folder: Path):
    found = (folder / "tools" / "ghsa" / "testdata").glob("*.osv.json")
    assert {path.name.removesuffix(".osv.json") for path in found} == set(CASES)


def test_releases_that_are_packaged_have_an_order(folder: Path):
    assert all(
        scheme_of(name)
        for name in ("Mageia:9", "openEuler:24.03", "Photon OS:5.0", "MinimOS", "Alpaquita:stream")
    )
