"""A target connector that is a stranger's: it comes with the order, and touches the host by ours alone."""

import shutil
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from fixtures.benches import simulated_bench
from fixtures.control_planes import EnrolledAgent, Plane, wait_until
from plugin.packages import SCHEMA, wheel_of
from stella.agent.host import RealHost
from stella.fleet import OrderState
from stella.kernel import Digest
from stella.plugin.contract.target import TargetIntent
from stella.plugin.order import PluginReference
from stella.plugin.wheel import read_wheel
from stella.sdk.apart.opened import plugin_apart
from stella.sdk.apart.process import CONFINEMENT, PluginProcess, PluginSource
from stella.sdk.testing import TARGET_CHECKS, TargetBench

pytestmark = pytest.mark.apart

# Our own connector under another name: what it asks of a host has to cross, and the kit to hold.
DOCKER_AS_A_STRANGER = """
from stella_connectors.docker import PLUGIN as OURS

class Boat:
    def __init__(self):
        self.ours = OURS.targets["docker"]()

    def plan(self, intent):
        return self.ours.plan(intent)

    def apply(self, intent, plan, host):
        self.ours.apply(intent, plan, host)

    def inspect(self, project, host):
        yield from self.ours.inspect(project, host)

    def engine(self, host):
        return self.ours.engine(host)

PLUGIN = Plugin(targets={"boat": Boat})
"""
BOAT = {"kind": "target", "name": "boat", "title": "Boat", "configSchema": SCHEMA}
DOCKER = [{"capability": "docker"}]
Intend = Callable[..., TargetIntent]


def boat_wheel(code: str = DOCKER_AS_A_STRANGER, **changes: object) -> bytes:
    return wheel_of("boat", code, **{"contributes": [BOAT], "needs": DOCKER, **changes})


def unpacked(directory: Path, content: bytes) -> PluginSource:
    wheel = read_wheel(content)
    for path, held in wheel.files.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(held)
    return PluginSource(wheel.manifest, wheel.entry_point, directory, CONFINEMENT)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[TargetBench]:
    process = PluginProcess(unpacked(tmp_path / "wheel", boat_wheel()))
    from dataclasses import replace

    with simulated_bench("docker", tmp_path / "bench") as ours:
        yield replace(ours, connector=plugin_apart(process).targets["boat"]())
    process.close()


@pytest.mark.parametrize("check", TARGET_CHECKS, ids=lambda check: check.__name__)
def test_a_connector_in_a_process_of_its_own_passes_the_kit(
    bench: TargetBench, check: Callable[[TargetBench], None]
) -> None:
    check(bench)


