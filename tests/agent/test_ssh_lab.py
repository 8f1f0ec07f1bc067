"""Agents as programs of their own, for hosts that are reached by SSH: real engines, real sshd."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from agent.test_agent_lab import Intend, Start, agent, host, intend
from fixtures.control_planes import EnrolledAgent, Plane, wait_until
from fixtures.services import layer_digest, names_running, push_service
from fixtures.ssh_hosts import Line, SshHost, line_to
from stella.fleet import OrderState
from stella.lab import Host, Lab
from stella.plugin.order import Purpose

pytestmark = pytest.mark.lab
__all__ = ["agent", "host", "intend"]


@pytest.fixture
def start(agent: EnrolledAgent) -> Iterator[Start]:
    """Starts the agent's program, which has no engine of its own."""
    started: list[subprocess.Popen[bytes]] = []

    def start_it() -> "subprocess.Popen[bytes]":
        started.append(agent.process({"DOCKER_HOST": "unix:///not/there"}))
        return started[-1]

    yield start_it
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.wait(20)


@pytest.fixture
def line(ssh_lab_host: SshHost) -> Iterator[Line]:
    with line_to(ssh_lab_host.port) as made:
        yield made


@pytest.mark.parametrize("kind", ["docker", "compose"])
def test_a_host_that_is_reached_is_deployed_to_seen_and_taken_down(
    kind: str,
    plane: Plane,
    lab: Lab,
    host: Host,
    start: Start,
    intend: Intend,
    agent: EnrolledAgent,
    ssh_lab_host: SshHost,
    line: Line,
) -> None:
    good = push_service(lab, "web", f"r-{kind}-1")
    changed = push_service(lab, "web", f"r-{kind}-2")
    reach = ssh_lab_host.reach(port=line.port)
    start()
    intent = intend(kind, "dep_1", good)
    first = plane.ended(plane.issue(intent, kind, reach=reach), 60)
    assert first.state is OrderState.SUCCEEDED, first.result
    assert first.result is not None
    assert [one.digest for one in first.result.running] == [good]
    project = ssh_lab_host.projects / f"agent-{kind}"
    assert (project / "stella.version.json").read_text() == '{"release":"rel_1"}'
    assert not (agent.state.projects / f"agent-{kind}").exists()

    layer = layer_digest(lab, "web", f"r-{kind}-2")
    lab.registry.tamper_blob(layer)
    try:
        wanted = intend(kind, "dep_2", changed)
        second = plane.ended(plane.issue(wanted, kind, reach=reach), 60)
    finally:
        lab.registry.tamper_blob(layer)
    assert second.result is not None
    assert (second.state, second.result.code) == (OrderState.FAILED, "ST-TGT-001")
    assert [(one.digest, one.healthy) for one in second.result.running] == [(good, True)]

    def seen() -> object:
        report = plane.agent(agent.identity.agent).report
        assert report is not None
        assert "ssh" in report.reaches
        return next((one for one in report.projects if one.project == f"agent-{kind}"), None)

    wait_until(lambda: getattr(seen(), "running", ()))
    line.cut(away=True)
    wait_until(lambda: "ST-AGT-014" in str(getattr(seen(), "problem", "")))
    assert getattr(seen(), "running", None) == ()
    line.is_open = True
    removal = replace(intent, deployment="tkd_1")
    order = plane.issue(removal, kind, purpose=Purpose.TAKE_DOWN, reach=reach)
    ended = plane.ended(order, 60)
    assert ended.state is OrderState.SUCCEEDED, ended.result
    assert names_running(host, f"agent-{kind}") == []


@pytest.mark.parametrize(
    ("kind", "moment"),
    [("docker", "docker run"), ("compose", " up ")],
)
def test_cut_off_in_the_middle_it_comes_back_and_ends_right_with_one_container(
    kind: str,
    moment: str,
    plane: Plane,
    lab: Lab,
    host: Host,
    start: Start,
    intend: Intend,
    ssh_lab_host: SshHost,
    line: Line,
) -> None:
    reach = ssh_lab_host.reach(port=line.port)
    one = push_service(lab, "web", "k1")
    two = push_service(lab, "web", f"cut-{kind}-{moment.strip().replace(' ', '-')}")
    start()
    plane.ended(plane.issue(intend(kind, "dep_1", one), kind, reach=reach), 60)
    order = plane.issue(intend(kind, "dep_2", two), kind, reach=reach)
    wait_until(lambda: any(moment in said for said in plane.log("dep_2")))
    line.cut()
    ended = plane.ended(order, 60)
    assert ended.state is OrderState.SUCCEEDED, (ended.result, plane.log("dep_2"))
    assert ended.fence == 1
    assert ended.result is not None
    assert [running.digest for running in ended.result.running] == [two]
    assert len(names_running(host, f"agent-{kind}")) == 1
    assert any("ST-AGT-01" in said for said in plane.log("dep_2"))
