"""Environments with an end: nothing is let in after it, people are told, and the server ends them."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.test_take_down import begin, foreseen, now, removing
from app.test_take_down import proves as proves_take_down
from app.test_take_down_places import put
from fixtures.road import Road
from promotion.test_break_glass import BOTH, agree, ask
from promotion.test_lifecycles import lifecycle, phase
from promotion.test_rules import packet_of, proves
from promotion.test_soak import judge_due
from stella.app.over import end_what_is_over, environments_have_ended
from stella.deployment.take_down.store import TakeDown, list_take_downs
from stella.environment.errors import MalformedDocument
from stella.environment.freeze import begin_freeze
from stella.environment.lifecycles.store import delete_lifecycle
from stella.environment.store import environment as environment_table
from stella.environment.store import list_environments, list_targets
from stella.evidence import verify_packet
from stella.kernel import Digest, Outcome, time_text
from stella.plugin.order import OrderOutcome
from stella.promotion.lifecycle import State
from stella.promotion.store import list_promotions


def end_of(road: Road, **span: float) -> str:
    return time_text(road.clock() + timedelta(**span))


def sweep(road: Road) -> int:
    done = end_what_is_over(road.database, removing(road), lambda: False)
    road.settle()
    return done


def there(road: Road) -> list[str]:
    with road.database.read() as tx:
        return [one.name for one in list_environments(tx)]


def told(road: Road, name: str) -> list[str]:
    kinds = {"EnvironmentEnding", "EnvironmentOver", "EnvironmentDeleted"}
    return [one.kind for one in road.facts(name) if one.kind in kinds]


def test_what_nothing_uses_is_ended_by_the_server_and_people_are_told_before(road: Road) -> None:
    end = end_of(road, hours=48)
    road.environment("review", endsAt=end)
    assert sweep(road) == 0
    assert told(road, "review") == []
    road.clock.go_on(hours=24)
    assert (sweep(road), sweep(road)) == (0, 0)
    assert told(road, "review") == ["EnvironmentEnding"]
    road.clock.go_on(hours=24)
    assert (sweep(road), sweep(road)) == (1, 0)
    assert there(road) == []
    with road.database.read() as tx:
        assert list_targets(tx) == ()
    assert told(road, "review") == ["EnvironmentEnding", "EnvironmentDeleted"]
    (gone,) = [one for one in road.facts("review") if one.kind == "EnvironmentDeleted"]
    assert (gone.actor, gone.data["ends_at"]) == ("system", end)


def test_after_its_end_nothing_is_let_in_and_a_wait_ends_with_it(road: Road) -> None:
    end = end_of(road, hours=1)
    road.environment("review", endsAt=end, approvals=[{"rule": "one", "approvers": ["approver"]}])
    release = road.release("2.0.0")
    waiting = road.promote(release, "review")
    assert (waiting.state, waiting.due_at) == (State.WAITING, end)
    road.clock.go_on(hours=1)
    assert judge_due(road) == 1
    blocked = road.promotion(waiting.id)
    assert blocked.state is State.BLOCKED
    record = json.loads(road.work.blobs.get(Digest(blocked.record or "")))
    assert record["gates"][0]["name"] == "end"
    assert f"over since {end}" in record["gates"][0]["summary"]
    proves(road, blocked)
    assert road.promote(road.release("3.0.0"), "review").state is State.BLOCKED


def test_no_two_people_let_anything_through_an_end(road: Road) -> None:
    road.environment("dev", endsAt=end_of(road, hours=1), breakGlass=BOTH)
    road.clock.go_on(hours=1)
    blocked = road.promote(road.release("2.0.0"), "dev")
    assert blocked.state is State.BLOCKED
    ask(road, blocked)
    agree(road, blocked)
    assert road.promotion(blocked.id).state is State.BLOCKED


def taken_down(road: Road, name: str) -> TakeDown:
    with road.database.read() as tx:
        return list_take_downs(tx, name)[0]


def test_what_runs_there_is_taken_down_first_and_then_it_ends(road: Road) -> None:
    end = end_of(road, hours=1)
    road.environment("review", endsAt=end)
    assert road.deploy(road.promote(road.release("2.0.0"), "review")).state is State.DEPLOYED
    assert environments_have_ended(road.database)[0].outcome is Outcome.PASS
    road.clock.go_on(hours=2)
    assert (sweep(road), sweep(road)) == (0, 0)
    begun = taken_down(road, "review")
    assert (begun.requested_by.id, begun.ends_at) == ("system", end)
    (started,) = [one for one in road.facts(begun.id) if one.kind == "TakeDownStarted"]
    assert (started.actor, started.data["ends_at"]) == ("system", end)
    road.finish("host-a")
    road.finish("host-b")
    assert sweep(road) == 1
    assert there(road) == []
    assert told(road, "review") == ["EnvironmentDeleted"]
    proves_take_down(road, now(road, begun))


def test_what_cannot_be_taken_down_keeps_it_and_people_and_the_doctor_say_so(road: Road) -> None:
    road.environment("review", endsAt=end_of(road, hours=1))
    assert road.deploy(road.promote(road.release("2.0.0"), "review")).state is State.DEPLOYED
    road.clock.go_on(hours=2)
    sweep(road)
    road.finish("host-a", OrderOutcome.FAILED, "it does not stop")
    road.finish("host-b")
    begun = taken_down(road, "review")
    assert (sweep(road), sweep(road)) == (0, 0)
    assert taken_down(road, "review") == now(road, begun), "it tries once by itself"
    assert told(road, "review") == ["EnvironmentOver"]
    (over,) = [one for one in road.facts("review") if one.kind == "EnvironmentOver"]
    assert over.data["reasons"][0] == f"the take-down {begun.id} failed"
    assert "shop 2.0.0 runs there" in json.dumps(over.data["reasons"])
    (seen,) = environments_have_ended(road.database)
    assert (seen.outcome, seen.about) == (Outcome.BLOCKED, "review")
    assert "shop 2.0.0 runs there" in seen.detail
    assert [one.target for one in foreseen(road, "review").plan.targets] == ["review-a"]
    begin(road, "review")
    road.finish("host-a")
    assert sweep(road) == 1


def test_it_ends_only_when_every_place_that_a_target_stood_for_is_empty(road: Road) -> None:
    road.environment("review", endsAt=end_of(road, hours=1))
    assert road.deploy(road.promote(road.release("2.0.0"), "review")).state is State.DEPLOYED
    put(road, "review-a", "review", agent="host-b", project="moved")
    road.promote(road.release("3.0.0"), "review")
    road.finish("host-b")
    road.finish("host-b")
    road.clock.go_on(hours=2)
    assert sweep(road) == 0
    for host in ("host-b", "host-a", "host-b"):
        assert sweep(road) == 0
        road.finish(host)
    assert sweep(road) == 1
    assert there(road) == []


def test_an_end_takes_nothing_away_that_is_another_environments_by_now(road: Road) -> None:
    road.environment("review", endsAt=end_of(road, hours=1))
    assert road.deploy(road.promote(road.release("2.0.0"), "review")).state is State.DEPLOYED
    road.environment("prod")
    put(road, "review-a", "prod", project="shop-review")
    road.clock.go_on(hours=2)
    assert sweep(road) == 0
    (over,) = [one for one in road.facts("review") if one.kind == "EnvironmentOver"]
    assert "shop-review on host-a is the target review-a of prod" in over.data["reasons"][0]
    assert there(road) == ["prod", "review"]
    assert road.take("host-a") is None


def test_an_end_takes_down_neither_in_a_freeze_nor_past_approvals(road: Road) -> None:
    road.environment("review", endsAt=end_of(road, hours=2))
    assert road.deploy(road.promote(road.release("2.0.0"), "review")).state is State.DEPLOYED
    with road.database.transaction(actor="usr_op") as tx:
        begin_freeze(tx, "review", ends_at=road.clock() + timedelta(hours=4), reason="the fair")
    road.clock.go_on(hours=3)
    assert sweep(road) == 0
    (over,) = [one for one in road.facts("review") if one.kind == "EnvironmentOver"]
    assert "it is frozen until" in over.data["reasons"][0]
    road.clock.go_on(hours=3)
    rules = {"approvals": [{"rule": "one", "approvers": ["approver"]}]}
    road.environment("review", endsAt=end_of(road, hours=-1), **rules)
    assert sweep(road) == 0
    over = [one for one in road.facts("review") if one.kind == "EnvironmentOver"][-1]
    assert "needs approval (one)" in over.data["reasons"][0]
    with road.database.read() as tx:
        assert list_take_downs(tx) == ()
    road.environment("review", endsAt=end_of(road, hours=-2))
    sweep(road)
    road.finish("host-a")
    road.finish("host-b")
    assert sweep(road) == 1


def test_an_end_that_is_moved_on_lets_in_again_and_voids_no_approval(road: Road) -> None:
    rules = {"approvals": [{"rule": "two", "approvers": ["approver"], "count": 2}]}
    road.environment("review", endsAt=end_of(road, hours=30), **rules)
    waiting = road.approve(road.promote(road.release("2.0.0"), "review"), "ann")
    road.clock.go_on(hours=10)
    sweep(road)
    road.environment("review", endsAt=end_of(road, hours=40), **rules)
    road.clock.go_on(hours=25)
    judge_due(road)
    assert road.promotion(waiting.id).state is State.WAITING
    done = road.deploy(road.approve(road.promotion(waiting.id), "bob"))
    assert done.state is State.DEPLOYED
    proves(road, done)
    sweep(road)
    assert told(road, "review") == ["EnvironmentEnding", "EnvironmentEnding"]


def test_a_document_that_names_it_keeps_it(road: Road) -> None:
    road.environment("review", endsAt=end_of(road, hours=1))
    lifecycle(road, "standard", phase("review"))
    road.clock.go_on(hours=1)
    assert sweep(road) == 0
    (over,) = [one for one in road.facts("review") if one.kind == "EnvironmentOver"]
    assert over.data["reasons"] == ["Lifecycle standard names it"]
    with road.database.transaction(actor="usr_op") as tx:
        delete_lifecycle(tx, "standard")
    assert sweep(road) == 1


@pytest.mark.parametrize("text", ["tomorrow", "2030-01-01", "2030-01-01T00:00:00"])
def test_an_end_without_a_zone_is_refused(road: Road, text: str) -> None:
    with pytest.raises(MalformedDocument, match="endsAt is a time like"):
        road.environment("review", endsAt=text)


def test_an_end_in_the_row_that_nobody_applied_is_found_out(road: Road) -> None:
    road.environment("review", endsAt=end_of(road, hours=1))
    with road.database.transaction(actor="x") as tx:
        (row,) = tx.rows(select(environment_table))
        spec = {**json.loads(row["spec"]), "endsAt": end_of(road, hours=9000)}
        tx.connection.execute(environment_table.update(), {"spec": json.dumps(spec)})
    road.clock.go_on(hours=2)
    done = road.deploy(road.promote(road.release("2.0.0"), "review"))
    assert done.state is State.DEPLOYED
    found = verify_packet(packet_of(road, done.id), road.work.proving.root)
    (bad,) = [one for one in found.checks if not one.good]
    assert (bad.name, "its end" in bad.detail) == ("relied on", True)


@pytest.mark.parametrize("hours", [-1, 1])
def test_an_end_that_comes_nearer_ends_what_waits_already(road: Road, hours: int) -> None:
    rules = {"approvals": [{"rule": "one", "approvers": ["approver"]}]}
    road.environment("review", **rules)
    waiting = road.promote(road.release("2.0.0"), "review")
    assert (waiting.state, waiting.due_at) == (State.WAITING, None)
    road.environment("review", endsAt=end_of(road, hours=hours), **rules)
    road.settle()
    road.clock.go_on(hours=2)
    judge_due(road)
    assert road.promotion(waiting.id).state is State.BLOCKED
    assert sweep(road) == 1
    assert there(road) == []


def test_people_are_not_told_of_what_is_only_to_be_judged_yet(road: Road) -> None:
    rules = {"approvals": [{"rule": "one", "approvers": ["approver"]}]}
    road.environment("review", endsAt=end_of(road, hours=1), **rules)
    waiting = road.promote(road.release("2.0.0"), "review")
    road.clock.go_on(hours=1)
    assert sweep(road) == 0
    assert "EnvironmentOver" not in told(road, "review")
    judge_due(road)
    assert road.promotion(waiting.id).state is State.BLOCKED
    assert sweep(road) == 1
    assert told(road, "review") == ["EnvironmentDeleted"]


def test_nothing_is_asked_for_by_itself_where_the_end_has_come(road: Road) -> None:
    road.environment("dev")
    road.environment(
        "review", "dev", endsAt=end_of(road, hours=1), promotions={"automatic": {"pick": "newest"}}
    )
    first = road.release("2.0.0")
    assert road.deploy(road.promote(first, "dev")).state is State.DEPLOYED
    with road.database.read() as tx:
        assert len(list_promotions(tx, environment="review")) == 1
    road.clock.go_on(hours=2)
    assert road.deploy(road.promote(road.release("3.0.0"), "dev")).state is State.DEPLOYED
    with road.database.read() as tx:
        assert len(list_promotions(tx, environment="review")) == 1
