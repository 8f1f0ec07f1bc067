"""A take-down goes by place: the agent, the connector and the project that something was begun with."""

import pytest

from app.test_take_down import begin, deployed, foreseen, now, proves, uses
from fixtures.road import Road, spec
from stella.deployment.errors import PlaceOfAnother
from stella.deployment.in_use import target_held
from stella.deployment.lifecycle import TakeDownState
from stella.deployment.store import current_deployment, list_target_deployments
from stella.deployment.take_down.begun import begun_in
from stella.deployment.take_down.store import list_take_downs
from stella.environment.apply import Held, apply_environment, apply_target, nothing_held
from stella.environment.emptied import list_emptied
from stella.environment.errors import TargetHeld
from stella.environment.store import list_targets
from stella.plugin.order import OrderOutcome
from stella.promotion.known.soaked import runs_in
from stella.promotion.lifecycle import State


def put(
    road: Road,
    name: str,
    environment: str = "dev",
    *,
    agent: str = "host-a",
    project: str = "shop-dev",
    component: str = "web",
    held: Held = nothing_held,
) -> None:
    """Apply the target so. Without ``held`` as it could be done before targets were kept in place."""
    with road.database.transaction(actor="usr_op") as tx:
        document = {
            "environment": environment,
            "connector": "docker",
            "agent": agent,
            "project": project,
            "components": [component],
        }
        apply_target(tx, name, document, road.plugins.brought(), held)


def places(road: Road, environment: str) -> list[tuple[str, str, str | None]]:
    with road.database.read() as tx:
        return [(one.target, one.agent, one.project) for one in begun_in(tx, environment)]


def prod_without_targets(road: Road) -> None:
    with road.database.transaction(actor="usr_op") as tx:
        apply_environment(tx, "prod", spec("prod"), road.plugins.brought())


def is_refused(road: Road, why: str) -> None:
    """The take-down of dev, with nothing touched."""
    assert any(why in one for one in foreseen(road, "dev").against)
    with pytest.raises(PlaceOfAnother, match=why):
        begin(road, "dev")
    assert road.take("host-a") is None
    with road.database.read() as tx:
        assert list_take_downs(tx) == ()


def test_what_another_environment_began_there_since_is_not_taken_away(road: Road) -> None:
    deployed(road)
    prod_without_targets(road)
    put(road, "dev-a", "prod")
    put(road, "dev-b", "prod", agent="host-b", component="worker")
    assert road.deploy(road.promote(road.release("3.0.0"), "prod")).state is State.DEPLOYED
    put(road, "dev-a", "prod", project="elsewhere")
    is_refused(road, "of prod began in shop-dev on host-a")
    with road.database.read() as tx:
        assert current_deployment(tx, "prod") is not None
    begin(road, "prod")
    road.finish("host-a")
    road.finish("host-b")
    assert places(road, "dev") == []


def test_what_is_another_environments_target_by_now_is_not_taken_away(road: Road) -> None:
    deployed(road)
    prod_without_targets(road)
    put(road, "dev-a", project="elsewhere")
    put(road, "prod-a", "prod")
    is_refused(road, "shop-dev on host-a is the target prod-a of prod")


@pytest.mark.parametrize(
    "change",
    [
        {"environment": "prod"},
        {"agent": "host-b", "project": "other"},
        {"project": "other"},
    ],
)
def test_a_target_is_not_moved_while_something_runs_there(
    road: Road, change: dict[str, str]
) -> None:
    deployed(road)
    prod_without_targets(road)
    with road.database.read() as tx:
        before = list_targets(tx)
    with pytest.raises(TargetHeld, match=r"dev-a.*began something there") as refused:
        put(road, "dev-a", held=target_held, **change)  # type: ignore[arg-type]
    assert refused.value.remedy.command == "stella environment take-down dev --reason WHY"
    with road.database.read() as tx:
        assert list_targets(tx) == before
    put(road, "dev-a", component="worker", held=target_held)  # what it is given may change
    begin(road, "dev")
    road.finish("host-a")
    road.finish("host-b")
    put(road, "dev-a", held=target_held, **change)  # type: ignore[arg-type]


