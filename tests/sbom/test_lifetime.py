"""Until when a distribution gets updates."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stella.sbom.errors import MalformedLifetimes
from stella.sbom.lifetime import (
    LIFETIMES_BYTES_MAX,
    is_over,
    known_lifetimes,
    parse_lifetimes,
    read_lifetimes,
)
from stella.sbom.traits import Answer


@pytest.mark.parametrize(
    ("distro", "until"),
    [
        ("debian-12", "2028-06-30"),
        ("rhel-9.4", "2032-05-31"),
        ("alpine-3.19.1", "2025-11-01"),
        ("ubuntu-24.04", "2029-04-30"),
        ("opensuse-leap-15.6", "2026-04-30"),
        ("opensuse-tumbleweed-20260101", "rolling"),
        ("wolfi-20230201", "rolling"),
        ("debian-trixie", ""),
        ("alpine-3.1", ""),
        ("alpine-3.190", ""),
        ("", ""),
    ],
)
def test_a_release_is_known_by_its_name_or_by_a_less_exact_one(distro, until):
    found = known_lifetimes().of(distro)
    assert (found.distro, found.until) == (distro, until)
    assert found.source


def test_the_day_is_given_and_the_last_day_still_counts():
    debian = known_lifetimes().of("debian-12")
    assert is_over(debian, "2028-06-30T23:59:59.000000Z") is Answer.NO
    assert is_over(debian, "2028-07-01T00:00:00.000000Z") is Answer.YES
    assert is_over(known_lifetimes().of("wolfi"), "2999-01-01") is Answer.NO
    assert is_over(known_lifetimes().of("nothing-1"), "1999-01-01") is Answer.UNKNOWN


def test_the_operators_table_goes_before_ours(tmp_path):
    file = tmp_path / "own.json"
    file.write_text('{"source":"us","until":{"debian-12":"2027-01-01"},"rolling":["ours"]}')
    table = read_lifetimes(file)
    assert (table.of("debian-12").until, table.of("debian-11").until) == (
        "2027-01-01",
        "2026-08-31",
    )
    assert table.of("ours-1").until == "rolling"
    assert "us" in table.of("debian-12").source
    assert read_lifetimes(None) == known_lifetimes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"source":" "}',
        b'{"source":"us","until":{"a":"2027-13-01"}}',
        b'{"source":"us","until":{"a":"soon"}}',
        b'{"source":"us","unknown":1}',
        b" " * (LIFETIMES_BYTES_MAX + 1),
    ],
)
def test_another_table_is_refused_with_the_form_it_has_to_have(content, tmp_path):
    with pytest.raises(MalformedLifetimes) as refused:
        parse_lifetimes(content)
    assert "debian-12" in refused.value.remedy.advice
    with pytest.raises(MalformedLifetimes):
        read_lifetimes(tmp_path / "absent")


@pytest.mark.long
@given(st.text(max_size=40))
def test_any_name_has_an_answer(distro):
    found = known_lifetimes().of(distro)
    assert found.until in {"", "rolling"} or re.match(r"\d{4}-\d\d-\d\d\Z", found.until)
