"""Orders that take away what runs: carried out, refused, and read by an agent that knows none."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fixtures.control_planes import EnrolledAgent, Plane, wait_until
from fixtures.installed import installed_plugins
from stella.fleet import Order, OrderState
from stella.fleet.store import change_order
from stella.kernel import digest_of
from stella.plugin.contract.target import Running, TargetIntent
from stella.plugin.order import Purpose, plan_json, read_order
from stella.plugin.wire import to_wire
from stella.sdk import Host, Plugin, TargetPlan
from stella.trust import ORDER, sign_statement
from stella_connectors.docker import DockerTarget

Intend = Callable[..., TargetIntent]
OURS = ["docker", "ps", "--all", "--filter=label=stella.project=shop"]


def taken_down(plane: Plane, intent: TargetIntent) -> Order:
    order = plane.issue(replace(intent, deployment="tkd_1"), purpose=Purpose.TAKE_DOWN)
    return plane.ended(order)


def test_what_runs_is_taken_away_and_the_sticker_is_another(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    intent = intend("dep_1", "1")

    def runs() -> bool:
        report = plane.agent(agent.identity.agent).report
        return report is not None and any(one.running for one in report.projects)

    with agent.running():
        plane.ended(plane.issue(intent))
        wait_until(runs)
        sticker = agent.state.projects / "shop" / "stella.version.json"
        sticker.unlink()
        order = taken_down(plane, intent)
        wait_until(lambda: not runs())
    assert order.state is OrderState.SUCCEEDED
    assert order.result is not None
    assert order.result.running == ()
    assert agent.engine.run(OURS, Path()) == ""
    assert sticker.exists()
    log = plane.log("tkd_1")
    assert any("docker stop" in line for line in log)
    assert log[-1] == "[simulated] take_down succeeded"


class OfBefore:
    """A connector with the methods of before there were take-downs."""

    def __init__(self) -> None:
        self._ours = DockerTarget()

    def plan(self, intent: TargetIntent) -> TargetPlan:
        return self._ours.plan(intent)

    def apply(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        self._ours.apply(intent, plan, host)

    def inspect(self, project: str, host: Host) -> tuple[Running, ...]:
        return tuple(self._ours.inspect(project, host))

    def engine(self, host: Host) -> str:
        return self._ours.engine(host)


class Careless(OfBefore):
    """A connector that says that it removed something."""

    def plan_removal(self, intent: TargetIntent) -> TargetPlan:
        return self._ours.plan_removal(intent)

    def remove(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        del intent, plan, host


def test_a_connector_that_cannot_or_does_not_is_found_out_and_all_runs_on(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    intent = intend("dep_1", "1")
    ours = installed_plugins()
    for made, code, state in (
        (OfBefore, "ST-TGT-015", OrderState.ERRORED),
        (Careless, "ST-TGT-016", OrderState.FAILED),
    ):
        name = made.__name__.lower()
        owner = ours.target_manifest("docker").name

        def load(name: str, made: type[OfBefore] = made, owner: str = owner) -> Plugin:
            return Plugin(targets={"docker": made}) if name == owner else ours.load(name)

        with agent.running(plugins=replace(ours, load=load)):
            plane.ended(plane.issue(replace(intent, deployment=f"dep_{name}")))
            order = plane.issue(
                replace(intent, deployment=f"tkd_{name}"), purpose=Purpose.TAKE_DOWN
            )
            ended = plane.ended(order)
        assert ended.result is not None
        assert (ended.state, ended.result.code) == (state, code), ended.result
        assert len(ended.result.running) == 1


def test_an_agent_that_does_not_know_the_word_ends_the_order_errored_and_touches_nothing(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    """As an agent of before reads ``take_down``: a purpose that it has never heard of."""
    intent = intend("dep_1", "1")
    with agent.running():
        plane.ended(plane.issue(intent))
    order = plane.issue(replace(intent, deployment="tkd_1"), purpose=Purpose.TAKE_DOWN)
    content = read_order(order.bundle, (plane.signer.public,))
    said = to_wire(content)
    assert isinstance(said, dict)
    strange = sign_statement(
        plane.signer,
        subject_name=content.order,
        subject=digest_of(plan_json(content.plan)),
        predicate_type=ORDER,
        predicate={**said, "purpose": "dance"},
    )
    with plane.database.transaction(actor="system") as tx:
        change_order(tx, order.id, bundle=strange.decode())
    with agent.running():
        ended = plane.ended(order)
    assert ended.result is not None
    assert (ended.state, ended.result.code) == (OrderState.ERRORED, "ST-PLG-001")
    assert "dance" in str(ended.result.message) or "purpose" in str(ended.result.message)
    assert agent.engine.run(OURS, Path()) != ""
