"""The packet of a take-down, made by the whole road on two hosts."""

import itertools
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fixtures.databases import Clock, migrated_file
from fixtures.road import make_road, memory_work
from stella.app.flows import HANDLED
from stella.app.work import removing_of
from stella.deployment.take_down.begin import begin_take_down
from stella.evidence.store import list_evidence
from stella.kernel import Digest, id_maker
from stella.record import Database
from stella.trust import TrustRoot, create_authority, new_signer


@dataclass(frozen=True, slots=True)
class TakenDown:
    """A packet, and the keys by which it holds."""

    root: TrustRoot
    packet: bytes


def taken_down() -> TakenDown:
    """Deploy a release to two hosts, and take it down again."""
    with tempfile.TemporaryDirectory() as folder:
        directory, clock, numbers = Path(folder), Clock(), itertools.count(1)
        (directory / "stella.db").write_bytes(migrated_file())
        new_id = id_maker(clock, lambda size: next(numbers).to_bytes(size))
        url = f"sqlite:///{directory}/stella.db"
        database = Database.open(url, now=clock, new_id=new_id, handled=HANDLED)
        authority = create_authority(directory, new_signer(), clock())
        road = make_road(memory_work(database, directory), clock, authority)
        road.environment("review", endsAt="2030-02-01T00:00:00Z")
        road.deploy(road.promote(road.release("2.0.0"), "review"))
        clock.go_on(hours=1)
        removing = removing_of(
            road.work.blobs, road.work.evidence_signer, lambda: road.plugins, is_simulated=False
        )
        with database.transaction(actor=road.people["dan"].id) as tx:
            begun = begin_take_down(
                tx, road.people["dan"], "review", removing, reason="the review is over"
            )
        road.settle()
        road.finish("host-a")
        road.finish("host-b")
        with database.read() as tx:
            (kept,) = list_evidence(tx, subject=begun.id)
        packet = road.work.blobs.get(Digest(kept.digest))
        database.engine.dispose()
        return TakenDown(road.work.proving.root, packet)
