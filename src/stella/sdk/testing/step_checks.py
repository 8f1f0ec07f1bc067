"""What every step has to hold, whoever wrote it: run each one of the list as a test."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from stella.kernel import Json, canonical_json
from stella.plugin.contract.connection import Connect
from stella.plugin.contract.step import Step, StepCall, StepResult
from stella.plugin.refusals import StepFailed
from stella.sdk.testing import bad_ways

_SUMMARY_MAX = 300


@dataclass(frozen=True, slots=True)
class StepBench:
    """A step, and what it acts on.

    open: connect -> the step, which waits for a second at most. connect: leads to what it acts on, and
    nowhere else. inputs: with which it passes; failing: with which its verdict is no, None where it
    gives none. state: what it changes outside, as it is now. output_schema: of its manifest.
    """

    open: Callable[[Connect], Step]
    connect: Connect
    inputs: Mapping[str, Json]
    failing: Mapping[str, Json] | None
    state: Callable[[], object]
    output_schema: Mapping[str, Json]


def what_it_leaves_is_what_its_manifest_says(bench: StepBench) -> None:
    """A line for people, and outputs of its schema that can be signed."""
    import jsonschema_rs

    result = bench.open(bench.connect).run(_call(bench))
    assert isinstance(result, StepResult), result
    assert result.summary.isprintable(), result
    assert 0 < len(result.summary) <= _SUMMARY_MAX, result
    canonical_json(result.outputs)
    faults = list(
        jsonschema_rs.Draft202012Validator(dict(bench.output_schema)).iter_errors(
            dict(result.outputs)
        )
    )
    assert not faults, faults


def twice_is_once_by_its_key(bench: StepBench) -> None:
    """The second attempt changes nothing, by the same step and by one that was opened anew."""
    step = bench.open(bench.connect)
    step.run(_call(bench))
    once = bench.state()
    step.run(_call(bench, attempt=2))
    bench.open(bench.connect).run(_call(bench, attempt=3))
    assert bench.state() == once


def undo_takes_back_what_was_done(bench: StepBench) -> None:
    """All of it, and undoing again changes nothing."""
    step, before = bench.open(bench.connect), bench.state()
    step.run(_call(bench, run="run-undone"))
    for _ in range(2):
        step.undo(_call(bench, run="run-undone"))
        assert bench.state() == before


def undo_of_what_was_never_done_changes_nothing(bench: StepBench) -> None:
    """Nor does it take back what another key did."""
    step = bench.open(bench.connect)
    step.run(_call(bench))
    before = bench.state()
    step.undo(_call(bench, run="run-never"))
    assert bench.state() == before


def undo_takes_back_a_part(bench: StepBench) -> None:
    """An attempt to which the way was shut may have done a part of it, or nothing."""
    before = bench.state()
    call = _call(bench, run="run-part")
    bad_ways.shut_is_refused(bench.open, lambda step: step.run(call))
    bench.open(bench.connect).undo(call)
    assert bench.state() == before


def a_verdict_is_step_failed(bench: StepBench) -> None:
    """And has a remedy; the next run is not troubled by it."""
    if bench.failing is None:
        return
    step = bench.open(bench.connect)
    call = replace(_call(bench, run="run-failing"), inputs=bench.failing)
    bad_ways.refusal_of(lambda: step.run(call), StepFailed)
    step.run(_call(bench))


def a_way_that_is_shut_is_refused(bench: StepBench) -> None:
    """A step that acts on nothing outside has nothing to hold here."""
    bad_ways.shut_is_refused(bench.open, lambda step: step.run(_call(bench)))


def a_broken_answer_is_refused(bench: StepBench) -> None:
    """Never passed, and never another exception."""
    bad_ways.broken_is_refused(bench.open, lambda step: step.run(_call(bench)))


def silence_is_given_up(bench: StepBench) -> None:
    """In a few times its limit."""
    bad_ways.silence_is_given_up(bench.open, lambda step: step.run(_call(bench)))


def nothing_is_reached_but_through_connect(bench: StepBench) -> None:
    """No socket, name or process, but by the host's ``connect``."""
    bad_ways.nothing_else_is_reached(bench.open, bench.connect, lambda step: step.run(_call(bench)))


STEP_CHECKS: tuple[Callable[[StepBench], None], ...] = (
    what_it_leaves_is_what_its_manifest_says,
    twice_is_once_by_its_key,
    undo_takes_back_what_was_done,
    undo_of_what_was_never_done_changes_nothing,
    undo_takes_back_a_part,
    a_verdict_is_step_failed,
    a_way_that_is_shut_is_refused,
    a_broken_answer_is_refused,
    silence_is_given_up,
    nothing_is_reached_but_through_connect,
)


def _call(bench: StepBench, *, run: str = "run-1", attempt: int = 1) -> StepCall:
    return StepCall(
        run=run,
        node="step",
        key=f"{run}:step",
        attempt=attempt,
        inputs=bench.inputs,
        subject={"release": "shop", "version": "1.0.0", "environment": "dev"},
    )
