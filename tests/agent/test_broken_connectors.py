"""A connector beside the agent that breaks: it costs what was asked of it, and never the agent."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from fixtures.control_planes import EnrolledAgent, Plane, wait_until
from stella.fleet import OrderState
from stella.plugin import Plugins, load_plugins
from stella.plugin.contract.core import Plugin
from stella.plugin.contract.target import Host, Running, TargetIntent, TargetPlan
from stella.plugin.order import AgentReport

Intend = Callable[..., TargetIntent]
SECRET = "a-secret-of-the-host"


@dataclass
class Fragile:
    """Our own connector, but for the methods that are broken now: name -> what happens there."""

    broken: dict[str, Callable[[], Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ours = load_plugins().target("docker")

    def opened(self) -> "Fragile":
        return self

    def plan(self, intent: TargetIntent) -> TargetPlan:
        return self.ours.plan(intent)

    def apply(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        self.broken.get("apply", lambda: self.ours.apply(intent, plan, host))()

    def inspect(self, project: str, host: Host) -> Iterable[Running]:
        seen: Iterable[Running] = self.broken.get(
            "inspect", lambda: self.ours.inspect(project, host)
        )()
        return seen

    def engine(self, host: Host) -> str:
        version: str = self.broken.get("engine", lambda: self.ours.engine(host))()
        return version


def beside(fragile: Fragile) -> Plugins:
    """Our plugins, with that connector for the one of docker."""
    ours, plugin = load_plugins(), Plugin(targets={"docker": fragile.opened})
    return Plugins(ours.loaded, load=lambda name: plugin if name == "docker" else ours.load(name))


def breaks() -> Any:
    raise ValueError(f"{SECRET}: embedded null byte")


def breaks_midway() -> Iterable[Running]:
    yield from ()
    raise KeyError(SECRET)


LOOKS: dict[str, Callable[[], Any]] = {
    "raises": breaks,
    "breaks while it is read": breaks_midway,
    "returns something else": lambda: [SECRET],
    "returns nothing": lambda: None,
}


def report(plane: Plane, agent: EnrolledAgent) -> AgentReport | None:
    known: AgentReport | None = plane.agent(agent.identity.agent).report
    return known


@pytest.mark.parametrize("look", LOOKS)
def test_what_cannot_be_seen_is_told_and_the_agent_goes_on(
    plane: Plane, agent: EnrolledAgent, intend: Intend, look: str
) -> None:
    fragile = Fragile()

    def problem() -> str:
        told = report(plane, agent)
        return next((one.problem or "" for one in told.projects), "") if told else ""

    with agent.running(plugins=beside(fragile)):
        assert plane.ended(plane.issue(intend("dep_1", "1"))).state is OrderState.SUCCEEDED
        fragile.broken["inspect"] = LOOKS[look]
        wait_until(lambda: "ST-AGT-012" in problem())
        assert SECRET not in problem()
        ended = plane.ended(plane.issue(intend("dep_2", "2")))
        fragile.broken.clear()
        assert plane.ended(plane.issue(intend("dep_3", "3"))).state is OrderState.SUCCEEDED
        wait_until(lambda: problem() == "")
    assert ended.state is OrderState.ERRORED
    assert ended.result is not None
    assert ended.result.code == "ST-AGT-012"
    assert SECRET not in (ended.result.message or "")


def test_an_order_that_broke_ends_also_where_nothing_can_be_seen_afterwards(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    fragile = Fragile({"apply": breaks, "inspect": breaks})
    with agent.running(plugins=beside(fragile)):
        ended = plane.ended(plane.issue(intend("dep_1", "1")))
        fragile.broken.clear()
        assert plane.ended(plane.issue(intend("dep_2", "2"))).state is OrderState.SUCCEEDED
    assert ended.state is OrderState.ERRORED
    assert ended.result is not None
    assert (ended.result.code, ended.result.running) == ("ST-AGT-012", ())
    assert SECRET not in (ended.result.message or "")
    assert any("what runs now cannot be seen" in line for line in plane.log("dep_1"))


@pytest.mark.parametrize("answer", [breaks, lambda: None, lambda: 20.1], ids=["raises", "", "20"])
def test_an_engine_whose_version_cannot_be_told_is_a_problem_of_its_connector(
    plane: Plane, agent: EnrolledAgent, intend: Intend, answer: Callable[[], Any]
) -> None:
    fragile = Fragile({"engine": answer})

    def problems() -> dict[str, str | None]:
        told = report(plane, agent)
        return {one.kind: one.problem for one in told.connectors} if told else {}

    with agent.running(plugins=beside(fragile)):
        wait_until(lambda: "ST-AGT-012" in (problems().get("docker") or ""))
        assert problems()["compose"] is None
        assert SECRET not in (problems()["docker"] or "")
        assert plane.ended(plane.issue(intend("dep_1", "1"))).state is OrderState.SUCCEEDED
