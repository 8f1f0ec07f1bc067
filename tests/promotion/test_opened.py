"""An environment takes by itself what its phase has become open for: once, as the gates allow."""

from datetime import timedelta
from typing import Any

import pytest

from fixtures.road import Road
from promotion.test_automatic import ONE, into
from promotion.test_automatic import gate as automatic
from promotion.test_hold import hold, resume
from promotion.test_lifecycles import bring, gate, lifecycle, phase, places, two_stages
from promotion.test_rules import proves
from promotion.test_soak import judge_due
from stella.environment.apply import apply_environment
from stella.environment.errors import MalformedDocument
from stella.environment.freeze import begin_freeze
from stella.promotion.lifecycle import State
from stella.promotion.request import request_rollback
from stella.release.model import Release

BY_PHASES: dict[str, Any] = {"promotions": {"automatic": {"phases": True}}}


def by_phases(road: Road, name: str = "prod") -> None:
    road.environment(name, **BY_PHASES)
    road.settle()


def released(road: Road, version: str, *environments: str, channel: str = "") -> Release:
    release = road.release(version, channel=channel)
    bring(road, release, *environments)
    return release


def test_enough_of_the_phase_before_is_enough_and_it_is_asked_for_once(road: Road) -> None:
    two_stages(road, atLeast=1)
    by_phases(road)
    release = released(road, "2.0.0", "dev")
    assert into(road) == []
    bring(road, release, "stage-us")
    (wanted,) = into(road)
    assert (wanted.release, wanted.state) == (release.id, State.DEPLOYING)
    assert wanted.reason == "shop 2.0.0 runs in stage-us"
    done = road.deploy(wanted)
    assert done.state is State.DEPLOYED
    assert gate(road, done)["summary"] == "prod of standard follows stage 1 of 1"
    proves(road, done)
    bring(road, release, "stage-eu")
    assert len(into(road)) == 1


def test_all_of_the_phase_before_are_waited_for(road: Road) -> None:
    two_stages(road)
    by_phases(road)
    release = released(road, "2.0.0", "dev", "stage-eu")
    assert into(road) == []
    bring(road, release, "stage-us")
    assert [one.state for one in into(road)] == [State.DEPLOYING]


def test_what_is_optional_is_not_waited_for(road: Road) -> None:
    places(road, "dev", "load", "prod")
    phases = (phase("dev"), phase("load", optional=True), phase("prod"))
    lifecycle(road, "standard", *phases, default=True)
    by_phases(road)
    released(road, "2.0.0", "dev")
    assert [one.state for one in into(road)] == [State.DEPLOYING]


def test_it_begins_when_it_has_soaked_in_enough_of_them(road: Road) -> None:
    two_stages(road, soak=24)
    by_phases(road)
    release = released(road, "2.0.0", "dev", "stage-eu")
    road.clock.go_on(hours=2)
    assert into(road) == []
    bring(road, release, "stage-us")
    (wanted,) = into(road)
    assert wanted.state is State.WAITING
    assert "soaks in stage-us until" in gate(road, wanted)["summary"]
    road.clock.go_on(hours=23)
    judge_due(road)
    assert into(road)[0].state is State.WAITING
    road.clock.go_on(hours=1)
    judge_due(road)
    done = road.deploy(into(road)[0])
    assert done.state is State.DEPLOYED
    proves(road, done)


def test_a_hold_and_a_freeze_stop_it(road: Road) -> None:
    two_stages(road, atLeast=1)
    by_phases(road)
    hold(road, "prod")
    released(road, "2.0.0", "dev", "stage-us")
    assert into(road) == []
    with road.database.transaction(actor="usr_op") as tx:
        begin_freeze(tx, "prod", ends_at=tx.now + timedelta(hours=1), reason="stocktaking")
    resume(road, "prod")
    (wanted,) = into(road)
    assert wanted.state is not State.DEPLOYING


def test_a_rule_or_a_lifecycle_that_comes_later_counts_for_what_runs(road: Road) -> None:
    two_stages(road)
    release = released(road, "2.0.0", "dev", "stage-eu")
    by_phases(road)
    assert into(road) == []
    stage = phase("stage", "stage-eu", "stage-us", atLeast=1)
    lifecycle(road, "standard", phase("dev"), stage, phase("prod"), default=True)
    assert [one.release for one in into(road)] == [release.id]


def test_only_the_newest_that_may_come_and_nothing_that_was_gone_back_from(road: Road) -> None:
    two_stages(road, atLeast=1)
    older = released(road, "2.0.0", "dev", "stage-eu", "stage-us")
    newer = released(road, "3.0.0", "dev", "stage-eu", "stage-us")
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        back = request_rollback(tx, road.people["dan"], environment="stage-us", reason="it fails")
    road.settle()
    road.deploy(back)
    by_phases(road)
    (wanted,) = into(road)
    assert wanted.release == older.id
    road.deploy(wanted)
    last = released(road, "4.0.0", "dev", "stage-us")
    assert newer.id not in {one.release for one in into(road)}
    assert into(road)[-1].release == last.id


def test_what_waits_is_blocked_once_where_it_came_from_went_back(road: Road) -> None:
    two_stages(road, atLeast=1)
    released(road, "2.0.0", "dev", "stage-us")
    road.environment("prod", **BY_PHASES, approvals=ONE)
    road.settle()
    released(road, "3.0.0", "dev", "stage-us")
    newer = into(road)[-1]
    assert newer.state is State.WAITING
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        back = request_rollback(tx, road.people["dan"], environment="stage-us", reason="it fails")
    road.settle()
    road.deploy(back)
    blocked = road.promotion(newer.id)
    assert blocked.state is State.BLOCKED
    assert "stage-us runs shop 2.0.0 now" in automatic(road, blocked)["summary"]
    proves(road, blocked)


def test_a_release_that_goes_another_way_is_not_asked_for(road: Road) -> None:
    two_stages(road, atLeast=1)
    lifecycle(road, "short", phase("dev"), phase("stage", "stage-us"), channels=["next"])
    by_phases(road)
    released(road, "2.0.0", "dev", "stage-us", channel="next")
    assert into(road) == []


@pytest.mark.parametrize("more", [{"pick": "upstream"}, {"from": "dev"}])
def test_by_phases_the_newest_is_taken_from_no_one_environment(
    road: Road, more: dict[str, str]
) -> None:
    road.environment("dev")
    rule = {"promotions": {"automatic": {"phases": True, **more}}}
    with (
        pytest.raises(MalformedDocument, match="by phases the newest"),
        road.database.transaction(actor="usr_op") as tx,
    ):
        apply_environment(tx, "prod", {"after": "dev", **rule}, road.plugins.brought())
