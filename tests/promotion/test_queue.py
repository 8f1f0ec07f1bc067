"""One deployment at a time goes into an environment; what else may go waits for its turn, in order."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from fixtures.road import InlineRuns, Road
from promotion.test_rules import proves
from promotion.test_soak import judge_due
from stella.app.due import give_turns
from stella.app.flows import steps_of
from stella.environment.freeze import begin_freeze
from stella.fleet import expire_orders
from stella.kernel import Digest, StellaError
from stella.plugin.order import OrderOutcome
from stella.promotion.approval.approve import cancel_promotion, reject_promotion
from stella.promotion.errors import AlreadyRequested, EnvironmentIsBusy
from stella.promotion.lifecycle import State
from stella.promotion.model import Rank
from stella.promotion.queue import Place, place_of, queue_of, waiting_there
from stella.promotion.request import WAITING_MAX, request_promotion
from stella.promotion.store import Promotion, insert_promotion
from stella.release.model import Release
from stella.release.store import find_release
from stella.release.withdraw import withdraw_release
from stella.workflow import Step

ONE = [{"rule": "one", "approvers": ["ann"]}]
OLDER = {"promotions": {"supersede": "older"}}


def ask(
    road: Road, release: Release, rank: Rank = Rank.NORMAL, environment: str = "dev"
) -> Promotion:
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        made = request_promotion(
            tx, road.people["dan"], release=release.id, environment=environment, rank=rank
        )
    road.settle()
    return road.promotion(made.id)


def place(road: Road, promotion: Promotion) -> Place:
    with road.database.read() as tx:
        return place_of(tx, promotion)


def in_line(road: Road) -> list[str]:
    with road.database.read() as tx:
        return [one.id for one in queue_of(tx, "dev", 50)]


def states(road: Road, *promotions: Promotion) -> list[str]:
    return [road.promotion(one.id).state.value for one in promotions]


def busy(road: Road, count: int = 3, **rules: object) -> list[Promotion]:
    """The first is deployed in dev, and the others wait for their turn."""
    road.environment("dev", **rules)
    return [ask(road, road.release(f"{number}.0.0")) for number in range(2, 2 + count)]


def test_each_begins_when_the_one_before_has_ended(road: Road) -> None:
    first, second, third = busy(road)
    assert states(road, first, second, third) == ["deploying", "queued", "queued"]
    assert place(road, second) == Place(1, first)
    assert place(road, third) == Place(2, first)
    assert road.kinds(second.id)[-1] == "PromotionQueued"
    road.deploy(first)
    assert states(road, first, second, third) == ["deployed", "deploying", "queued"]
    assert place(road, third).position == 1
    road.finish("host-a", OrderOutcome.FAILED)
    assert states(road, second, third) == ["failed", "deploying"]
    done = road.deploy(third)
    assert done.state is State.DEPLOYED
    proves(road, done)


def test_rollbacks_go_first_then_who_is_urgent_then_who_asked_first(road: Road) -> None:
    first, *_ = busy(road, 1)
    road.deploy(first)
    road.deploy(ask(road, road.release("3.0.0")))
    running = ask(road, road.release("4.0.0"))
    low = ask(road, road.release("5.0.0"), Rank.LOW)
    normal = ask(road, road.release("6.0.0"))
    high = ask(road, road.release("7.0.0"), Rank.HIGH)
    high_too = ask(road, road.release("8.0.0"), Rank.HIGH)
    back = road.roll_back("dev")
    assert in_line(road) == [one.id for one in (back, high, high_too, normal, low)]
    assert place(road, low).position == 5
    road.deploy(running)
    assert states(road, back, high) == ["deploying", "queued"]


def test_what_was_approved_later_does_not_pass_who_waits(road: Road) -> None:
    first, second = busy(road, 2, approvals=ONE)
    for one in (first, second):
        road.approve(one, "ann")
    third = ask(road, road.release("9.0.0"))
    road.approve(third, "ann")
    assert in_line(road) == [second.id, third.id]


def test_each_is_judged_anew_when_its_turn_comes(road: Road) -> None:
    first, second, third = busy(road)
    with road.database.transaction(actor=road.people["ann"].id) as tx:
        begin_freeze(tx, "dev", ends_at=tx.now + timedelta(hours=1), reason="stocktaking")
    road.deploy(first)
    assert states(road, second, third) == ["blocked", "blocked"]
    proves(road, road.promotion(second.id))


def test_what_needs_people_again_when_its_turn_comes_holds_nobody_up(road: Road) -> None:
    rules = [{"rule": "one", "approvers": ["ann"], "expiresAfter": 1}]
    first, second, third = busy(road, 3, approvals=rules)
    for one in (first, second):
        road.approve(one, "ann")
    road.clock.go_on(minutes=90)
    with road.database.transaction(actor="x") as tx:
        assert queue_of(tx, "dev", 5)[0].id == second.id
    road.approve(third, "ann")
    road.clock.at -= timedelta(minutes=89)  # the agents' orders are young still
    road.finish("host-a")
    road.clock.go_on(minutes=89)
    with road.database.transaction(actor="x") as tx:
        expire_orders(tx)
    road.settle()
    assert states(road, first, second, third) == ["errored", "waiting", "deploying"]


class EndingRuns:
    """As the durable engine does: a step that is refused ends its fact's run."""

    def __init__(self, steps: Mapping[str, Sequence[Step]]) -> None:
        self._steps = steps
        self.ended: list[str] = []

    def start(self, kind: str, fact: str) -> None:
        for step in self._steps[kind]:
            try:
                step(fact)
            except StellaError:
                self.ended.append(kind)
                return


