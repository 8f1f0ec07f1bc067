"""Approved in advance, begun inside its window or not at all."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.road import Road
from promotion.test_approvals import asked, hour
from promotion.test_freezes import freeze
from promotion.test_rules import proves
from promotion.test_soak import judge_due
from stella.promotion.errors import ImpossibleStart
from stella.promotion.gates.start_window import StartWindow, refuse_impossible, start_gates
from stella.promotion.lifecycle import State
from stella.promotion.model import GateState, StartInput
from stella.promotion.request import request_promotion
from stella.promotion.store import Promotion

START = datetime(2030, 1, 1, tzinfo=UTC)


def scheduled(road: Road, *, approvals: bool = False) -> Promotion:
    """To begin from eight until ten o'clock."""
    rules = [{"rule": "one", "approvers": ["ann"]}] if approvals else []
    road.environment("dev", approvals=rules)
    release = road.release("2.0.0")
    start = StartWindow(START + timedelta(hours=8), START + timedelta(hours=10))
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        made = request_promotion(
            tx, road.people["dan"], release=release.id, environment="dev", start=start
        )
    road.settle()
    return road.promotion(made.id)


def test_it_is_approved_in_advance_and_begins_by_itself(road: Road) -> None:
    wanted = scheduled(road, approvals=True)
    assert wanted.state is State.WAITING
    assert road.approve(wanted, "ann").state is State.SCHEDULED
    assert judge_due(road) == 0
    road.clock.go_on(hours=8)
    assert judge_due(road) == 1
    done = road.deploy(road.promotion(wanted.id))
    assert done.state is State.DEPLOYED
    proves(road, done)


def test_what_nobody_approved_before_its_window_ended_goes_nowhere(road: Road) -> None:
    wanted = scheduled(road, approvals=True)
    road.clock.go_on(hours=9)
    assert judge_due(road) == 1
    assert road.promotion(wanted.id).state is State.WAITING
    road.clock.go_on(hours=1)
    assert judge_due(road) == 1
    ended = road.promotion(wanted.id)
    assert ended.state is State.BLOCKED
    proves(road, ended)


def test_a_server_that_slept_through_the_window_begins_nothing_late(road: Road) -> None:
    wanted = scheduled(road)
    road.clock.go_on(hours=30)
    judge_due(road)
    assert road.promotion(wanted.id).state is State.BLOCKED


def test_a_freeze_that_came_meanwhile_holds_in_the_window_too(road: Road) -> None:
    wanted = scheduled(road)
    whole_day = {"from": "2030-01-01T00:00", "until": "2030-01-03T00:00", "recurrence": None}
    freeze(road, **whole_day)
    road.clock.go_on(hours=8)
    judge_due(road)
    assert road.promotion(wanted.id).state is State.BLOCKED


@given(st.none() | st.integers(0, 20), st.none() | st.integers(0, 20), st.integers(0, 20))
def test_it_begins_only_inside_and_each_wait_ends(
    begin: int | None, end: int | None, now: int
) -> None:
    start = StartInput(None if begin is None else hour(begin), None if end is None else hour(end))
    decision = msgspec.structs.replace(asked([], [], now), start=start)
    (gate,) = start_gates(decision)
    is_inside = (begin is None or begin <= now) and (end is None or now < end)
    assert (gate.state is GateState.PASS) == is_inside
    if gate.state is GateState.WAITING:
        assert isinstance(gate.due, str)
        (later,) = start_gates(msgspec.structs.replace(decision, now=gate.due))
        assert later.state is not GateState.WAITING


@pytest.mark.parametrize(
    "start",
    [
        StartWindow(None, START),
        StartWindow(START + timedelta(hours=2), START + timedelta(hours=2)),
        StartWindow(START + timedelta(days=91), None),
        StartWindow(None, START - timedelta(days=1)),
    ],
)
def test_a_window_in_which_nothing_can_begin_is_refused(start: StartWindow) -> None:
    with pytest.raises(ImpossibleStart):
        refuse_impossible(start, START)
