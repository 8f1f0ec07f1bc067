"""Every durable write of the path broken both ways: lost, and stored with the answer lost."""

import itertools
from pathlib import Path

import pytest

from fixtures.databases import Clock
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


def broken_road(clock: Clock, directory: Path) -> tuple[Road, BreakableDatabase]:
    numbers = itertools.count(1)
    database = BreakableDatabase.open(
        f"sqlite:///{directory}/stella.db",
        now=clock,
        new_id=id_maker(clock, lambda size: next(numbers).to_bytes(size)),
        handled=HANDLED,
    )
    assert isinstance(database, BreakableDatabase)
    database.create_tables()
    authority = create_authority(directory, new_signer(), clock())
    return make_road(memory_work(database, directory), clock, authority), database


@pytest.mark.parametrize("stored", [False, True], ids=["lost", "stored_reply_lost"])
def test_a_break_at_any_handler_write_ends_the_same(
    clock: Clock, tmp_path: Path, stored: bool
) -> None:
    plain, database = broken_road(clock, tmp_path)
    plain.environment("dev")
    plain.release("2.0.0")
    begun = database.count
    promotion = plain.promote(plain_release(plain), "dev")
    plain.deploy(promotion)
    writes = database.count - begun
    expected = plain.kinds(promotion.id)
    assert writes > 10
    for break_at in range(1, writes):
        directory = tmp_path / f"{break_at}"
        directory.mkdir()
        check_one(Clock(), directory, break_at, stored, expected)


def check_one(
    clock: Clock, directory: Path, break_at: int, stored: bool, expected: list[str]
) -> None:
    road, database = broken_road(clock, directory)
    road.environment("dev")
    road.release("2.0.0")
    database.break_at, database.stored = database.count + break_at, stored
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
    assert done.state is State.DEPLOYED, (break_at, stored)
    assert sorted(set(road.kinds(done.id))) == sorted(set(expected)), (break_at, stored)
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
