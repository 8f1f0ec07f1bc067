"""A request that has not begun in time ends by itself, and proves that it did."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fixtures.road import Road
from promotion.test_rules import proves
from promotion.test_soak import judge_due
from stella.environment.errors import MalformedDocument
from stella.finding.scan import request_scan
from stella.promotion.errors import ImpossibleExpiry, NotAwaitingApproval
from stella.promotion.gates.start_window import ANY_TIME, StartWindow
from stella.promotion.lifecycle import State
from stella.promotion.request import request_promotion
from stella.promotion.store import Promotion, insert_promotion

START = datetime(2030, 1, 1, tzinfo=UTC)
ONE = [{"rule": "one", "approvers": ["ann"]}]


def asked(
    road: Road, hours: float | None = None, start: StartWindow = ANY_TIME, version: str = "2.0.0"
) -> Promotion:
    """Asked for in dev, to expire after so many hours; None: as dev has it."""
    release = road.release("2.0.0")
    expires_at = None if hours is None else road.clock() + timedelta(hours=hours)
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        made = request_promotion(
            tx,
            road.people["dan"],
            release=release.id,
            environment="dev",
            start=start,
            expires_at=expires_at,
        )
    road.settle()
    return road.promotion(made.id)


def test_what_nobody_approved_in_time_expires_with_its_proof(road: Road) -> None:
    road.environment("dev", approvals=ONE)
    waiting = asked(road, 8)
    road.clock.go_on(hours=7)
    assert judge_due(road) == 0
    road.clock.go_on(hours=1)
    assert judge_due(road) == 1
    ended = road.promotion(waiting.id)
    assert (ended.state, ended.due_at) == (State.EXPIRED, None)
    (fact,) = [one for one in road.facts(ended.id) if one.kind == "PromotionExpired"]
    assert fact.data["message"] == "it was waiting when its time was over"
    proves(road, ended)
    with pytest.raises(NotAwaitingApproval):
        road.approve(ended, "ann")


def test_an_approval_that_comes_too_late_begins_nothing(road: Road) -> None:
    """No sweep has been by: the judging itself sees that its time is over."""
    road.environment("dev", approvals=ONE)
    waiting = asked(road, 1)
    road.clock.go_on(hours=1)
    assert road.approve(waiting, "ann").state is State.EXPIRED


def test_an_environment_says_for_how_long_a_request_stands(road: Road) -> None:
    road.environment("dev", approvals=ONE, promotions={"expiresAfter": 72})
    assert (asked(road).expires_at or "").startswith("2030-01-04T00:00:00")
    road.environment("test", approvals=ONE)
    assert road.promote(road.release("3.0.0"), "test").expires_at is None


def test_how_long_a_request_stands_is_no_part_of_the_plan(road: Road) -> None:
    road.environment("dev", approvals=ONE)
    waiting = asked(road)
    road.environment("dev", approvals=ONE, promotions={"expiresAfter": 72})
    assert road.approve(waiting, "ann").state is State.DEPLOYING


def test_the_hours_count_from_the_moment_at_which_it_may_begin(road: Road) -> None:
    road.environment("dev", promotions={"expiresAfter": 2})
    waiting = asked(road, start=StartWindow(START + timedelta(hours=8)))
    assert waiting.state is State.SCHEDULED
    assert (waiting.expires_at or "").startswith("2030-01-01T10:00:00")
    road.clock.go_on(hours=8)
    judge_due(road)
    assert road.promotion(waiting.id).state is State.DEPLOYING


def test_what_waits_for_a_scan_that_never_ends_expires_too(road: Road) -> None:
    road.environment("dev")
    release = road.release("2.0.0")
    with road.database.transaction(actor="usr_1") as tx:
        tx.handled = frozenset()  # the scanner is away
        request_scan(tx, release.components[0].pinned, "again")
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        made = request_promotion(
            tx,
            road.people["dan"],
            release=release.id,
            environment="dev",
            expires_at=tx.now + timedelta(hours=1),
        )
    road.settle()
    assert road.promotion(made.id).state is State.EVALUATING
    road.clock.go_on(hours=1)
    assert judge_due(road) == 1
    assert road.promotion(made.id).state is State.EXPIRED


def test_what_has_begun_does_not_expire(road: Road) -> None:
    road.environment("dev")
    running = asked(road, 1)
    road.clock.go_on(minutes=5)
    assert running.state is State.DEPLOYING
    assert running.due_at is None
    road.clock.go_on(minutes=4)
    assert road.deploy(running).state is State.DEPLOYED


def test_more_than_one_batch_that_is_due_ends_at_once(road: Road) -> None:
    """A hundred at a time are read; whatever is due is gone after one look."""
    road.environment("dev", approvals=ONE)
    waiting = asked(road, 1)
    with road.database.transaction(actor="x") as tx:
        for _ in range(120):
            insert_promotion(tx, replace(waiting, id=tx.new_id("prm")))
    road.clock.go_on(hours=1)
    assert judge_due(road) == 121
    assert judge_due(road) == 0


@pytest.mark.parametrize("hours", [0, -1, 24 * 367])
def test_a_time_at_which_nothing_can_expire_is_refused(road: Road, hours: int) -> None:
    road.environment("dev")
    with pytest.raises(ImpossibleExpiry):
        asked(road, hours)


def test_it_cannot_expire_before_it_may_begin(road: Road) -> None:
    road.environment("dev")
    with pytest.raises(ImpossibleExpiry):
        asked(road, 1, StartWindow(START + timedelta(hours=2)))


@pytest.mark.parametrize(
    ("promotions", "why"),
    [
        ({"expiresAfter": 0}, "from 1 to"),
        ({"expiresAfter": 9000}, "from 1 to"),
        ({"expiresAfter": True}, "expiresAfter"),
        ({"expires": 3}, "expires"),
    ],
)
def test_rules_that_cannot_be_are_refused(
    road: Road, promotions: dict[str, object], why: str
) -> None:
    with pytest.raises(MalformedDocument, match=why):
        road.environment("dev", promotions=promotions)