def test_the_next_begins_though_the_packet_before_cannot_be_closed(road: Road) -> None:
    first, second = busy(road, 2)
    assert first.bundle is not None
    road.work.blobs._path(Digest(first.bundle)).unlink()
    runs = EndingRuns(steps_of(road.work))
    road.runs = runs
    road.deploy(first)
    assert "PromotionDeployed" in runs.ended
    assert states(road, first, second) == ["deployed", "deploying"]


def sweep(road: Road) -> int:
    return give_turns(
        road.database, road.work.deciding, road.work.evidence_signer, is_over=lambda: False
    )


class DeafRuns:
    """What follows from that kind of fact is never done: its run broke off."""

    def __init__(self, runs: InlineRuns, kind: str) -> None:
        self._runs, self._kind = runs, kind

    def start(self, kind: str, fact: str) -> None:
        if kind != self._kind:
            self._runs.start(kind, fact)


def test_a_queue_that_stands_goes_on_by_itself(road: Road) -> None:
    first, second, third = busy(road)
    assert sweep(road) == 0, "its turn has not come"
    hearing = road.runs
    road.runs = DeafRuns(road.runs, "PromotionDeployed")
    road.deploy(first)
    assert states(road, first, second, third) == ["deployed", "queued", "queued"]
    assert sweep(road) == 1
    assert states(road, second, third) == ["deploying", "queued"]
    assert sweep(road) == 0
    road.runs = hearing
    road.settle()
    proves(road, road.deploy(second))


def test_a_queue_that_stands_passes_over_what_may_not_go(road: Road) -> None:
    first, second, third = busy(road)
    road.runs = DeafRuns(road.runs, "PromotionDeployed")
    road.deploy(first)
    with road.database.transaction(actor="x") as tx:
        withdraw_release(tx, second.release, "broken")
    assert sweep(road) == 2
    assert states(road, second, third) == ["errored", "deploying"]


