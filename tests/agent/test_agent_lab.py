"""Agents as programs of their own, on real Docker hosts."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from fixtures.benches import intent_maker
from fixtures.control_planes import EnrolledAgent, Plane, wait_until
from fixtures.services import layer_digest, names_running, push_service
from stella.fleet import OrderState
from stella.kernel import Digest
from stella.lab import Host, Lab
from stella.plugin.contract.target import TargetIntent
from stella.plugin.order import Purpose

pytestmark = pytest.mark.lab

Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def host(lab: Lab) -> Host:
    return lab.host("b")


@pytest.fixture
def agent(plane: Plane) -> EnrolledAgent:
    return plane.enroll()


@pytest.fixture
def start(agent: EnrolledAgent, host: Host) -> Iterator[Start]:
    """Starts the agent's program on host b; what runs at the end is ended."""
    started: list[subprocess.Popen[bytes]] = []

    def start_it() -> "subprocess.Popen[bytes]":
        environment = {**host.environment, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        started.append(agent.process(environment))
        return started[-1]

    yield start_it
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.wait(20)


@pytest.fixture
def intend(
    lab: Lab, host: Host, request: pytest.FixtureRequest
) -> Iterator[Callable[..., TargetIntent]]:
    projects: list[str] = []

    def intend_it(kind: str, deployment: str, digest: Digest) -> TargetIntent:
        projects.append(f"agent-{kind}")
        return intent_maker(kind, lab.registry.address, f"agent-{kind}")(
            deployment, {"web": digest}
        )

    yield intend_it
    for project in projects:
        left = host.run(["ps", "-aq", "--filter", f"label=stella.project={project}"]).split()
        if left:
            host.run(["rm", "--force", *left])
    host.run(["network", "prune", "--force"])


Intend = Callable[..., TargetIntent]


@pytest.mark.parametrize("kind", ["docker", "compose"])
def test_a_real_deployment_and_one_with_changed_bytes(
    kind: str,
    plane: Plane,
    lab: Lab,
    host: Host,
    start: Start,
    intend: Intend,
    agent: EnrolledAgent,
) -> None:
    good = push_service(lab, "web", f"a-{kind}-1")
    changed = push_service(lab, "web", f"a-{kind}-2")
    start()
    first = plane.ended(plane.issue(intend(kind, "dep_1", good), kind), 60)
    assert first.state is OrderState.SUCCEEDED
    assert first.result is not None
    assert [one.digest for one in first.result.running] == [good]
    layer = layer_digest(lab, "web", f"a-{kind}-2")
    lab.registry.tamper_blob(layer)
    try:
        second = plane.ended(plane.issue(intend(kind, "dep_2", changed), kind), 60)
    finally:
        lab.registry.tamper_blob(layer)
    assert second.result is not None
    assert (second.state, second.result.code) == (OrderState.FAILED, "ST-TGT-001")
    assert [(one.digest, one.healthy) for one in second.result.running] == [(good, True)]
    assert any("digest mismatch" in line for line in plane.log("dep_2"))
    projects = agent.state.projects / f"agent-{kind}"
    assert (projects / "stella.version.json").read_text() == '{"release":"rel_1"}'


@pytest.mark.parametrize(
    ("kind", "moment"),
    [
        ("docker", "docker pull"),
        ("docker", "docker run"),
        ("docker", "waiting until"),
        ("compose", "docker pull"),
        ("compose", " up "),
    ],
)
def test_killed_in_the_middle_it_ends_right_with_one_container(
    kind: str, moment: str, plane: Plane, lab: Lab, host: Host, start: Start, intend: Intend
) -> None:
    one = push_service(lab, "web", "k1")
    two = push_service(lab, "web", f"k-{kind}-{moment.strip().replace(' ', '-')}")
    process = start()
    plane.ended(plane.issue(intend(kind, "dep_1", one), kind), 60)
    order = plane.issue(intend(kind, "dep_2", two), kind)
    wait_until(lambda: any(moment in line for line in plane.log("dep_2")))
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert plane.order(order).result is None
    start()
    ended = plane.ended(order, 60)
    assert (ended.state, ended.fence) == (OrderState.SUCCEEDED, 2)
    assert ended.result is not None
    assert [running.digest for running in ended.result.running] == [two]
    assert len(names_running(host, f"agent-{kind}")) == 1
    assert plane.facts(order.id).count("OrderTaken") == 2  # a packet tells of both


@pytest.mark.parametrize("kind", ["docker", "compose"])
def test_killed_in_the_middle_of_a_take_down_it_goes_on_to_its_end(
    kind: str, plane: Plane, lab: Lab, host: Host, start: Start, intend: Intend
) -> None:
    intent = intend(kind, "dep_1", push_service(lab, "web", "t1"))
    process = start()
    plane.ended(plane.issue(intent, kind), 60)
    removal = replace(intent, deployment="tkd_1")
    order = plane.issue(removal, kind, purpose=Purpose.TAKE_DOWN)
    begun = "docker stop" if kind == "docker" else "docker compose"
    wait_until(lambda: any(begun in line for line in plane.log("tkd_1")))
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert plane.order(order).result is None
    start()
    ended = plane.ended(order, 60)
    assert (ended.state, ended.fence) == (OrderState.SUCCEEDED, 2)
    assert ended.result is not None
    assert ended.result.running == ()
    label = f"--filter=label=stella.project=agent-{kind}"
    assert host.run(["ps", "--all", "--quiet", label]).split() == []


def test_stopped_in_the_middle_it_stops_at_once_and_goes_on_later(
    plane: Plane, lab: Lab, host: Host, start: Start, intend: Intend
) -> None:
    process = start()
    order = plane.issue(intend("docker", "dep_1", push_service(lab, "web", "s1")))
    wait_until(lambda: any("waiting until" in line for line in plane.log("dep_1")))
    process.terminate()
    assert process.wait(10) == 0
    assert plane.order(order).result is None
    start()
    assert plane.ended(order, 60).state is OrderState.SUCCEEDED
    assert len(names_running(host, "agent-docker")) == 1


def test_the_engine_and_compose_are_told_in_the_heartbeat(
    plane: Plane, agent: EnrolledAgent, start: Start
) -> None:
    start()
    wait_until(lambda: plane.agent(agent.identity.agent).report is not None)
    report = plane.agent(agent.identity.agent).report
    assert report is not None
    engines = {one.kind: one.engine for one in report.connectors}
    assert str(engines["docker"])[0].isdigit()
    assert ", compose " in str(engines["compose"])