def test_an_order_brings_its_connector_and_the_agent_uses_it(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    plugin = plane.install(boat_wheel(), docker=())
    intent = intend("dep_1", "1")
    with agent.running():
        order = plane.ended(plane.issue(intent, plugin=plugin))
        assert order.result is not None, order
        assert order.state is OrderState.SUCCEEDED, order.result
        (running,) = order.result.running
        assert running.digest == intent.services[0].digest
        wait_until(lambda: reported(plane, agent).get("boat") == ("1.0.0", "simulated"))
    assert any("docker pull" in line for line in plane.log("dep_1"))

    # After a restart nothing is fetched again, also where the server has it no more.
    plane.stop()
    assert plane.wheels is not None
    shutil.rmtree(plane.directory / "blobs")
    plane.start()
    with agent.running():
        order = plane.ended(plane.issue(intend("dep_2", "2"), plugin=plugin))
    assert order.state is OrderState.SUCCEEDED, order.result


def test_a_newer_version_takes_over_and_the_old_one_is_forgotten(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    old = plane.install(boat_wheel(), docker=())
    new = plane.install(boat_wheel(version="2.0.0"), docker=())
    with agent.running():
        assert plane.ended(plane.issue(intend("dep_1", "1"), plugin=old)).state.value == "succeeded"
        assert plane.ended(plane.issue(intend("dep_2", "2"), plugin=new)).state.value == "succeeded"
        wait_until(lambda: reported(plane, agent).get("boat") == ("2.0.0", "simulated"))
        folders = lambda: {one.name for one in agent.state.plugins.iterdir()}  # noqa: E731
        wait_until(lambda: folders() == {new.wheel.hex})


def reported(plane: Plane, agent: EnrolledAgent) -> dict[str, tuple[str, str | None]]:
    report = plane.agent(agent.identity.agent).report
    return {} if report is None else {c.kind: (c.version, c.engine) for c in report.connectors}


def refused(
    plane: Plane, agent: EnrolledAgent, intent: TargetIntent, plugin: PluginReference
) -> str:
    """Why the order could not be carried out: it errored, and says nothing about the release."""
    with agent.running():
        order = plane.ended(plane.issue(intent, plugin=plugin))
    assert order.result is not None
    assert order.state is OrderState.ERRORED, order.result
    return f"{order.result.code} {order.result.message}"


def test_another_wheel_than_the_one_that_was_ordered_is_not_used(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    plugin = plane.install(boat_wheel(), docker=())
    path = next(plane.directory.glob(f"blobs/**/*{plugin.wheel.hex[-20:]}*"))
    path.write_bytes(boat_wheel("import os\nos.abort()"))
    assert "ST-AGT" in refused(plane, agent, intend("dep_1", "1"), plugin)


def test_a_wheel_that_nobody_installed_is_not_to_be_had(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    plugin = PluginReference("boat", "1.0.0", Digest.of(b"none"), ())
    told = refused(plane, agent, intend("dep_1", "1"), plugin)
    assert "no plugin was installed from the wheel" in told


def test_what_lies_changed_on_the_host_is_not_what_runs(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    plugin = plane.install(boat_wheel(), docker=())
    with agent.running():
        plane.ended(plane.issue(intend("dep_1", "1"), plugin=plugin))
    kept = agent.state.plugins / plugin.wheel.hex
    (laid_out,) = kept.glob("files-*/plugin_boat/__init__.py")
    laid_out.write_text("raise SystemExit('changed')")
    (kept / "wheel").write_bytes(b"changed")
    with agent.running():
        order = plane.ended(plane.issue(intend("dep_2", "2"), plugin=plugin))
    assert order.state is OrderState.SUCCEEDED, order.result


def test_it_runs_no_command_that_it_was_not_granted(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    code = DOCKER_AS_A_STRANGER.replace(
        "self.ours.apply(intent, plan, host)", 'host.run(["sh", "-c", "id"], timeout_s=5)'
    )
    plugin = plane.install(boat_wheel(code), docker=())
    assert "does not ask for run_command" in refused(plane, agent, intend("dep_1", "1"), plugin)


def test_what_it_needs_and_was_not_granted_is_told_at_once(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    plugin = plane.install(boat_wheel(needs=[*DOCKER, {"capability": "run_command"}]))
    told = refused(plane, agent, intend("dep_1", "1"), plugin)
    assert "needs docker" in told
    assert "needs run_command" in told


FAULTS = {
    "breaks": "raise RuntimeError('it broke')",
    "ends": "import os; os._exit(3)",
    "raises what ends a program": "raise KeyboardInterrupt",
    "hangs": "import time; time.sleep(60)",
    "waits without end": "\n            while True: host.wait(3600)",
    "looks around": "open('/etc/hostname').read(); raise SystemExit",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_that_goes_wrong_costs_its_order_alone(
    plane: Plane, agent: EnrolledAgent, intend: Intend, fault: str
) -> None:
    code = DOCKER_AS_A_STRANGER.replace("self.ours.apply(intent, plan, host)", FAULTS[fault])
    plugin = plane.install(boat_wheel(textwrap.dedent(code), limits={"timeoutS": 2}), docker=())
    with agent.running():
        bad = plane.ended(plane.issue(intend("dep_1", "1"), plugin=plugin))
        good = plane.ended(plane.issue(intend("dep_2", "2")))
    assert bad.state in {OrderState.ERRORED, OrderState.FAILED}, bad.result
    assert bad.result is not None
    assert bad.result.code == "ST-PLG-005" or "errored" in str(bad.result.message)
    assert good.state is OrderState.SUCCEEDED


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        ('host.run(["sh", "a\\0b"], timeout_s=5)', "ST-PLG-005"),
        ('host.write("a\\0b", b"")', "ST-TGT-014"),
        ('host.read("a\\0b")', "ST-TGT-014"),
    ],
    ids=["a command", "a file", "a file to read"],
)
def test_a_word_that_no_system_takes_ends_its_order_and_not_the_agent(
    plane: Plane, agent: EnrolledAgent, intend: Intend, ask: str, code: str
) -> None:
    def real(project: str, log: Callable[[str], None], stop: Event) -> RealHost:
        return RealHost(agent.state.projects, project, log=log, stop=stop)

    source = DOCKER_AS_A_STRANGER.replace("self.ours.apply(intent, plan, host)", ask)
    source = source.replace("yield from self.ours.inspect(project, host)", "return iter(())")
    needs = [*DOCKER, {"capability": "run_command"}]
    plugin = plane.install(boat_wheel(source, needs=needs), docker=(), run_command=())
    with agent.running(open_host=real):
        bad = plane.ended(plane.issue(intend("dep_1", "1"), plugin=plugin))
        again = plane.ended(plane.issue(intend("dep_2", "2"), plugin=plugin))
    for ended in (bad, again):
        assert ended.state in {OrderState.ERRORED, OrderState.FAILED}, ended.result
        assert ended.result is not None
        assert ended.result.code == code, "the plugin was told, and broke nothing of the agent"
