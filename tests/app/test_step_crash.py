"""A deployment with steps, broken at each write of its handlers: every step ends once, as if unbroken."""

import itertools
from pathlib import Path

import pytest

from fixtures.databases import Clock, migrated_file, share_statements
from fixtures.road import BreakableDatabase, Broken, make_road, memory_work
from fixtures.steps import Stage, both_steps, played_steps
from stella.app.flows import HANDLED
from stella.deployment.lifecycle import StepState
from stella.deployment.step_store import list_steps
from stella.deployment.store import list_deployments
from stella.kernel import id_maker
from stella.promotion.lifecycle import State
from stella.promotion.store import list_promotions
from stella.record import facts_about, seal, verify_chain
from stella.release.store import find_release
from stella.trust import create_authority, new_signer

pytestmark = pytest.mark.long


def made_stage(folder: Path) -> Stage:
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
    authority = create_authority(folder, new_signer(), clock())
    work = memory_work(database, folder, played.plugins)
    road = make_road(work, clock, authority, played.plugins)
    road.environment("dev", steps=both_steps())
    road.release("2.0.0")
    return Stage(road, played.steps, played.manifests)


def walked(stage: Stage, break_at: int, *, stored: bool) -> int:
    """Deploy, broken once; how many writes there were."""
    road, database = stage.road, stage.road.database
    assert isinstance(database, BreakableDatabase)
    with database.read() as tx:
        release = find_release(tx, "shop@2.0.0")
    database.count, database.break_at, database.stored = 0, break_at, stored
    try:
        road.promote(release, "dev")
    except Broken:
        road.settle()
    for host in ("host-a", "host-b"):
        try:
            road.finish(host)
        except Broken:
            road.settle()
            if road.take(host) is not None:  # it was not stored: the agent reports again
                road.finish(host)
    return database.count


@pytest.mark.parametrize("stored", [False, True], ids=["lost", "stored_reply_lost"])
def test_a_break_at_any_write_ends_each_step_once(tmp_path: Path, stored: bool) -> None:
    writes = walked(made_stage(tmp_path / "whole"), -1, stored=stored)
    assert writes > 12
    for break_at in range(1, writes):
        stage = made_stage(tmp_path / str(break_at))
        assert walked(stage, break_at, stored=stored) > break_at, "it was broken nowhere"
        check(stage, break_at)
        stage.road.database.close()


def check(stage: Stage, break_at: int) -> None:
    database = stage.road.database
    with database.read() as tx:
        (promotion,), (deployment,) = list_promotions(tx), list_deployments(tx)
        assert promotion.state is State.DEPLOYED, break_at
        steps = list_steps(tx, deployment.id)
        for one in steps:
            assert one.state is StepState.PASSED, break_at
            assert one.attempts <= 2, break_at
            kinds = [fact.kind for fact in facts_about(tx, [one.id])]
            assert kinds == ["StepReady", "StepStarted", "StepEnded"], break_at
    for one in stage.steps.values():
        assert len(one.done) == 1
        assert {call.key for call in one.calls} == one.done.keys()
    seal(database, "test")
    with database.read() as tx:
        assert verify_chain(tx).good
