"""Is a version affected: spans, enumerated versions, and what cannot be known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from advisory.records import FROM_0, fixed, introduced, last, osv
from stella.advisory import Judged, Record, judge
from stella.advisory.format.osv import parse_osv, records_of
from stella.kernel import canonical_json


def record(*events: dict[str, str], **changes: object) -> Record:
    document = osv("X-1", "foo", *events, **changes)
    ((_, found),) = records_of(parse_osv(canonical_json(document)))
    return found


def verdict(judged: Judged) -> str:
    return "no" if not judged.is_affected else "yes" if judged.is_known else "unknown"


TWO_SPANS = (FROM_0, fixed("1.2"), introduced("2.0"), fixed("2.3"))


@pytest.mark.parametrize(
    ("events", "version", "expected", "fix"),
    [
        ((FROM_0, fixed("1.2")), "1.1", "yes", "1.2"),
        ((FROM_0, fixed("1.2")), "1.2", "no", ""),
        ((FROM_0, fixed("1.2")), "1.2rc1", "yes", "1.2"),
        ((introduced("1.0"), fixed("1.2")), "0.9", "no", ""),
        ((introduced("1.0"), last("1.2")), "1.2", "yes", ""),
        ((introduced("1.0"), last("1.2")), "1.2.1", "no", ""),
        ((introduced("1.0"),), "99", "yes", ""),
        (TWO_SPANS, "1.5", "no", ""),
        (TWO_SPANS, "2.1", "yes", "2.3"),
        (TWO_SPANS[::-1], "2.1", "yes", "2.3"),
        (TWO_SPANS[::-1], "1.5", "no", ""),
        ((introduced("2.0"), fixed("3.0"), introduced("1.0"), fixed("2.0")), "2.5", "yes", "3.0"),
        ((fixed("1.2"),), "1.0", "yes", "1.2"),
        # What cannot be compared is shown, never dropped.
        ((FROM_0, fixed("1.2")), "not-a-version", "unknown", "1.2"),
        ((FROM_0, fixed("1.x-final")), "1.1", "unknown", "1.x-final"),
        ((introduced("1.x-final"), fixed("2.0")), "2.0", "no", ""),
        ((introduced("2.0"), fixed("2.x-final")), "1.0", "no", ""),
        ((), "1.0", "unknown", ""),
    ],
)
def test_spans(events: tuple[dict[str, str], ...], version: str, expected: str, fix: str):
    judged = judge(record(*events), version)
    assert (verdict(judged), judged.fixed) == (expected, fix)


def test_a_range_that_ends_where_it_begins_affects_nothing():
    document = osv("X-1", "foo", introduced("1.0"), fixed("1.0"))
    assert list(records_of(parse_osv(canonical_json(document)))) == []


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.0", "yes"), ("1.0.0", "yes"), ("1.1", "no"), ("odd one", "yes"), ("odd two", "unknown")],
)
def test_enumerated_versions_count_beside_ranges_and_in_every_spelling(version: str, expected: str):
    found = record(introduced("5"), fixed("6"), affected={"versions": ["1.0", "odd one"]})
    assert verdict(judge(found, version)) == expected


def test_enumerated_versions_that_a_range_holds_are_not_kept():
    found = record(FROM_0, fixed("2"), affected={"versions": ["1.0", "1.5", "3.0"]})
    assert found.versions == ("3.0",)
    assert judge(found, "3.0") == Judged(True, range="listed: 3.0")


def test_ranges_of_commits_leave_the_enumerated_versions():
    found = record(FROM_0, fixed("abcdef"), kind="GIT", affected={"versions": ["1.0"]})
    assert verdict(judge(found, "1.0")) == "yes"
    assert verdict(judge(found, "1.1")) == "no"


def test_a_fix_that_another_span_holds_is_no_fix():
    found = record(FROM_0, fixed("1.5"), affected={})
    overlapping = Record(
        **{
            **{name: getattr(found, name) for name in ("id", "scheme")},
            "spans": (*found.spans, *record(introduced("1.4"), fixed("1.9")).spans),
        }
    )
    assert judge(overlapping, "1.0").fixed == "1.9"


def test_a_go_range_without_an_end_is_never_fixed():
    found = record(FROM_0, ecosystem="Go", kind="SEMVER")
    assert verdict(judge(found, "v0.0.0-20240101000000-abcdefabcdef")) == "yes"


def test_a_rebuild_for_a_release_sorts_below_the_fix_in_unstable():
    found = record(FROM_0, fixed("2.0-3"), ecosystem="Debian:12")
    assert verdict(judge(found, "2.0-3~deb12u1")) == "yes"
    assert verdict(judge(found, "2.0-3+deb12u1")) == "no"


numbers = st.integers(min_value=1, max_value=30)


@given(st.lists(st.tuples(numbers, st.sampled_from(["introduced", "fixed"]))), numbers)
def test_the_verdict_is_that_of_the_algorithm_in_the_osv_specification(
    pairs: list[tuple[int, str]], number: int
):
    """https://ossf.github.io/osv-schema/#evaluation: events sorted, the last one reached decides."""
    unique = dict(pairs)  # at one version only one thing happens
    events = [FROM_0, *({kind: f"{at}.0"} for at, kind in unique.items())]
    is_affected = True
    for at in sorted(unique):
        if Version(str(number)) >= Version(str(at)):
            is_affected = unique[at] == "introduced"
    assert judge(record(*events), str(number)).is_affected == is_affected
