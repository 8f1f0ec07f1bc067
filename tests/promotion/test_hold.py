"""What was rolled back stays back until somebody moves it on."""

import pytest

from fixtures.road import Road
from stella.environment.errors import ImpossibleHold, NotHeld
from stella.environment.hold import Hold, find_hold, hold_environment, resume_environment
from stella.plugin.order import OrderOutcome
from stella.promotion.approval.approve import cancel_promotion
from stella.promotion.lifecycle import State
from stella.promotion.request import request_rollback
from stella.promotion.store import Promotion


def held(road: Road, name: str = "dev") -> Hold | None:
    with road.database.read() as tx:
        return find_hold(tx, name)


def hold(road: Road, name: str = "dev", reason: str = "look at the logs first") -> None:
    with road.database.transaction(actor=road.people["ann"].id) as tx:
        hold_environment(tx, name, reason)
    road.settle()


def resume(road: Road, name: str = "dev", reason: str = "all is well") -> None:
    with road.database.transaction(actor=road.people["ann"].id) as tx:
        resume_environment(tx, name, reason)
    road.settle()


def moved(road: Road, **more: object) -> None:
    """Dev runs 3.0.0 and ran 2.0.0 before."""
    road.environment("dev", **more)
    for version in ("2.0.0", "3.0.0"):
        assert road.deploy(road.promote(road.release(version), "dev")).state is State.DEPLOYED


def test_a_rollback_holds_the_environment_from_its_request_on(road: Road) -> None:
    moved(road)
    back = road.roll_back("dev")
    found = held(road)
    assert found is not None
    assert (found.promotion, found.reason) == (back.id, "rolled back: it is slow")
    assert road.kinds("dev")[-1] == "EnvironmentHeld"
    assert road.deploy(back).state is State.DEPLOYED
    assert held(road) is not None


def test_somebody_who_promotes_moves_it_on(road: Road) -> None:
    moved(road)
    road.deploy(road.roll_back("dev"))
    assert road.deploy(road.promote(road.release("4.0.0"), "dev")).state is State.DEPLOYED
    assert held(road) is None
    last = road.facts("dev")[-1]
    assert (last.kind, last.data["reason"]) == ("EnvironmentResumed", "dan moved it on")


def test_a_promotion_that_fails_moves_nothing_on(road: Road) -> None:
    moved(road)
    road.deploy(road.roll_back("dev"))
    road.promote(road.release("4.0.0"), "dev")
    road.finish("host-a", OrderOutcome.FAILED)
    assert held(road) is not None


def test_a_rollback_that_never_began_holds_nothing(road: Road) -> None:
    moved(road)
    road.environment("dev", approvals=[{"rule": "one", "approvers": ["ann"]}])
    back = road.roll_back("dev")
    assert held(road) is not None
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        cancel_promotion(tx, back.id, "it was the network")
    road.settle()
    assert held(road) is None
    last = road.facts("dev")[-1]
    assert last.data == {"reason": "its rollback was cancelled", "promotion": back.id}


def test_a_hold_by_hand_outlives_a_rollback_that_never_began(road: Road) -> None:
    moved(road)
    hold(road)
    road.environment("dev", approvals=[{"rule": "one", "approvers": ["ann"]}])
    back = road.roll_back("dev")
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        cancel_promotion(tx, back.id, "it was the network")
    road.settle()
    found = held(road)
    assert found is not None
    assert found.promotion is None


def roll_back_to(road: Road, release: str) -> Promotion:
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        asked = request_rollback(
            tx, road.people["dan"], environment="dev", reason="slow", release=release
        )
    road.settle()
    return road.promotion(asked.id)


def cancel(road: Road, promotion: Promotion) -> None:
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        cancel_promotion(tx, promotion.id, "not needed any more")
    road.settle()


def twice_back(road: Road) -> tuple[Promotion, Promotion]:
    """Two ways back wait for somebody's word; the first one set the hold."""
    road.environment("dev")
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        assert road.deploy(road.promote(road.release(version), "dev")).state is State.DEPLOYED
    road.environment("dev", approvals=[{"rule": "one", "approvers": ["ann"]}])
    return road.roll_back("dev"), roll_back_to(road, "shop@1.0.0")


def test_what_another_rollback_holds_that_took_effect_stays_held(road: Road) -> None:
    first, second = twice_back(road)
    assert road.deploy(road.approve(second, "ann")).state is State.DEPLOYED
    cancel(road, first)
    assert held(road) is not None


def test_what_another_rollback_holds_that_failed_stays_held(road: Road) -> None:
    first, second = twice_back(road)
    road.approve(second, "ann")
    road.finish("host-a", OrderOutcome.FAILED)
    cancel(road, first)
    assert held(road) is not None


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["the first first", "the last first"])
def test_of_two_rollbacks_that_never_began_the_last_lets_go(
    road: Road, order: tuple[int, int]
) -> None:
    both = twice_back(road)
    cancel(road, both[order[0]])
    assert held(road) is not None, "the other one is under way"
    cancel(road, both[order[1]])
    assert held(road) is None


def test_a_rollback_of_before_the_hold_keeps_nothing_held(road: Road) -> None:
    """It took effect, and somebody moved the environment on since."""
    moved(road)
    road.deploy(road.roll_back("dev"))
    road.clock.go_on(minutes=1)
    road.deploy(road.promote(road.release("4.0.0"), "dev"))
    assert held(road) is None
    road.clock.go_on(minutes=1)
    road.environment("dev", approvals=[{"rule": "one", "approvers": ["ann"]}])
    again = road.roll_back("dev")
    assert held(road) is not None
    cancel(road, again)
    assert held(road) is None


def test_a_rollback_that_begins_after_somebody_moved_on_holds_again(road: Road) -> None:
    moved(road)
    road.environment("dev", approvals=[{"rule": "one", "approvers": ["ann"]}])
    back = road.roll_back("dev")
    forth = road.promote(road.release("4.0.0"), "dev")
    assert road.deploy(road.approve(forth, "ann")).state is State.DEPLOYED
    assert held(road) is None
    assert road.approve(back, "ann").state is State.DEPLOYING
    found = held(road)
    assert found is not None
    assert found.promotion == back.id
    assert road.deploy(back).state is State.DEPLOYED
    assert held(road) == found


def test_by_hand_it_is_held_once_and_let_go_once_each_with_a_reason(road: Road) -> None:
    road.environment("dev")
    for reason in ("", "  ", "x" * 1001):
        with pytest.raises(ImpossibleHold):
            hold(road, reason=reason)
    hold(road)
    with pytest.raises(ImpossibleHold, match="is held since"):
        hold(road)
    with pytest.raises(ImpossibleHold):
        resume(road, reason=" ")
    resume(road)
    with pytest.raises(NotHeld):
        resume(road)
    assert road.kinds("dev")[-2:] == ["EnvironmentHeld", "EnvironmentResumed"]


def test_what_was_asked_for_before_the_hold_does_not_end_it(road: Road) -> None:
    """Who asked did not know of it."""
    road.environment("dev", approvals=[{"rule": "one", "approvers": ["ann"]}])
    waiting = road.promote(road.release("2.0.0"), "dev")
    hold(road)
    road.deploy(road.approve(waiting, "ann"))
    assert held(road) is not None
