"""What every source of metrics has to hold, whoever wrote it: run each one of the list as a test."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from stella.plugin.contract.connection import Connect
from stella.plugin.contract.metrics import MetricSource, Sample
from stella.plugin.refusals import BadQuery
from stella.sdk.testing import bad_ways

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\Z")


@dataclass(frozen=True, slots=True)
class MetricsBench:
    """A source, and what was measured in it.

    open: connect -> the source, which waits for a second at most. connect: leads to it, and nowhere
    else. at: a time at which ``expression`` gives just ``values``, in any order. empty: an expression
    that gives nothing then; no_number: one whose only value is no number, None where there is none;
    bad: one that is no expression at all.
    """

    open: Callable[[Connect], MetricSource]
    connect: Connect
    at: datetime
    expression: str
    values: tuple[str, ...]
    empty: str
    bad: str
    no_number: str | None = None


def what_was_measured_is_given_as_numbers(bench: MetricsBench) -> None:
    """As text, with the time and the labels of each."""
    found = _samples(bench, bench.expression)
    assert sorted(one.value for one in found) == sorted(bench.values)


def another_time_is_another_question(bench: MetricsBench) -> None:
    """A year before anything was measured there is nothing: no value is carried over."""
    source = bench.open(bench.connect)
    assert source.query(bench.expression, bench.at - timedelta(days=365)) == ()


def nothing_is_no_zero(bench: MetricsBench) -> None:
    """No samples, no refusal."""
    assert _samples(bench, bench.empty) == ()


def what_is_no_number_is_no_value(bench: MetricsBench) -> None:
    """NaN and infinities are left out."""
    if bench.no_number is not None:
        assert _samples(bench, bench.no_number) == ()


def what_is_no_expression_is_a_bad_query(bench: MetricsBench) -> None:
    """With a remedy; the next question is not troubled by it."""
    source = bench.open(bench.connect)
    for bad in (bench.bad, "", "x" * 100_000):
        bad_ways.refusal_of(partial(source.query, bad, bench.at), BadQuery)
    assert source.query(bench.expression, bench.at)


def check_says_what_it_is(bench: MetricsBench) -> None:
    """In a few words."""
    told = bench.open(bench.connect).check()
    assert told.isprintable(), told
    assert 0 < len(told) <= 300, told


def a_way_that_is_shut_is_refused(bench: MetricsBench) -> None:
    """A source that reaches nothing has nothing to hold here."""
    bad_ways.shut_is_refused(bench.open, lambda source: source.query(bench.expression, bench.at))


def a_broken_answer_is_refused(bench: MetricsBench) -> None:
    """Never taken for "nothing was measured"."""
    bad_ways.broken_is_refused(bench.open, lambda source: source.query(bench.expression, bench.at))


def silence_is_given_up(bench: MetricsBench) -> None:
    """In a few times its limit."""
    bad_ways.silence_is_given_up(
        bench.open, lambda source: source.query(bench.expression, bench.at)
    )


def nothing_is_reached_but_through_connect(bench: MetricsBench) -> None:
    """No socket, name or process, but by the host's ``connect``."""
    bad_ways.nothing_else_is_reached(
        bench.open, bench.connect, lambda source: source.query(bench.expression, bench.at)
    )


METRICS_CHECKS: tuple[Callable[[MetricsBench], None], ...] = (
    what_was_measured_is_given_as_numbers,
    another_time_is_another_question,
    nothing_is_no_zero,
    what_is_no_number_is_no_value,
    what_is_no_expression_is_a_bad_query,
    check_says_what_it_is,
    a_way_that_is_shut_is_refused,
    a_broken_answer_is_refused,
    silence_is_given_up,
    nothing_is_reached_but_through_connect,
)


def _samples(bench: MetricsBench, expression: str) -> tuple[Sample, ...]:
    found = bench.open(bench.connect).query(expression, bench.at)
    assert isinstance(found, tuple), found
    for one in found:
        assert _NUMBER.match(one.value), one
        assert one.at.utcoffset() is not None, f"a time without a zone: {one}"
        assert all(isinstance(text, str) for pair in one.labels.items() for text in pair), one
    return found
