"""Every durable write of a take-down broken both ways: lost, and stored with the answer lost."""

import itertools

import pytest

from app.test_crash import Ground
from app.test_take_down import begin, proves
from fixtures.databases import Clock, share_statements
from fixtures.road import BreakableDatabase, Broken, make_road, memory_work
from stella.app.flows import HANDLED
from stella.deployment.errors import TakeDownIsBusy
from stella.deployment.lifecycle import TakeDownState
from stella.deployment.store import current_deployment, list_target_deployments
from stella.deployment.take_down.store import TakeDown, list_take_downs
from stella.environment.emptied import list_emptied
from stella.fleet import orders_of_deployment
from stella.kernel import id_maker
from stella.record import seal, verify_chain
from stella.trust import create_authority, new_signer

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """A road on which a release runs, laid once, and laid again for each break."""
    directory, clock, numbers = tmp_path_factory.mktemp("ground"), Clock(), itertools.count(1)
    file = directory / "stella.db"
    database = BreakableDatabase.open(
        f"sqlite:///{file}",
        now=clock,
        new_id=id_maker(clock, lambda size: next(numbers).to_bytes(size)),
        handled=HANDLED,
    )
    assert isinstance(database, BreakableDatabase)
    share_statements(database.engine)
    database.create_tables()
    authority = create_authority(directory, new_signer(), clock())
    road = make_road(memory_work(database, directory), clock, authority)
    road.environment("dev")
    road.deploy(road.promote(road.release("2.0.0"), "dev"))
    made = Ground(road, database, file)
    made.keep()
    return made


@pytest.mark.parametrize("stored", [False, True], ids=["lost", "stored_reply_lost"])
def test_a_break_at_any_write_of_a_take_down_ends_the_same(ground: Ground, stored: bool) -> None:
    road = ground.road
    ground.lay(-1, stored=stored)
    begun = begin(road, "dev")
    road.finish("host-a")
    road.finish("host-b")
    expected, writes = road.kinds(begun.id), ground.database.count
    assert writes > 10
    for break_at in range(writes):
        ground.lay(break_at, stored=stored)
        check_one(ground, expected)


def begun_again(ground: Ground) -> TakeDown:
    """Asked for, and asked for once more where no answer came: one take-down in any case."""
    road = ground.road
    try:
        return begin(road, "dev")
    except Broken:
        road.settle()
    try:
        return begin(road, "dev")
    except TakeDownIsBusy:
        with road.database.read() as tx:
            return list_take_downs(tx, "dev")[0]


def check_one(ground: Ground, expected: list[str]) -> None:
    road, database = ground.road, ground.database
    place = (database.break_at, database.stored)
    begun = begun_again(ground)
    for host in ("host-a", "host-b"):
        try:
            road.finish(host)
        except Broken:
            road.settle()
            if road.take(host) is not None:  # it was not stored: the agent reports again
                road.finish(host)
    assert database.count > database.break_at, "it was broken nowhere"
    assert sorted(road.kinds(begun.id)) == sorted(expected), place
    with database.read() as tx:
        (done,) = list_take_downs(tx, "dev")
        assert done.state is TakeDownState.SUCCEEDED, place
        assert len(list_target_deployments(tx, done.id)) == 2
        assert len(orders_of_deployment(tx, done.id)) == 2
        assert [one.take_down for one in list_emptied(tx, "dev")] == [done.id]
        assert current_deployment(tx, "dev") is None
    proves(road, done)
    seal(database, "test")
    with database.read() as tx:
        assert verify_chain(tx).good
