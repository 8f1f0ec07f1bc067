"""One request for several environments, and one word for several promotions that are alike."""

from datetime import timedelta

import pytest

from fixtures.road import Road
from promotion.test_rules import proves
from stella.environment.errors import UnknownEnvironment
from stella.promotion.approval.absence import begin_absence
from stella.promotion.approval.approve import cancel_promotion
from stella.promotion.approval.approve_alike import alike_for, approve_alike
from stella.promotion.errors import (
    AlreadyApproved,
    AlreadyRequested,
    ImpossibleSet,
    NotAlike,
    OwnRequest,
    PlanHasChanged,
)
from stella.promotion.lifecycle import State
from stella.promotion.request import request_several
from stella.promotion.store import Promotion, list_approvals, list_promotions
from stella.release.model import Release

ONE = [{"rule": "one", "approvers": ["ann"]}]
TWO = [{"rule": "two", "approvers": ["ann"]}]


def ask(road: Road, release: Release, *environments: str) -> list[Promotion]:
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        made = request_several(
            tx, road.people["dan"], release=release.id, environments=environments
        )
    road.settle()
    return [road.promotion(one.id) for one in made]


def say_yes(road: Road, *promotions: Promotion, by: str = "ann", plan: str | None = None) -> None:
    with road.database.transaction(actor=road.people[by].id) as tx:
        approve_alike(
            tx,
            road.people[by],
            {one.id: plan or one.plan_digest or "" for one in promotions},
            comment="all of them look right",
            blobs=road.work.blobs,
            signer=road.work.evidence_signer,
        )
    road.settle()


def approvals(road: Road, promotion: Promotion) -> int:
    with road.database.read() as tx:
        return len(list_approvals(tx, promotion.id))


def state(road: Road, promotion: Promotion) -> State:
    return road.promotion(promotion.id).state


def test_one_request_is_a_promotion_in_each_environment(road: Road) -> None:
    for name in ("west", "east"):
        road.environment(name)
    made = ask(road, road.release("2.0.0"), "west", "east")
    assert [(one.environment, one.state) for one in made] == [
        ("east", State.DEPLOYING),
        ("west", State.DEPLOYING),
    ]


def test_it_is_asked_for_in_all_of_them_or_in_none(road: Road) -> None:
    road.environment("west")
    road.environment("east", approvals=ONE)
    release = road.release("2.0.0")
    (there,) = ask(road, release, "east")
    for names, refusal in (
        (("west", "east"), AlreadyRequested),
        (("west", "moon"), UnknownEnvironment),
        (("west", "west"), ImpossibleSet),
        ((), ImpossibleSet),
        (tuple(f"e{number}" for number in range(51)), ImpossibleSet),
    ):
        with pytest.raises(refusal):
            ask(road, release, *names)
    with road.database.read() as tx:
        assert [one.id for one in list_promotions(tx)] == [there.id]


def test_in_environments_after_each_other_it_goes_from_one_to_the_next(road: Road) -> None:
    road.environment("dev")
    road.environment("stage", "dev")
    road.environment("prod", "stage")
    dev, stage, prod = ask(road, road.release("2.0.0"), "prod", "dev", "stage")
    assert [one.environment for one in (dev, stage, prod)] == ["dev", "stage", "prod"]
    assert [one.state for one in (dev, stage, prod)] == [
        State.DEPLOYING,
        State.WAITING,
        State.WAITING,
    ]
    assert road.deploy(dev).state is State.DEPLOYED
    assert road.deploy(stage).state is State.DEPLOYED
    done = road.deploy(prod)
    assert done.state is State.DEPLOYED
    proves(road, done)


def test_what_ends_on_the_way_ends_what_waits_to_follow(road: Road) -> None:
    road.environment("dev", approvals=ONE)
    road.environment("stage", "dev")
    road.environment("prod", "stage")
    dev, stage, prod = ask(road, road.release("2.0.0"), "dev", "stage", "prod")
    with road.database.transaction(actor="x") as tx:
        cancel_promotion(tx, dev.id, "not this one")
    road.settle()
    assert (state(road, stage), state(road, prod)) == (State.BLOCKED, State.BLOCKED)
    proves(road, road.promotion(prod.id))


def groups(road: Road, by: str = "ann") -> list[tuple[list[str], tuple[str, ...], str]]:
    with road.database.read() as tx:
        found = alike_for(tx, road.work.blobs, road.people[by])
    return [([one.id for one in each.promotions], each.rules, each.apart) for each in found]


