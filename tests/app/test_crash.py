"""Every durable write of the path broken both ways: lost, and stored with the answer lost."""

import itertools
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixtures.databases import Clock, share_statements
from fixtures.road import BreakableDatabase, Broken, Road, make_road, memory_work
from stella.app.flows import HANDLED
from stella.deployment.store import list_deployments, list_target_deployments
from stella.evidence.store import list_evidence
from stella.fleet import orders_of_deployment
from stella.kernel import id_maker
from stella.promotion.lifecycle import State
from stella.promotion.store import list_promotions
from stella.record import seal, verify_chain
from stella.release.model import Release
from stella.release.store import find_release
from stella.trust import create_authority, new_signer

pytestmark = pytest.mark.long


@dataclass(frozen=True)
class Ground:
    """A road with a release and an environment, laid once, and laid again for each break."""

    road: Road
    database: BreakableDatabase
    file: Path

    @property
    def kept(self) -> Path:
        return self.file.with_suffix(".kept")

    @property
    def ledger(self) -> Path:
        return self.file.parent / "ledger" / "log"

    def keep(self) -> None:
        self.database.close()
        shutil.copyfile(self.file, self.kept)
        self.ledger.mkdir(exist_ok=True)
        shutil.copytree(self.ledger, self.kept.with_suffix(".ledger"))

    def lay(self, break_at: int, *, stored: bool) -> None:
        self.database.close()
        shutil.copyfile(self.kept, self.file)
        # With entries that the database knows nothing of the ledger signs nothing.
        shutil.rmtree(self.ledger, ignore_errors=True)
        shutil.copytree(self.kept.with_suffix(".ledger"), self.ledger)
        self.database.count, self.database.break_at, self.database.stored = 0, break_at, stored


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
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
    road.release("2.0.0")
    made = Ground(road, database, file)
    made.keep()
    return made


@pytest.mark.parametrize("stored", [False, True], ids=["lost", "stored_reply_lost"])
def test_a_break_at_any_handler_write_ends_the_same(ground: Ground, stored: bool) -> None:
    road = ground.road
    ground.lay(-1, stored=stored)
    promotion = road.promote(plain_release(road), "dev")
    road.deploy(promotion)
    expected, writes = road.kinds(promotion.id), ground.database.count
    assert writes > 10
    for break_at in range(1, writes):
        ground.lay(break_at, stored=stored)
        check_one(road, ground.database, expected)


def check_one(road: Road, database: BreakableDatabase, expected: list[str]) -> None:
    place = (database.break_at, database.stored)
    try:
        promotion = road.promote(plain_release(road), "dev")
    except Broken:
        road.settle()
        with database.read() as tx:
            (promotion,) = list_promotions(tx)
    for host in ("host-a", "host-b"):
        try:
            road.finish(host)
        except Broken:
            road.settle()
            if road.take(host) is not None:  # it was not stored: the agent reports again
                road.finish(host)
    assert database.count > database.break_at, "it was broken nowhere"
    done = road.promotion(promotion.id)
    assert done.state is State.DEPLOYED, place
    assert sorted(set(road.kinds(done.id))) == sorted(set(expected)), place
    with database.read() as tx:
        (deployment,) = list_deployments(tx)
        parts = list_target_deployments(tx, deployment.id)
        assert len(parts) == len(orders_of_deployment(tx, deployment.id)) == 2
        assert len(list_evidence(tx, subject=done.id)) == 1
        assert len(list_evidence(tx, subject=deployment.id)) == 1
    seal(database, "test")
    with database.read() as tx:
        assert verify_chain(tx).good


def plain_release(road: Road) -> Release:
    with road.database.read() as tx:
        return find_release(tx, "shop@2.0.0")
