"""A seeded simulation: people, hosts and broken writes in any order, and what must hold all along.

STELLA_EXAMPLES says how many seeds are walked. A failure names its seed, which walks the same again.
"""

import itertools
import json
import os
import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from fixtures.databases import Clock, share_statements
from fixtures.road import OLD, BreakableDatabase, Broken, Road, make_road, memory_work
from fixtures.steps import both_steps, played_steps
from promotion.test_soak import judge_due
from stella.app.flows import HANDLED
from stella.deployment.lifecycle import DEPLOYMENT, STEP_RUN, DeploymentState, StepState
from stella.deployment.step_store import list_steps
from stella.deployment.store import Deployment, current_deployment, list_deployments
from stella.environment.freeze import begin_freeze
from stella.environment.hold import hold_environment, resume_environment
from stella.environment.store import list_freezes
from stella.evidence.store import list_evidence
from stella.evidence.verify import verify_packet
from stella.fleet import expire_orders, orders_of_deployment
from stella.kernel import Digest, Remedy, StellaError, id_maker
from stella.plugin.order import OrderOutcome
from stella.plugin.refusals import ServiceUnreachable, StepFailed
from stella.promotion.approval.approve import cancel_promotion, reject_promotion
from stella.promotion.lifecycle import NOT_BEGUN, PROMOTION, State
from stella.promotion.model import Rank
from stella.promotion.request import request_promotion
from stella.promotion.store import find_promotion, list_promotions
from stella.record import Tx, facts_about, seal, verify_chain
from stella.release.model import Release
from stella.replay import Verdict, replay_packet
from stella.trust import create_authority, new_signer

pytestmark = pytest.mark.long  # many seeds