def test_what_waits_for_somebody_is_told_like_with_like(road: Road) -> None:
    for name, rule in (("west", ONE), ("east", ONE), ("moon", TWO)):
        road.environment(name, approvals=rule)
    east, moon, west = ask(road, road.release("2.0.0"), "west", "east", "moon")
    (other,) = ask(road, road.release("3.0.0"), "west")
    told = groups(road)
    assert {(frozenset(ids), rules) for ids, rules, _ in told} == {
        (frozenset({west.id, east.id}), ("one",)),
        (frozenset({moon.id}), ("two",)),
        (frozenset({other.id}), ("one",)),
    }
    assert told[-1][0] == [other.id]
    assert [apart for _, _, apart in told][::2] == ["", "other images"]
    assert told[1][2] == f"asked for by {told[1][1][0]}"
    assert groups(road, "dan") == []
    for together, _, _ in groups(road):
        say_yes(road, *(road.promotion(one) for one in together))
    assert groups(road) == []


def test_a_word_in_anothers_place_is_told_as_such(road: Road) -> None:
    road.environment("west", approvals=ONE)
    (west,) = ask(road, road.release("2.0.0"), "west")
    assert groups(road, "bob") == []
    with road.database.transaction(actor="usr_op") as tx:
        ends = tx.now + timedelta(days=1)
        begin_absence(tx, road.people["ann"], stand_in=road.people["bob"].id, ends_at=ends)
    with road.database.read() as tx:
        (found,) = alike_for(tx, road.work.blobs, road.people["bob"])
    assert ([one.id for one in found.promotions], found.stands_for) == ([west.id], "ann")


def test_one_word_approves_what_is_alike_each_by_its_own_plan(road: Road) -> None:
    for name in ("west", "east"):
        road.environment(name, approvals=ONE)
    made = ask(road, road.release("2.0.0"), "west", "east")
    assert made[0].plan_digest != made[1].plan_digest
    say_yes(road, *made)
    for one in made:
        assert state(road, one) is State.DEPLOYING
        with road.database.read() as tx:
            (given,) = list_approvals(tx, one.id)
        assert given.plan_digest == one.plan_digest


def test_what_is_not_alike_is_named_and_nothing_is_approved(road: Road) -> None:
    road.environment("west", approvals=ONE)
    road.environment("east", approvals=ONE)
    road.environment("north", approvals=TWO)
    west, north = ask(road, road.release("2.0.0"), "west", "north")
    assert (west.environment, north.environment) == ("north", "west")
    (east,) = ask(road, road.release("3.0.0"), "east")
    with pytest.raises(NotAlike) as refusal:
        say_yes(road, west, north, east)
    assert refusal.value.facts["like"] == west.id
    assert refusal.value.facts["unlike"] == [north.id, east.id]
    assert f"{north.id}: asked for by one" in str(refusal.value)
    assert f"{east.id}: other images" in str(refusal.value)
    assert [approvals(road, one) for one in (west, north, east)] == [0, 0, 0]


def test_a_way_back_is_not_like_a_way_forth(road: Road) -> None:
    for name in ("east", "west"):
        road.environment(name)
    old, new = road.release("2.0.0"), road.release("3.0.0")
    for release in (old, new):
        road.deploy(road.promote(release, "west"))
    for name in ("east", "west"):
        road.environment(name, approvals=ONE)
    back, forth = road.roll_back("west"), road.promote(old, "east")
    with pytest.raises(NotAlike, match="one goes forth, one back"):
        say_yes(road, back, forth)


def test_the_refusal_of_one_is_the_refusal_of_all(road: Road) -> None:
    for name in ("west", "east"):
        road.environment(name, approvals=[{"rule": "one", "approvers": ["ann", "dan"]}])
    made = ask(road, road.release("2.0.0"), "west", "east")
    with pytest.raises(OwnRequest):
        say_yes(road, *made, by="dan")
    with pytest.raises(PlanHasChanged):
        say_yes(road, *made, plan="sha256:" + "0" * 64)
    with pytest.raises(NotAlike):
        say_yes(road)
    assert [approvals(road, one) for one in made] == [0, 0]


def test_who_has_said_yes_to_one_of_them_approves_the_rest_alone(road: Road) -> None:
    both = [{"rule": "one", "approvers": ["approver"], "count": 2}]
    for name in ("west", "east"):
        road.environment(name, approvals=both)
    made = ask(road, road.release("2.0.0"), "west", "east")
    road.approve(made[0], "ann")
    with pytest.raises(AlreadyApproved):
        say_yes(road, *[road.promotion(one.id) for one in made])
    say_yes(road, made[1])
    say_yes(road, *made, by="bob")
    assert [state(road, one) for one in made] == [State.DEPLOYING, State.DEPLOYING]