def test_no_target_is_made_where_another_environment_began_something(road: Road) -> None:
    deployed(road)
    prod_without_targets(road)
    put(road, "dev-a", project="elsewhere")
    with pytest.raises(TargetHeld, match="of dev began in shop-dev on host-a"):
        put(road, "prod-a", "prod", held=target_held)


def test_every_place_that_a_target_stood_for_is_taken_away(road: Road) -> None:
    deployed(road)
    put(road, "dev-a", project="shop-new")
    assert road.deploy(road.promote(road.release("3.0.0"), "dev")).state is State.DEPLOYED
    plan = foreseen(road, "dev").plan
    assert [(one.target, one.agent, one.project) for one in plan.targets] == [
        ("dev-a", "host-a", "shop-new"),
        ("dev-a.2", "host-a", "shop-dev"),
        ("dev-b", "host-b", "shop-dev"),
    ]
    begun = begin(road, "dev")
    road.finish("host-a")
    assert places(road, "dev") == [("dev-a", "host-a", "shop-dev"), ("dev-b", "host-b", "shop-dev")]
    assert uses(road, "dev", "dev-a") != []
    road.finish("host-a", OrderOutcome.FAILED, "it does not stop")
    road.finish("host-b")
    assert now(road, begun).state is TakeDownState.FAILED
    proves(road, now(road, begun))
    with road.database.read() as tx:
        assert list_emptied(tx, "dev") == ()
        assert len(list_target_deployments(tx, begun.id)) == 3
    assert places(road, "dev") == [("dev-a", "host-a", "shop-dev")]
    again = begin(road, "dev")
    road.finish("host-a")
    assert now(road, again).state is TakeDownState.SUCCEEDED
    proves(road, now(road, again))
    assert (places(road, "dev"), uses(road, "dev", "dev-a")) == ([], [])


def test_the_host_that_a_target_left_is_emptied_too(road: Road) -> None:
    deployed(road)
    put(road, "dev-a", agent="host-b", project="shop-a")
    going = road.promote(road.release("3.0.0"), "dev")
    road.finish("host-b")
    road.finish("host-b")
    assert road.promotion(going.id).state is State.DEPLOYED
    begun = begin(road, "dev")
    for host in ("host-b", "host-a", "host-b"):
        assert places(road, "dev") != []
        road.finish(host)
    assert now(road, begun).state is TakeDownState.SUCCEEDED
    assert (places(road, "dev"), uses(road, "dev", "dev-a")) == ([], [])


def test_an_environment_whose_targets_left_is_in_use_while_something_of_it_runs(road: Road) -> None:
    road.environment("dev")
    road.promote(road.release("2.0.0"), "dev")
    road.finish("host-a")
    road.finish("host-b", OrderOutcome.FAILED)
    prod_without_targets(road)
    put(road, "dev-a", "prod", project="elsewhere")
    put(road, "dev-b", "prod", agent="host-b", project="elsewhere", component="worker")
    assert any("in shop-dev on host-a" in one for one in uses(road, "dev", "none"))
    begin(road, "dev")
    road.finish("host-a")
    road.finish("host-b")
    assert uses(road, "dev", "none") == []


@pytest.mark.parametrize("outcome", [OrderOutcome.FAILED, OrderOutcome.SUCCEEDED])
def test_soak_time_ends_where_a_take_down_begins_however_it_ends(
    road: Road, outcome: OrderOutcome
) -> None:
    deployed(road)
    road.clock.go_on(hours=1)
    begun = begin(road, "dev")
    road.finish("host-a")
    road.clock.go_on(minutes=5)
    road.finish("host-b", outcome, "no engine")
    road.clock.go_on(hours=48)
    with road.database.read() as tx:
        first = road.promotion(begun_promotion(road, begun.deployment)).release_digest
        (run,) = runs_in(tx, "dev", first)
    assert run.until == begun.started_at


def begun_promotion(road: Road, deployment: str | None) -> str:
    (fact,) = [one for one in road.facts(str(deployment)) if one.kind == "DeploymentStarted"]
    return str(fact.data["promotion"])
