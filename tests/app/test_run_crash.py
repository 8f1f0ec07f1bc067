"""A run of twenty steps, broken at each write of its handlers: every step ends once, as if unbroken.

STELLA_EXAMPLES, where it is set, has each write broken; without it every fifth is.
"""

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.databases import Clock, migrated_file, share_statements
from fixtures.road import BreakableDatabase, Broken, make_road, memory_work
from fixtures.runs import Walk, step
from fixtures.steps import Stage, played_steps
from stella.app.flows import HANDLED
from stella.app.runs.due import look_at_runs
from stella.kernel import id_maker
from stella.record import facts_about, seal, verify_chain
from stella.trust import create_authority, new_signer
from stella.workflow.run.model import Run
from stella.workflow.run.store import list_runs

pytestmark = pytest.mark.long

EACH = 1 if int(os.environ.get("STELLA_EXAMPLES", "0")) else 5

TWENTY: dict[str, Any] = {
    "first": {**step(), "undo": True},
    "rest": {"uses": "wait", "needs": ["first"], "with": {"seconds": 60}},
    "ask": {"uses": "approval", "needs": ["first"], "with": {"by": ["approver"]}},
    "each": {
        "uses": "open-change",
        "needs": ["first"],
        "forEach": ["a", "b", "c", "d", "e"],
        "window": 2,
        "with": {"ticket": "CHG-${{ item }}"},
        "undo": True,
    },
    "skipped": {**step("each"), "if": "size(steps.each.outputs.ticket) > 9"},
    **{f"left{n}": step("each" if n == 0 else f"left{n - 1}") for n in range(4)},
    **{f"right{n}": step("rest" if n == 0 else f"right{n - 1}") for n in range(4)},
    "child": {"uses": "workflow", "needs": ["ask"], "with": {"workflow": "inner"}},
    "join": {**step("left3", "right3", "child", "skipped"), "undo": True},
    "last": step("join", uses="smoke-test"),
}
LAST = {"finally": {"tell": step(when="always")}}
NONE_OF_IT = {
    **TWENTY,
    "last": {
        **step("join"),
        "with": {"ticket": "${{ string(1 / (size(steps.each.outputs.ticket) - 5)) }}"},
    },
}
"""The last step divides by nothing, so that what was done is taken back."""
TAKEN_BACK = ["join", "each[4]", "each[3]", "each[2]", "each[1]", "each[0]", "first"]


def made_walk(folder: Path, steps: dict[str, Any]) -> Walk:
    clock, numbers = Clock(), itertools.count(1)
    folder.mkdir()
    (folder / "stella.db").write_bytes(migrated_file())
    database = BreakableDatabase.open(
        f"sqlite:///{folder}/stella.db",
        now=clock,
        new_id=id_maker(clock, lambda size: next(numbers).to_bytes(size)),
        handled=HANDLED,
    )
    share_statements(database.engine)
    played = played_steps()
    played.steps["open-change"].outputs = {"ticket": "x"}
    authority = create_authority(folder, new_signer(), clock())
    work = memory_work(database, folder, played.plugins)
    walk = Walk(Stage(make_road(work, clock, authority, played.plugins), played.steps))
    walk.apply("inner", {"inside": step(uses="smoke-test")})
    walk.apply("ship", steps, **LAST)
    return walk


def walked(walk: Walk, break_at: int, *, stored: bool) -> int:
    """Run it to its end, broken once; how many writes there were."""
    database = walk.stage.road.database
    assert isinstance(database, BreakableDatabase)
    database.count, database.break_at, database.stored = 0, break_at, stored

    def surely(do: Callable[[], object]) -> None:
        try:
            do()
        except Broken:
            walk.stage.road.settle()

    surely(lambda: walk.start("ship"))
    if not the_run(walk):
        walk.start("ship")  # it was not stored: whoever asked asks again
    run = the_run(walk)[0]
    surely(lambda: walk.say(run, "ask", "approve"))
    if walk.states(run)["ask"] == "waiting":
        walk.say(run, "ask", "approve")
    for _ in range(3):
        walk.stage.road.clock.go_on(seconds=61)
        surely(lambda: look_at_runs(database, lambda: False))
        surely(walk.stage.road.settle)
    return database.count


def the_run(walk: Walk) -> tuple[Run, ...]:
    with walk.stage.road.database.read() as tx:
        return list_runs(tx, of="ship")


@pytest.mark.parametrize("steps", [TWENTY, NONE_OF_IT], ids=["well", "taken_back"])
@pytest.mark.parametrize("stored", [False, True], ids=["lost", "stored_reply_lost"])
def test_a_break_at_any_write_ends_each_step_once(
    tmp_path: Path, stored: bool, steps: dict[str, Any]
) -> None:
    whole = made_walk(tmp_path / "whole", steps)
    writes = walked(whole, -1, stored=stored)
    check(whole, -1, is_well=steps is TWENTY)
    assert writes > 20
    for break_at in range(1, writes, EACH):
        walk = made_walk(tmp_path / str(break_at), steps)
        assert walked(walk, break_at, stored=stored) > break_at, "it was broken nowhere"
        check(walk, break_at, is_well=steps is TWENTY)
        walk.stage.road.database.close()


def check(walk: Walk, break_at: int, *, is_well: bool) -> None:
    (run,) = the_run(walk)
    assert run.state.value == ("succeeded" if is_well else "errored"), (break_at, walk.states(run))
    database, played = walk.stage.road.database, walk.stage.steps["open-change"]
    with database.read() as tx:
        for node in walk.nodes(run).values():
            kinds = [fact.kind for fact in facts_about(tx, [node.id])]
            assert kinds.count("NodeEnded") == 1, (break_at, node.key)
            assert kinds.count("NodeStarted") <= 1, (break_at, node.key)
            assert node.attempts <= 2, (break_at, node.key)
    assert {call.key for call in played.calls} == {*played.done, *played.undone}
    assert len(played.done) == (16 if is_well else 9)
    assert sorted(played.undone) == sorted(
        [] if is_well else [f"{run.id}:{key}" for key in TAKEN_BACK]
    )
    with database.read() as tx:
        ended = {f"{run.id}:{one.key}": one.ended_at or "" for one in walk.nodes(run).values()}
    times = [ended[key] for key in played.undone]
    assert times == sorted(times, reverse=True), "the last first"
    seal(database, "test")
    with database.read() as tx:
        assert verify_chain(tx).good
