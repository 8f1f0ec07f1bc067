from collections.abc import Callable

import pytest

from fixtures.benches import intent_maker, push_simulated
from fixtures.control_planes import EnrolledAgent, Plane
from stella.plugin.contract.target import TargetIntent


@pytest.fixture
def agent(plane: Plane) -> EnrolledAgent:
    return plane.enroll()


@pytest.fixture
def intend(agent: EnrolledAgent) -> Callable[..., TargetIntent]:
    """(deployment, version, healthy) -> that version of the service ``web``."""
    registry = agent.engine.registry
    make = intent_maker("docker", registry.host, "shop")

    def intend_it(deployment: str, version: str, *, healthy: bool = True) -> TargetIntent:
        return make(deployment, {"web": push_simulated(registry, version, healthy=healthy)})

    return intend_it