def test_a_queued_one_can_be_cancelled_rejected_and_withdrawn_and_expires(road: Road) -> None:
    first, second, third, fourth = busy(road, 4, promotions={"expiresAfter": 2})
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        cancel_promotion(tx, second.id, "no more")
        withdraw_release(tx, third.release, "broken")
    road.settle()
    assert states(road, second, third) == ["cancelled", "errored"]
    road.clock.go_on(hours=2)
    judge_due(road)
    assert states(road, first, fourth) == ["deploying", "expired"]


def test_who_may_approve_says_no_to_what_waits_for_its_turn(road: Road) -> None:
    first, second = busy(road, 2, approvals=ONE)
    for one in (first, second):
        road.approve(one, "ann")
    assert states(road, second) == ["queued"]
    with road.database.transaction(actor=road.people["ann"].id) as tx:
        reject_promotion(tx, road.people["ann"], second.id, "not today")
    road.settle()
    assert states(road, second) == ["rejected"]
    proves(road, road.promotion(second.id))


def test_a_newer_request_takes_the_place_of_older_ones(road: Road) -> None:
    first, second, third = busy(road, 3, **OLDER)
    assert states(road, first, second, third) == ["deploying", "superseded", "queued"]
    ended = road.promotion(second.id)
    assert ended.superseded_by == third.id
    (fact,) = [one for one in road.facts(second.id) if one.kind == "PromotionSuperseded"]
    assert fact.data["message"] == f"shop 4.0.0 was asked for ({third.id})"
    proves(road, ended)


def test_without_the_rule_nobody_loses_their_place(road: Road) -> None:
    assert states(road, *busy(road)) == ["deploying", "queued", "queued"]


def test_a_blocked_request_takes_nobodys_place_before_it_is_asked_for(road: Road) -> None:
    """A request that is refused has changed nothing."""
    first, second = busy(road, 2, **OLDER)
    with road.database.read() as tx:
        release = find_release(tx, second.release)
    with pytest.raises(AlreadyRequested):
        ask(road, release)
    assert states(road, first, second) == ["deploying", "queued"]


def test_a_rollback_is_asked_for_while_the_same_images_wait(road: Road) -> None:
    first, *_ = busy(road, 1)
    road.deploy(first)
    road.deploy(ask(road, road.release("3.0.0")))
    road.environment("dev", approvals=ONE)
    with road.database.read() as tx:
        release = find_release(tx, first.release)
    again = ask(road, release)
    back = road.roll_back("dev")
    assert back.release == again.release
    with pytest.raises(AlreadyRequested):
        road.roll_back("dev")


@pytest.mark.long
def test_ten_thousand_that_wait_are_asked_fast(road: Road) -> None:
    """None of these walks through all that wait."""
    _, second = busy(road, 2)
    with road.database.transaction(actor="x") as tx:
        ids = [tx.new_id("prm") for _ in range(9_990)]
        for number, one in enumerate(ids):
            rank = Rank.LOW if number % 2 else Rank.NORMAL
            insert_promotion(
                tx, replace(second, id=one, rank=rank, release_digest=f"sha256:{number}")
            )
    road.database.engine.dispose()
    late = road.promotion(ids[-1])
    release = road.release("9.0.0")
    began = time.perf_counter()
    with road.database.read() as tx:
        assert queue_of(tx, "dev", 1)[0].id == second.id
        assert place_of(tx, late).position == 9_991
        assert waiting_there(tx, "dev") == 9_991
    looked = time.perf_counter()
    assert ask(road, release).state is State.QUEUED
    asked = time.perf_counter()
    assert looked - began < 5
    assert asked - looked < 30
    more = road.release("9.0.1"), road.release("9.0.2")
    with road.database.transaction(actor="x") as tx:
        for number in range(WAITING_MAX - waiting_there(tx, "dev") - 1):
            copy = replace(second, id=tx.new_id("prm"), release_digest=f"sha256:more{number}")
            insert_promotion(tx, copy)
    ask(road, more[0])
    with pytest.raises(EnvironmentIsBusy) as refusal:
        ask(road, more[1])
    assert refusal.value.facts["waiting"] == WAITING_MAX