SEEDS = max(2, int(os.environ.get("STELLA_EXAMPLES", "0")) // 10)
STEPS = 60
RULES = [
    {"rule": "security", "approvers": ["ann"], "count": 1},
    {"rule": "product", "approvers": ["approver"], "count": 1},
]
TROUBLES: tuple[BaseException, ...] = (
    *[ServiceUnreachable("no answer", remedy=Remedy("Wait."))] * 4,
    StepFailed("no", remedy=Remedy("Ask.")),
    ValueError("a bug"),
    SystemExit(1),
)
PROD = {"expiresAfter": 1, "supersede": "older", "automatic": {"pick": "newest"}}
LAST = {"automatic": {"pick": "upstream"}}
PLACES = ("dev", "prod", "last")
OUTCOMES = (*[OrderOutcome.SUCCEEDED] * 6, OrderOutcome.FAILED, OrderOutcome.ERRORED)


class Walk:
    """One simulated history. Each step is somebody doing something that the present may refuse."""

    def __init__(self, seed: int, directory: Path) -> None:
        self.chance = random.Random(seed)
        numbers = itertools.count(1)
        clock = Clock()
        database = BreakableDatabase.open(
            f"sqlite:///{directory}/stella.db",
            now=clock,
            new_id=id_maker(clock, lambda size: next(numbers).to_bytes(size)),
            handled=HANDLED,
        )
        assert isinstance(database, BreakableDatabase)
        share_statements(database.engine)
        database.create_tables()
        self.database = database
        authority = create_authority(directory, new_signer(), clock())
        self.played = played_steps()
        work = memory_work(database, directory, self.played.plugins)
        self.road: Road = make_road(work, clock, authority, self.played.plugins)
        self.road.environment("dev", parameters={"severityMax": "critical"}, steps=both_steps())
        self.road.environment("prod", "dev", approvals=RULES, promotions=PROD)
        self.road.environment("last", "prod", promotions=LAST)
        self.releases: list[Release] = [
            self.road.release("1.0.0", OLD),
            self.road.release("2.0.0"),
            self.road.release("3.0.0"),
        ]
        self.refused: Counter[str] = Counter()
        self.broken = 0

    def step(self) -> None:
        """Something happens, and one write on the way may break, before or after it was stored."""
        if self.chance.random() < 0.4:
            self.database.break_at = self.database.count + self.chance.randrange(12)
            self.database.stored = self.chance.random() < 0.5
        if self.chance.random() < 0.3:
            step = self.chance.choice([*self.played.steps.values()])
            step.troubles = self.chance.choices(TROUBLES, k=self.chance.randrange(4))
            step.is_done_before = self.chance.random() < 0.5
        acts: tuple[Callable[[], object], ...] = (
            *[self.promote] * 4,
            *[self.approve] * 6,
            *[self.host] * 10,
            self.roll_back,
            self.reject,
            self.cancel,
            self.freeze,
            self.hold,
            self.resume,
            self.wait,
            self.wait,
        )
        try:
            self.chance.choice(acts)()
        except StellaError as refusal:
            self.refused[refusal.code] += 1
        except Broken:
            self.broken += 1
        self.database.break_at = -1
        self.road.settle()

    def promote(self) -> None:
        release = self.chance.choice([*self.releases, *self.releases[1:]])
        place = self.chance.choice(["dev", *PLACES])
        rank = self.chance.choice([Rank.HIGH, Rank.NORMAL, Rank.NORMAL, Rank.LOW])
        with self.database.transaction(actor=self.road.people["dan"].id) as tx:
            dan = self.road.people["dan"]
            request_promotion(tx, dan, release=release.id, environment=place, rank=rank)

    def roll_back(self) -> None:
        self.road.roll_back(self.chance.choice(PLACES))

    def approve(self) -> None:
        waiting = self.promotions(State.WAITING)
        if waiting:
            self.road.approve(
                self.chance.choice(waiting), self.chance.choice(["ann", "bob", "dan"])
            )

    def reject(self) -> None:
        waiting = self.promotions(State.WAITING)
        if waiting:
            with self.database.transaction(actor="x") as tx:
                ann = self.road.people["ann"]
                reject_promotion(tx, ann, self.chance.choice(waiting).id, "no")

    def cancel(self) -> None:
        active = self.promotions(*NOT_BEGUN)
        if active:
            with self.database.transaction(actor="x") as tx:
                cancel_promotion(tx, self.chance.choice(active).id, "no more")

    def freeze(self) -> None:
        with self.database.transaction(actor="x") as tx:
            ends_at = tx.now + timedelta(minutes=1)
            begin_freeze(tx, self.chance.choice(PLACES), ends_at=ends_at, reason="r")

    def hold(self) -> None:
        with self.database.transaction(actor="x") as tx:
            hold_environment(tx, self.chance.choice(PLACES), "r")

    def resume(self) -> None:
        with self.database.transaction(actor="x") as tx:
            resume_environment(tx, self.chance.choice(PLACES), "r")

    def wait(self) -> None:
        self.road.clock.go_on(minutes=self.chance.choice([1, 2, 6]))
        with self.database.transaction(actor="system") as tx:
            expire_orders(tx)
        self.road.settle()
        judge_due(self.road)

    def host(self) -> None:
        host = self.chance.choice(["host-a", "host-b"])
        if self.road.take(host) is not None:
            self.road.finish(host, self.chance.choice(OUTCOMES), "simulated")

    def promotions(self, *states: State) -> list:
        with self.database.read() as tx:
            return list(list_promotions(tx, states=frozenset(states)))

    def check(self) -> None:
        """What holds after every step."""
        deploying = Counter(one.environment for one in self.promotions(State.DEPLOYING))
        assert all(number == 1 for number in deploying.values()), deploying
        with self.database.read() as tx:
            for deployment in list_deployments(tx):
                orders = orders_of_deployment(tx, deployment.id)
                each = Counter((one.target, one.purpose) for one in orders)
                assert all(number == 1 for number in each.values()), each
                self.check_steps(tx, deployment)

    def check_steps(self, tx: Tx, deployment: Deployment) -> None:
        """Nothing is touched before all steps before have passed, nor done after one that did not."""
        taken = list_steps(tx, deployment.id)
        steps = [one for one in taken if one.purpose == "run"]
        orders = orders_of_deployment(tx, deployment.id)
        before = [one for one in steps if one.phase == "before"]
        if orders:
            assert all(one.state is StepState.PASSED for one in before)
        for one, other in itertools.pairwise(steps):
            if one.state is not StepState.PASSED:
                assert other.state in {StepState.QUEUED, StepState.CANCELLED}
        if deployment.state is DeploymentState.SUCCEEDED:
            assert all(one.state is StepState.PASSED for one in steps)
        back = [one for one in taken if one.purpose == "undo"]
        if back:
            assert deployment.state not in {DeploymentState.RUNNING, DeploymentState.SUCCEEDED}
            begun = [one.name for one in steps if one.attempts]
            assert [one.name for one in reversed(back)] == begun
        for one, other in itertools.pairwise(back):
            assert STEP_RUN.is_final(one.state) or other.state is StepState.QUEUED
        facts = Counter((one.kind, one.subject) for one in facts_about(tx, [x.id for x in taken]))
        assert all(number == 1 for number in facts.values()), facts

    def finish(self) -> None:
        """Every host does what it was told, until nothing is left to do."""
        while any(self.road.take(host) is not None for host in ("host-a", "host-b")):
            for host in ("host-a", "host-b"):
                if self.road.take(host) is not None:
                    self.road.finish(host)
        seal(self.database, "test")

    def check_end(self) -> None:
        """What holds when all has come to rest."""
        assert not self.promotions(State.EVALUATING, State.APPROVED, State.QUEUED, State.DEPLOYING)
        self.check_starts()
        with self.database.read() as tx:
            assert verify_chain(tx).good
            for promotion in list_promotions(tx):
                if PROMOTION.is_final(promotion.state):
                    self.check_packet(tx, promotion.id)
            for deployment in list_deployments(tx):
                assert DEPLOYMENT.is_final(deployment.state)
                self.check_packet(tx, deployment.id)
            for name in PLACES:
                succeeded = frozenset({DeploymentState.SUCCEEDED})
                done = list_deployments(tx, environment=name, states=succeeded)
                current = current_deployment(tx, name)
                assert (current.id if current else None) == (done[0].id if done else None)

    def check_starts(self) -> None:
        """No path began what the gates refused, in a freeze, past its time, or held and by itself."""
        with self.database.read() as tx:
            freezes = list_freezes(tx)
            for deployment in list_deployments(tx, limit=1000):
                record = json.loads(self.road.work.blobs.get(Digest(deployment.record)))
                promotion = find_promotion(tx, deployment.promotion)
                at = deployment.started_at
                assert (record["outcome"], record["decidedAt"]) == ("pass", at)
                assert promotion.expires_at is None or at < promotion.expires_at
                there = [one for one in freezes if one.environment == deployment.environment]
                assert not any(one.holds(at) for one in there), deployment
                if promotion.is_automatic:
                    assert not self.was_held(tx, deployment.environment, at), deployment

    def was_held(self, tx: Tx, environment: str, at: str) -> bool:
        """Whether it was held at that time."""
        told = [one for one in facts_about(tx, [environment]) if one.at <= at]
        kinds = [one.kind for one in told if one.kind in {"EnvironmentHeld", "EnvironmentResumed"}]
        return kinds[-1:] == ["EnvironmentHeld"]

    def check_packet(self, tx, subject: str) -> None:
        (kept,) = list_evidence(tx, subject=subject)
        packet = self.road.work.blobs.get(Digest(kept.digest))
        verification = verify_packet(packet, self.road.work.proving.root)
        assert verification.good, [one for one in verification.checks if not one.good]
        assert replay_packet(packet).verdict is Verdict.IDENTICAL


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_happens_in_whatever_order_the_record_holds(seed: int, tmp_path: Path) -> None:
    walk = Walk(seed, tmp_path)
    for _ in range(STEPS):
        walk.step()
        walk.check()
    walk.finish()
    walk.check()
    walk.check_end()
    assert walk.promotions(*State), "nothing was ever asked for"
    walk.database.close()
