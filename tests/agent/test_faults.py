"""Each request about an order breaks once, on its way there or back: the order is done once."""

import threading
from typing import TypeVar

import pytest

from fixtures.benches import intent_maker, push_simulated
from fixtures.control_planes import Plane
from stella.agent.control_plane import ControlPlane
from stella.agent.errors import ControlPlaneUnreachable
from stella.fleet import OrderState
from stella.kernel import Remedy

T = TypeVar("T")


class BreakingPlane(ControlPlane):
    """Breaks request number ``at`` of those about orders: before it is sent, or its answer."""

    at = 0
    is_done = False

    def __init__(self, *given: object) -> None:
        super().__init__(*given)
        self._count = 0
        self._guard = threading.Lock()
        self.has_broken = threading.Event()

    def post(
        self, path: str, content: object, reply: type[T], *, patience_s: float = 0
    ) -> T | None:
        with self._guard:
            is_broken = "/orders/" in path and self._count == self.at
            self._count += "/orders/" in path
        if is_broken and not self.is_done:
            raise self._broken()
        answer = super().post(path, content, reply, patience_s=patience_s)
        if is_broken:
            raise self._broken()
        return answer

    def _broken(self) -> ControlPlaneUnreachable:
        self.has_broken.set()
        return ControlPlaneUnreachable("the line broke", remedy=Remedy("Wait."))


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("is_done", [False, True], ids=["lost", "done_but_reply_lost"])
def test_a_request_that_breaks_once_changes_nothing_in_the_end(
    plane: Plane, at: int, is_done: bool
) -> None:
    agent = plane.enroll()
    registry = agent.engine.registry
    make = intent_maker("docker", registry.host, "shop")
    planes: list[BreakingPlane] = []

    def open_plane(*given: object) -> BreakingPlane:
        made = BreakingPlane(*given)
        made.at, made.is_done = at, is_done
        planes.append(made)
        return made

    order = plane.issue(make("dep_1", {"web": push_simulated(registry, "1")}))
    with agent.running(open_plane=open_plane):
        ended = plane.ended(order)
        assert planes[0].has_broken.wait(10)
    assert ended.state is OrderState.SUCCEEDED
    assert plane.facts(order.id).count("OrderFinished") == 1
    lines = plane.log("dep_1")
    assert len(lines) == len(set(lines)), "no line arrived twice"
    with agent.engine.changed() as state:
        (container,) = state["containers"].values()
    assert container["Simulated"]["starts"] == 1
