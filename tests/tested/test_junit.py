"""Reports of test runners: what they say together, and that no hostile one is believed or hangs."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stella.tested import MalformedTestReport
from stella.tested.junit import predicate_of

PYTEST = b"""<?xml version="1.0"?><testsuites><testsuite name="unit" tests="3" failures="1">
<testcase classname="shop.test_cart" name="test_sum"/>
<testcase classname="shop.test_cart" name="test_tax"><failure message="1 != 2">trace</failure></testcase>
<testcase classname="shop.test_cart" name="test_old"><skipped/></testcase>
</testsuite></testsuites>"""
PASSED = b'<testsuite name="e2e"><testcase name="checkout"/></testsuite>'


def test_a_report_says_what_passed_and_what_failed():
    said = predicate_of([PYTEST, PASSED], url="https://ci.example/1")
    assert said["result"] == "FAILED"
    assert [one["name"] for one in said["configuration"]] == ["e2e", "unit"]
    assert said["passedTests"] == ["unit: shop.test_cart.test_sum", "e2e: checkout"]
    assert said["failedTests"] == ["unit: shop.test_cart.test_tax"]
    assert said["url"] == "https://ci.example/1"
    assert predicate_of([PASSED])["result"] == "PASSED"
    named = predicate_of([PYTEST, PASSED], suite="all")
    assert [one["name"] for one in named["configuration"]] == ["all"]


@pytest.mark.parametrize(
    "content",
    [
        b'<testsuite name="a" errors="1"><testcase name="b"/></testsuite>',
        b'<testsuite name="a" failures="many"><testcase name="b"/></testsuite>',
        b'<testsuite name="a"><error>no database</error><testcase name="b"/></testsuite>',
        b'<testsuite name="a"><testsuite name="b"><testcase><error/></testcase></testsuite></testsuite>',
    ],
)
def test_what_failed_in_another_way_failed(content: bytes):
    assert predicate_of([content])["result"] == "FAILED"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no xml",
        b"<html/>",
        b"<testsuites/>",
        b'<testsuite name="a"/>',
        b'<testsuites><testcase name="a"/><testsuite name="a"><testcase name="b"/></testsuite></testsuites>',
        b'<testsuites><error/><testsuite name="a"><testcase name="b"/></testsuite></testsuites>',
        b'<testsuites failures="3"><testsuite name="a"><testcase name="b"/></testsuite></testsuites>',
        b'<testsuite name="a"><testcase name="b"><skipped/></testcase></testsuite>',
        b'<testsuite><testcase name="b"/></testsuite>',
        b'<testsuite name="a&#10;b"><testcase name="b"/></testsuite>',
        b'<!DOCTYPE a [<!ENTITY b "c">]><testsuite name="a"><testcase name="&b;"/></testsuite>',
        b"<testsuite name='a'>" + b"<testsuite>" * 200 + b"</testsuite>" * 200 + b"</testsuite>",
    ],
)
def test_what_is_no_report_of_tests_that_ran_is_refused(content: bytes):
    with pytest.raises(MalformedTestReport):
        predicate_of([content])


def test_one_bad_report_among_many_refuses_all():
    for bad in (b"<html/>", b'<testsuites tests="0"/>', b'<testsuite name="e2e" tests="0"/>'):
        with pytest.raises(MalformedTestReport):
            predicate_of([PASSED, bad])
        with pytest.raises(MalformedTestReport):
            predicate_of([PASSED, bad], suite="all")


def test_a_suite_in_which_nothing_ran_has_not_passed():
    skipped = b'<testsuite name="e2e"><testcase name="a"><skipped/></testcase></testsuite>'
    ran = b'<testsuite name="unit"><testcase name="a"/></testsuite>'
    for idle in (skipped, b'<testsuite name="e2e" tests="0"/>'):
        said = predicate_of([b"<testsuites>" + ran + idle + b"</testsuites>"])
        assert [one["name"] for one in said["configuration"]] == ["unit"]
    declared = (
        b'<testsuite name="unit" failures="1"><testcase name="a"><failure/></testcase></testsuite>'
    )
    said = predicate_of([b'<testsuites failures="1">' + declared + b"</testsuites>"])
    assert said["result"] == "FAILED"


def test_names_and_counts_are_bounded():
    long = b'<testsuite name="a"><testcase name="%s"/></testsuite>' % (b"x" * 5_000)
    assert len(predicate_of([long])["passedTests"][0]) == 500
    suites = b"".join(
        b'<testsuite name="%d"><testcase name="a"/></testsuite>' % n for n in range(101)
    )
    with pytest.raises(MalformedTestReport, match="suites"):
        predicate_of([b"<testsuites>" + suites + b"</testsuites>"])


@settings(max_examples=30, deadline=None)
@given(
    st.binary(max_size=200) | st.text(alphabet="<>/ testsuicae=\"'&;!", max_size=80).map(str.encode)
)
def test_any_bytes_are_read_or_refused(content: bytes):
    with suppress(MalformedTestReport):
        predicate_of([content])
