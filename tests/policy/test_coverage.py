"""Which lines of a policy its tests come by."""

from hypothesis import given
from hypothesis import strategies as st

from stella.policy.coverage import FileCoverage, percent, policy_coverage, ranges

OWN = """package stella.policy

results contains {"rule": "a", "outcome": "pass", "message": "fine"} if {
	input.n == 1
}

results contains {"rule": "a", "outcome": "blocked", "message": "no"} if {
	input.n == 2
	true
}
"""
TESTS = """package own_test

test_one if {
	count(data.stella.policy.results) == 1 with input as {"n": 1}
}
"""


def test_lines_that_no_test_reaches_are_named():
    (found,) = policy_coverage({"own.rego": OWN, "own_test.rego": TESTS})
    assert found.file == "own.rego"
    assert {3, 4, 8} <= set(found.covered)
    assert 9 in found.missed
    assert 0 < percent((found,)) < 100


def test_a_policy_without_tests_is_not_covered_at_all():
    found = policy_coverage({"own.rego": OWN})
    assert percent(found) == 0
    assert found[0].missed


def test_nothing_to_cover_is_covered():
    assert percent(()) == 100
    assert percent((FileCoverage("a", (1, 2), (3,)),)) == 66


@given(st.sets(st.integers(1, 60)))
def test_ranges_say_every_line_once(lines: set[int]):
    text = ranges(tuple(sorted(lines)))
    told: list[int] = []
    for part in filter(None, text.split(", ")):
        first, _, last = part.partition("-")
        told += range(int(first), int(last or first) + 1)
    assert told == sorted(lines)
