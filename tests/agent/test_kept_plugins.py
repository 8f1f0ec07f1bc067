"""Which strangers' connectors a host keeps: those of its projects, and those that are used right now."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.test_strangers import boat_wheel
from fixtures.control_planes import EnrolledAgent, Plane, wait_until
from stella.agent.connectors import HostConnectors
from stella.kernel import Digest
from stella.plugin import load_plugins
from stella.plugin.contract.core import Capability, Need
from stella.plugin.contract.target import TargetIntent
from stella.plugin.order import PluginReference
from stella.sdk.apart.process import CONFINEMENT

pytestmark = pytest.mark.apart

Intend = Callable[..., TargetIntent]
DOCKER = Need(Capability.DOCKER)
MORE = Need(Capability.NETWORK, ("boats.example",))
WHEELS = {Digest.of(one): one for one in (boat_wheel(), boat_wheel(version="2.0.0"))}
FIRST, SECOND = (
    PluginReference("boat", version, wheel, (DOCKER,))
    for version, wheel in zip(("1.0.0", "2.0.0"), WHEELS, strict=True)
)
FIRST_WITH_MORE = replace(FIRST, granted=(DOCKER, MORE))


def nothing() -> frozenset[PluginReference]:
    return frozenset()


@pytest.fixture
def connectors(tmp_path: Path) -> Iterator[HostConnectors]:
    made = HostConnectors(
        load_plugins(), tmp_path / "plugins", WHEELS.__getitem__, required=CONFINEMENT
    )
    yield made
    made.close()


def kept(connectors: HostConnectors, tmp_path: Path) -> set[str]:
    del connectors
    return {one.name for one in (tmp_path / "plugins").glob("*")}


def plan(connectors: HostConnectors, plugin: PluginReference, intent: TargetIntent) -> str:
    return connectors.of(plugin).target("boat").plan(intent).connector


@pytest.fixture
def intent(intend: Intend) -> TargetIntent:
    return intend("dep_1", "1")


def test_what_an_order_uses_is_kept_though_no_project_has_it_yet(
    connectors: HostConnectors, tmp_path: Path, intent: TargetIntent
) -> None:
    with connectors.held(FIRST) as ordered:
        ordered.target("boat").plan(intent)
        connectors.keep(nothing)
        assert kept(connectors, tmp_path) == {FIRST.wheel.hex}
        ordered.target("boat").plan(intent)
    connectors.keep(nothing)
    assert kept(connectors, tmp_path) == set()
    assert plan(connectors, FIRST, intent) == "docker"


def test_what_projects_need_is_asked_when_no_order_can_end_meanwhile(
    connectors: HostConnectors, tmp_path: Path, intent: TargetIntent
) -> None:
    noted: set[PluginReference] = set()
    begun, asked, ended = threading.Event(), threading.Event(), threading.Event()

    def used() -> frozenset[PluginReference]:
        found = frozenset(noted)
        asked.set()
        ended.wait(0.5)  # the order would end now, if it could
        return found

    def carry_out() -> None:
        with connectors.held(FIRST) as ordered:
            ordered.target("boat").plan(intent)
            begun.set()
            asked.wait(10)
            noted.add(FIRST)
        ended.set()

    order = threading.Thread(target=carry_out)
    order.start()
    begun.wait(10)
    connectors.keep(used)
    order.join(10)
    assert kept(connectors, tmp_path) == {FIRST.wheel.hex}


def test_one_wheel_with_two_grants_is_laid_out_for_each(
    connectors: HostConnectors, tmp_path: Path, intent: TargetIntent
) -> None:
    plan(connectors, FIRST, intent)
    files = {one: one.stat().st_ino for one in (tmp_path / "plugins").rglob("*.py")}
    assert files
    plan(connectors, FIRST_WITH_MORE, intent)
    assert {one: one.stat().st_ino for one in files} == files, "written anew under what runs"
    connectors.keep(lambda: frozenset({FIRST}))
    assert {*(tmp_path / "plugins").rglob("*.py")} == set(files)
    assert plan(connectors, FIRST, intent) == "docker"
    assert kept(connectors, tmp_path) == {FIRST.wheel.hex}


def test_nobody_waits_for_a_wheel_that_somebody_else_fetches(
    tmp_path: Path, intent: TargetIntent
) -> None:
    asked, come = threading.Event(), threading.Event()

    def fetch(digest: Digest) -> bytes:
        if digest == SECOND.wheel:
            asked.set()
            assert come.wait(20)
        return WHEELS[digest]

    connectors = HostConnectors(load_plugins(), tmp_path / "own", fetch, required=CONFINEMENT)
    plan(connectors, FIRST, intent)
    fetching = threading.Thread(target=plan, args=(connectors, SECOND, intent))
    fetching.start()
    assert asked.wait(10)
    looked = threading.Event()

    def look() -> None:
        connectors.keep(nothing)
        plan(connectors, FIRST, intent)
        looked.set()

    threading.Thread(target=look, daemon=True).start()
    try:
        assert looked.wait(10), "it waits for another one's wheel"
    finally:
        come.set()
        fetching.join(20)
        connectors.close()


def test_two_versions_of_one_plugin_on_a_host_keep_each_others_files(
    plane: Plane, agent: EnrolledAgent, intend: Intend
) -> None:
    old = plane.install(boat_wheel(), docker=())
    new = plane.install(boat_wheel(version="2.0.0"), docker=())
    beats: list[object] = []

    def has_beaten() -> bool:
        told = plane.agent(agent.identity.agent)
        if told.last_seen_at not in beats:
            beats.append(told.last_seen_at)
        return len(beats) > 3

    def laid_out() -> dict[Path, tuple[int, int]]:
        found = {one: one.stat() for one in agent.state.plugins.rglob("*.py")}
        return {one: (stat.st_ino, stat.st_mtime_ns) for one, stat in found.items()}

    with agent.running():
        plane.ended(plane.issue(intend("dep_1", "1"), plugin=old))
        other = replace(intend("dep_2", "2"), project="other")
        ended = plane.ended(plane.issue(other, plugin=new))
        assert ended.state.value == "succeeded", ended.result
        wait_until(lambda: len(laid_out()) == 2)
        before = laid_out()
        wait_until(has_beaten)
        assert laid_out() == before, "removed, and laid out again"
    assert {one.name for one in agent.state.plugins.iterdir()} == {old.wheel.hex, new.wheel.hex}
