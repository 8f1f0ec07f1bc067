"""Why it is a finding, and why it is none."""

from pathlib import Path

import pytest

from advisory.records import FROM_0, fixed, introduced, osv
from finding.inventories import component, deb, inventory, snapshot_of
from stella.finding import Explained, Outcome, explain_name
from stella.sbom import Component

CVE = "CVE-2030-1"


def explained(tmp_path: Path, one: Component, *records: object) -> list[Explained]:
    with snapshot_of(tmp_path, *records) as snapshot:
        return list(explain_name(inventory(one), snapshot.named(CVE), snapshot.ecosystems))


def record(*events: dict[str, str], package: str = "foo", ecosystem: str = "PyPI") -> object:
    return osv("X-1", package, *events, ecosystem=ecosystem, aliases=[CVE])


@pytest.mark.parametrize(
    ("version", "outcome", "reason"),
    [
        ("1.5", Outcome.AFFECTED, "PyPI 1.5 is within >= 1.0, < 2.0"),
        ("0.9", Outcome.NOT_AFFECTED, "PyPI 0.9: 0.9 is below 1.0, where >= 1.0, < 2.0 begins"),
        ("2.0", Outcome.NOT_AFFECTED, "2.0 is at or above 2.0, which mends >= 1.0, < 2.0"),
        ("odd!", Outcome.UNKNOWN_VERSION, "PyPI odd! cannot be compared with >= 1.0, < 2.0"),
    ],
)
def test_the_range_that_was_compared_is_named(
    tmp_path: Path, version: str, outcome: Outcome, reason: str
):
    rows = record(introduced("1.0"), fixed("2.0"))
    (found,) = explained(tmp_path, component("pypi", "foo", version), rows)
    assert found.outcome is outcome
    assert reason in found.reason
    assert found.fixed == ("2.0" if outcome in {Outcome.AFFECTED, Outcome.UNKNOWN_VERSION} else "")


def test_a_record_of_another_release_or_ecosystem_is_no_match(tmp_path: Path):
    rows = [record(FROM_0, ecosystem="Debian:11"), osv("X-2", "foo", FROM_0, ecosystem="Debian:12")]
    (found,) = explained(tmp_path, deb("foo", "1"), *rows)
    assert (found.outcome, found.reason) == (Outcome.ELSEWHERE, "it is looked up as Debian:12 foo")


def test_what_no_feed_covers_is_no_all_clear(tmp_path: Path):
    one = deb("foo", "1", distro="debian-9")
    (found,) = explained(tmp_path, one, record(FROM_0, ecosystem="Debian:11"))
    assert found.outcome is Outcome.NO_FEED
    assert found.reason == "the snapshot holds no advisories for debian-9"


def test_a_record_without_its_package_here_says_so(tmp_path: Path):
    (found,) = explained(tmp_path, component("pypi", "bar", "1"), record(FROM_0))
    assert (found.outcome, found.purl) == (Outcome.NO_COMPONENT, "")


def test_other_releases_are_one_row_and_none_where_its_own_decides(tmp_path: Path):
    others = [record(FROM_0, ecosystem=f"Debian:{number}") for number in (7, 8, 9, 10, 11)]
    for number, one in enumerate(others):
        one["id"] = f"X-{number}"
    held = osv("Y-1", "bar", FROM_0, ecosystem="Debian:12")
    (found,) = explained(tmp_path / "1", deb("foo", "1"), *others, held)
    assert found.outcome is Outcome.ELSEWHERE
    assert found.package.endswith("Debian:10 foo and 1 more")
    own = osv("X-9", "foo", FROM_0, ecosystem="Debian:12", aliases=[CVE])
    (found,) = explained(tmp_path / "2", deb("foo", "1"), *others, own)
    assert found.outcome is Outcome.AFFECTED
    assert found.rated == ("unknown",)


def test_a_binary_is_near_by_the_name_of_its_source(tmp_path: Path):
    one = deb("libfoo1", "1-1", "foo", "1-1")
    (found,) = explained(tmp_path, one, record(FROM_0, fixed("2-1"), ecosystem="Debian:12"))
    assert found.outcome is Outcome.AFFECTED
    assert found.reason.startswith("deb source foo 1-1 is within < 2-1")
