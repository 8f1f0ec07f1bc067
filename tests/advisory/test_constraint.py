"""Constraints of package managers, beside what their own documentation says fits."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stella.advisory.affected import holds
from stella.advisory.constraint import (
    UnreadableConstraint,
    gem_spans,
    listed_spans,
    npm_spans,
    outside,
    plain_spans,
    vers_spans,
)
from stella.advisory.model import Span


def fits(scheme: str, spans: tuple[Span, ...], version: str) -> bool:
    return any(holds(scheme, span, version) for span in spans)


# From node-semver's own documentation of ranges, pre-releases shown.
NPM = [
    ("^1.2.3", "1.2.3 1.9.9", "1.2.2 2.0.0-0 2.0.0"),
    ("^0.2.3", "0.2.3 0.2.9", "0.3.0-0 0.3.0"),
    ("^0.0.3", "0.0.3", "0.0.4-0 0.0.4"),
    ("^1.2.x", "1.2.0 1.9.0", "2.0.0"),
    ("^0.0", "0.0.0 0.0.9", "0.1.0"),
    ("~1.2.3", "1.2.3 1.2.9", "1.3.0-0 1.3.0"),
    ("~1", "1.0.0 1.9.9", "2.0.0-0"),
    ("1.x", "1.0.0 1.99.0", "0.9.0 2.0.0"),
    ("1.2 - 2.3", "1.2.0 2.3.9", "2.4.0-0 1.1.9"),
    ("1.2.3 - 2.3.4", "2.3.4", "2.3.5"),
    (">1.2", "1.3.0", "1.2.9"),
    (">1", "2.0.0", "1.9.9"),
    ("<=1.2", "1.2.9", "1.3.0-0"),
    ("<1.2", "1.1.9", "1.2.0-0 1.2.0-beta"),
    (">= 1.0.0 < 1.5.0 || = 2.0.0", "1.0.0 1.4.9 2.0.0", "1.5.0 2.0.1 0.9.0"),
    ("*", "0.0.0-0 99.0.0", ""),
    ("<1.0.0.beta.3", "1.0.0-beta.2", "1.0.0-beta.3 1.0.0"),
    ("> 5.13.15, < 6.4.6", "5.13.16 6.4.5", "5.13.15 6.4.6"),
]
# From RubyGems' guide on patterns; "2.2.beta" is a pre-release of what "~>" ends before.
GEM = [
    ("~> 2.2", "2.2 2.9.1", "3.0 3.0.beta 2.1.9"),
    ("~> 2.2.0", "2.2.0 2.2.9", "2.3 2.3.beta"),
    ("~> 2.3.1, >= 2.3.1.2", "2.3.1.2 2.3.9", "2.3.1.1 2.4.0"),
    (">= 1.0.rc1", "1.0.rc1 1.0", "1.0.beta"),
    ("= 3.0", "3.0.0", "3.0.1"),
]


@pytest.mark.parametrize(("text", "inside", "out"), NPM, ids=[row[0] for row in NPM])
def test_npm_ranges(text: str, inside: str, out: str):
    spans = npm_spans(text)
    assert all(fits("semver", spans, one) for one in inside.split())
    assert not any(fits("semver", spans, one) for one in out.split())


@pytest.mark.parametrize(("text", "inside", "out"), GEM, ids=[row[0] for row in GEM])
def test_gem_requirements(text: str, inside: str, out: str):
    spans = gem_spans(text)
    assert all(fits("gem", spans, one) for one in inside.split())
    assert not any(fits("gem", spans, one) for one in out.split())


def test_composer_comparators_all_hold_and_what_holds_nothing_is_no_span():
    spans = listed_spans("composer", [">=1.0.0", "<1.5.2"])
    assert spans == (Span("1.0.0", fixed="1.5.2"),)
    assert listed_spans("composer", [">=2", "<1"]) == ()


def test_vers_ranges_are_read_in_pairs():
    assert vers_spans("pep440", "vers:pypi/>=1|<2|>3|<=4|5") == (
        Span("1", fixed="2"),
        Span(after="3", last="4"),
        Span("5", last="5"),
    )
    assert vers_spans("pep440", "vers:pypi/*") == (Span(),)


@pytest.mark.parametrize("text", ["", "latest", ">=", "1.0 ; 2.0", "!=1.0.0", "> >1", "x" * 5000])
def test_what_is_not_understood_is_refused_not_guessed(text: str):
    with pytest.raises(UnreadableConstraint):
        plain_spans("semver", text)


def test_more_alternatives_than_are_read_are_refused_not_cut_off():
    many = "|".join(f"=1.0.{number}" for number in range(201))
    for read in (
        npm_spans,
        lambda text: plain_spans("semver", text),
        lambda text: vers_spans("semver", f"vers:npm/{text}"),
    ):
        with pytest.raises(UnreadableConstraint, match="201 alternatives"):
            read(many)


versions = st.integers(0, 9).map(lambda number: f"{number}.0")
gaps = st.lists(
    st.one_of(
        st.tuples(versions, versions).map(lambda pair: Span(pair[0], fixed=pair[1])),
        versions.map(Span),
        versions.map(lambda one: Span(after=one)),
        versions.map(lambda one: Span(last=one)),
    ).filter(lambda span: not span.fixed or span.introduced < span.fixed),
    max_size=4,
)


@given(gaps, st.integers(0, 19))
def test_every_version_is_within_the_spans_or_outside_of_them(spans: list[Span], half: int):
    version = f"{half // 2}.{5 * (half % 2)}"
    assert fits("gem", tuple(spans), version) is not fits("gem", outside("gem", spans), version)


@given(st.text(max_size=60))
def test_no_text_breaks_a_reader(text: str):
    for read in (npm_spans, gem_spans, lambda one: vers_spans("pep440", one)):
        with contextlib.suppress(UnreadableConstraint):
            assert all(isinstance(span, Span) for span in read(text))
