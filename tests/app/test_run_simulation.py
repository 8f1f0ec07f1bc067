"""Random workflows with random troubles and broken writes, against a model that knows nothing of rows.

STELLA_EXAMPLES says how many seeds are walked. A failure names its seed, which walks the same again.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.test_run_crash import made_walk
from fixtures.road import BreakableDatabase, Broken
from fixtures.runs import Walk, step
from stella.app.runs.due import look_at_runs
from stella.kernel import Remedy
from stella.plugin.contract.step import StepCall, StepResult
from stella.plugin.refusals import ServiceUnreachable, StepFailed
from stella.sdk.testing import SimulatedStep
from stella.workflow.run.lifecycle import RUN
from stella.workflow.run.model import Node, Run
from stella.workflow.run.store import list_runs

pytestmark = pytest.mark.long  # many seeds

SEEDS = max(300, int(os.environ.get("STELLA_EXAMPLES", "0")) * 5)
AT_ONCE = 30
WELL, FLAKY, FAILED, ERRORED = "well", "flaky", "failed", "errored"
TRIED_AGAIN = {"attempts": 4, "waitS": 5, "of": ["errored", "failed"]}
BAD = {"failed", "errored", "unreached"}


@dataclass
class Weather(SimulatedStep):
    """What each node meets, by its key in the run. Broken off and asked again, it says the same."""

    fates: dict[str, str] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)

    def run(self, call: StepCall) -> StepResult:
        fate = self.fates.get(call.node, WELL)
        if fate == FAILED:
            self.troubles = [StepFailed("no", remedy=Remedy("Ask."))]
        if fate == ERRORED or (fate == FLAKY and call.key not in self.met):
            self.troubles = [ServiceUnreachable("no answer", remedy=Remedy("Wait."))]
        self.met.add(call.key)
        return super().run(call)


@dataclass
class Case:
    """One random workflow: its steps, what each node meets, and what each step must come to."""

    steps: dict[str, dict[str, Any]]
    fates: dict[str, str]
    expected: dict[str, str]
    verdict: str


def made_case(chance: random.Random) -> Case:
    steps: dict[str, dict[str, Any]] = {}
    fates: dict[str, str] = {}
    for number in range(chance.randint(2, 10)):
        name = f"s{number}"
        needs = [one for one in steps if chance.random() < 0.3]
        made = step(*needs, undo=chance.random() < 0.5)
        made["when"] = chance.choice(["success"] * 6 + ["failure", "always"])
        if chance.random() < 0.2:
            made["if"] = chance.choice(["inputs.yes", "!inputs.yes"])
        if chance.random() < 0.2:
            made["onFailure"] = "ignore"
        if chance.random() < 0.2:
            made = {"uses": "wait", "needs": needs, "with": {"seconds": chance.randint(1, 90)}}
        elif chance.random() < 0.3:
            made |= {"forEach": [*range(chance.randint(1, 5))], "window": chance.randint(1, 3)}
            made["failuresMax"] = chance.randint(0, 2)
        fate = chance.choice([WELL] * 6 + [FLAKY, FAILED, ERRORED])
        if fate == FLAKY or chance.random() < 0.2:
            made["retry"] = TRIED_AGAIN
        if made["uses"] != "wait":
            for key in keys_of(name, made):
                fates[key] = fate if "forEach" not in made or chance.random() < 0.5 else WELL
        steps[name] = made
    expected = modelled(steps, fates)
    return Case(steps, fates, expected, verdict_of(steps, expected))


def keys_of(name: str, made: dict[str, Any]) -> list[str]:
    return [f"{name}[{n}]" for n in range(len(made["forEach"]))] if "forEach" in made else [name]


def modelled(steps: dict[str, dict[str, Any]], fates: dict[str, str]) -> dict[str, str]:
    """How each step ends: in the order in which they are written, each after those that it needs."""
    ends: dict[str, str] = {}
    for name, made in steps.items():
        is_wrong = any(went_wrong(steps[one], ends[one]) for one in made["needs"])
        when = made.get("when", "success")
        if when == "success" and is_wrong:
            ends[name] = "unreached"
        elif (when == "failure" and not is_wrong) or made.get("if") == "!inputs.yes":
            ends[name] = "skipped"
        else:
            bad = [fates.get(key) for key in keys_of(name, made)]
            bad = [one for one in bad if one in BAD]
            is_well = len(bad) <= made.get("failuresMax", 0) if "forEach" in made else not bad
            ends[name] = "succeeded" if is_well else str(bad[0])
    return ends


def went_wrong(made: dict[str, Any], end: str) -> bool:
    is_ignored = made.get("onFailure") == "ignore" and end in {"failed", "errored"}
    return end in BAD and not is_ignored


def verdict_of(steps: dict[str, dict[str, Any]], ends: dict[str, str]) -> str:
    bad = {end for name, end in ends.items() if went_wrong(steps[name], end)}
    return "failed" if "failed" in bad else "errored" if bad else "succeeded"


def walked(walk: Walk, chance: random.Random, *, cancelled: bool) -> Run:
    """The run at its end. Writes break on the way, before or after they are stored."""
    database = walk.stage.road.database
    assert isinstance(database, BreakableDatabase)

    def surely(do: Callable[[], object]) -> None:
        if chance.random() < 0.3:
            database.break_at = database.count + chance.randrange(20)
            database.stored = chance.random() < 0.5
        try:
            do()
        except Broken:
            walk.stage.road.settle()
        database.break_at = -1

    def the_run() -> tuple[Run, ...]:
        with database.read() as tx:
            return list_runs(tx, of="ship", limit=1)

    before = the_run()
    surely(lambda: walk.start("ship", yes=True))
    if the_run() == before:
        walk.start("ship", yes=True)
    for _ in range(60):
        (run,) = the_run()
        if RUN.is_final(run.state):
            return run
        if cancelled and run.cancel_asked_at is None and chance.random() < 0.5:
            surely(partial(walk.cancel, run))
        walk.stage.road.clock.go_on(seconds=31)
        surely(lambda: look_at_runs(database, lambda: False))
        surely(walk.stage.road.settle)
    raise AssertionError(f"it never ends: {walk.states(run)}")


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_every_run_ends_as_the_model_says(tmp_path: Path, first: int) -> None:
    walk = made_walk(tmp_path / "walk", {"one": step()})
    weather = Weather(outputs={"ticket": "x"})
    played = walk.stage.steps["open-change"]
    played.run, played.undo = weather.run, weather.undo  # type: ignore[method-assign]
    for seed in range(first, first + AT_ONCE):
        chance = random.Random(seed)
        case = made_case(chance)
        walk.apply("ship", case.steps, inputs={"yes": {"type": "boolean"}})
        weather.fates = case.fates
        cancelled = chance.random() < 0.15
        run = walked(walk, chance, cancelled=cancelled)
        check(walk, run, case, weather, f"seed {seed}")


def check(walk: Walk, run: Run, case: Case, weather: Weather, seed: str) -> None:
    nodes = walk.nodes(run)
    assert all(one.is_over for one in nodes.values()), seed
    if run.cancel_asked_at is None:
        found = {name: nodes[name].state.value for name in case.steps}
        assert found == case.expected, seed
        assert run.state.value == case.verdict, seed
    begun = [
        one
        for one in nodes.values()
        if one.purpose == "run" and one.attempts and case.steps[one.step].get("undo")
    ]
    undone = [one for one in nodes.values() if one.purpose == "undo"]
    if run.state.value == "succeeded":
        assert not undone, seed
    else:
        assert [one.key for one in undone] == [f"{key} (undo)" for key in latest_first(begun)], seed
        left = {key for key in weather.done if key.startswith(f"{run.id}:")}
        assert not left & {f"{run.id}:{one.key}" for one in begun}, seed
    for name, made in case.steps.items():
        if "forEach" in made:
            assert at_once(nodes, name) <= made["window"], seed


def latest_first(begun: list[Node]) -> list[str]:
    return [
        one.key
        for one in sorted(begun, key=lambda it: (it.started_at or "", it.position), reverse=True)
    ]


def at_once(nodes: dict[str, Node], name: str) -> int:
    """How many items of a step were under way at the same time, at most."""
    spans = [
        (one.started_at, one.ended_at)
        for one in nodes.values()
        if one.step == name and one.item >= 0 and one.purpose == "run" and one.started_at
    ]
    return max((sum(a <= start < b for a, b in spans) for start, _ in spans), default=0)
