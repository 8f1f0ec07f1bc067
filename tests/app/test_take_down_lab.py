"""A Docker host and a Compose project on real engines: taken down and proved; nothing else is touched."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.benches import COMPOSE
from fixtures.road import InlineRuns, Road
from fixtures.services import BUSYBOX, push_service
from stella.agent.carry_out import accept, carry_out
from stella.agent.connectors import HostConnectors
from stella.agent.host import RealHost
from stella.agent.state import Identity, StateDirectory, Trust
from stella.app.flows import steps_of
from stella.app.work import removing_of
from stella.deployment.lifecycle import TakeDownState
from stella.deployment.store import current_deployment, find_target, list_target_deployments
from stella.deployment.take_down.begin import begin_take_down
from stella.deployment.take_down.store import TakeDown, find_take_down
from stella.environment.apply import apply_environment, apply_target
from stella.evidence.store import list_evidence
from stella.evidence.verify import verify_packet
from stella.fleet import find_agent_by_name, finish_order, take_order
from stella.kernel import Digest, Json
from stella.lab import Host, Lab
from stella.plugin.contract.registry import RegistryConfig
from stella.policy import bundle_bytes, load_bundle
from stella.policy.store import put_policy
from stella.promotion.lifecycle import State
from stella.promotion.request import request_promotion
from stella.promotion.store import find_promotion
from stella.release.create import create_release, resolve_components
from stella.release.model import Release
from stella.replay import replay_packet
from stella.sdk.protocol import NextReply
from stella_connectors.registry import open_registry

pytestmark = pytest.mark.lab

ANYTHING_GOES = """package stella.policy
results contains {"rule": "r", "outcome": "pass", "message": "fine"} if { true }
"""
PLACES = {"host-a": ("a", "docker"), "host-b": ("b", "compose")}


class Agents:
    """Two agents' own code on the lab's hosts; only the wire between them and the server is left out."""

    def __init__(
        self, road: Road, lab: Lab, directory: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.road, self.lab, self.directory, self.monkeypatch = road, lab, directory, monkeypatch

    def work(self, name: str) -> list[str]:
        """Carry out the next order of that host; what was printed."""
        road, log = self.road, []
        for key, value in self.lab.host(PLACES[name][0]).environment.items():
            self.monkeypatch.setenv(key, value)
        with road.database.transaction(actor="system") as tx:
            agent = find_agent_by_name(tx, name)
            assert agent is not None
            taken = take_order(tx, agent)
        road.settle()
        assert taken is not None, f"{name} has no order"
        state = StateDirectory(self.directory / name)
        state.create()
        key = road.work.order_signer.public.pem.decode()
        identity = Identity(agent.id, name, "https://x.test", Trust.OWN, (key,), 30)
        given = NextReply(taken.order, taken.bundle.decode(), taken.fence, 60)
        accepted = accept(given, identity, None, road.clock())
        connectors = HostConnectors(road.plugins, state.plugins, lambda _: b"", required=())
        done = carry_out(
            accepted,
            taken.fence,
            state=state,
            connectors=connectors.of(None),
            host=RealHost(
                state.projects,
                accepted.content.intent.project,
                log=log.append,
                stop=threading.Event(),
            ),
            now=road.clock,
        )
        assert done.result is not None
        with road.database.transaction(actor="system") as tx:
            finish_order(tx, agent, taken.order, taken.fence, done.result)
        road.settle()
        return log


def on_the_lab(road: Road, lab: Lab) -> None:
    """Images come from the lab's registry; web runs by docker on host a, worker by compose on host b."""
    registry = open_registry(RegistryConfig(lab.registry.address))
    road.work = replace(road.work, open_registry=lambda _: registry)
    road.runs = InlineRuns(steps_of(road.work))
    compose = COMPOSE.replace("web", "worker").replace("WEB", "WORKER")
    compose += "    volumes: [kept:/kept]\nvolumes: {kept: {}}\n"
    config: dict[str, dict[str, Json]] = {
        "docker": {"services": {"web": {"stop_timeout_s": 1, "networks": ["taken-down"]}}},
        "compose": {"compose": compose, "wait_timeout_s": 30},
    }
    with road.database.transaction(actor="usr_op") as tx:
        # The images are one program without packages: what is in them is not asked here.
        content = bundle_bytes(load_bundle({"any.rego": ANYTHING_GOES}))
        put_policy(tx, "any", road.work.blobs.put(content))
        apply_environment(tx, "dev", {"policy": "any"}, road.plugins.brought())
        for host, component in (("host-a", "web"), ("host-b", "worker")):
            kind = PLACES[host][1]
            apply_target(
                tx,
                f"dev-{kind}",
                {
                    "environment": "dev",
                    "connector": kind,
                    "agent": host,
                    "project": f"taken-{kind}",
                    "components": [component],
                    "config": config[kind],
                },
                road.plugins.brought(),
            )


def released(road: Road, lab: Lab, version: str) -> Release:
    references = {}
    for name in ("web", "worker"):
        digest = push_service(lab, name, version)
        references[name] = f"{lab.registry.address}/test/{name}@{digest}"
    components = resolve_components(road.work.open_registry, references)
    with road.database.transaction(actor="usr_op") as tx:
        made = create_release(
            tx, road.work.blobs, name="shop", version=version, components=components
        )
    road.settle()
    return made


def strangers(lab: Lab) -> dict[str, str]:
    """On each host a container of nobody's, with the words that a careless removal would go by."""
    folder = lab.root / "stranger"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "bin").mkdir(parents=True)
    shutil.copy2(BUSYBOX, folder / "bin" / "busybox")
    tar = shutil.make_archive(str(folder), "tar", folder)
    found = {}
    for letter, kind in PLACES.values():
        host = lab.host(letter)
        host.run(["import", tar, "stranger:1"])
        label = f"com.docker.compose.project=other-{kind}"
        words = ["run", "--detach", f"--name=taken-{kind}-of-somebody", f"--label={label}"]
        found[letter] = host.run([*words, "stranger:1", BUSYBOX, "sleep", "3600"]).strip()
    return found


def ours(host: Host, kind: str) -> list[str]:
    return host.run(
        ["ps", "--all", "--quiet", f"--filter=label=stella.project=taken-{kind}"]
    ).split()


def take_down(road: Road) -> TakeDown:
    removing = removing_of(
        road.work.blobs, road.work.evidence_signer, lambda: road.plugins, is_simulated=False
    )
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        begun = begin_take_down(tx, road.people["dan"], "dev", removing, reason="the demo is over")
    road.settle()
    return begun


@pytest.mark.timeout(300)
def test_a_docker_host_and_a_compose_project_are_taken_down_and_it_is_proved(
    road: Road, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_the_lab(road, lab)
    agents, others = Agents(road, lab, tmp_path / "agents", monkeypatch), strangers(lab)
    try:
        release = released(road, lab, "td1")
        with road.database.transaction(actor=road.people["dan"].id) as tx:
            asked = request_promotion(tx, road.people["dan"], release=release.id, environment="dev")
        road.settle()
        for name in ("host-b", "host-a"):  # dev-compose comes before dev-docker
            agents.work(name)
        assert road.promotion(asked.id).state is State.DEPLOYED
        assert all(ours(lab.host(letter), kind) for letter, kind in PLACES.values())

        begun = take_down(road)
        said = [line for name in ("host-b", "host-a") for line in agents.work(name)]

        assert any("docker compose" in line and line.endswith("down") for line in said)
        with road.database.read() as tx:
            done = find_take_down(tx, begun.id)
            assert current_deployment(tx, "dev") is None
            assert find_promotion(tx, asked.id).state is State.DEPLOYED
            parts = list_target_deployments(tx, begun.id)
            assert [find_target(tx, one.id).running for one in parts] == [(), ()]
            (kept,) = list_evidence(tx, subject=begun.id)
        assert done.state is TakeDownState.SUCCEEDED
        for letter, kind in PLACES.values():
            host = lab.host(letter)
            assert ours(host, kind) == []
            running = host.run(["inspect", "--format={{.State.Running}}", others[letter]])
            assert running.strip() == "true", "what is somebody else's runs on"
            networks = host.run(["network", "ls", "--format={{.Name}}"]).split()
            assert not {"taken-down", "taken-compose_default"} & set(networks)
        volumes = lab.host("b").run(["volume", "ls", "--format={{.Name}}"]).split()
        assert "taken-compose_kept" in volumes
        packet = road.work.blobs.get(Digest(kept.digest))
        verification = verify_packet(packet, road.work.proving.root)
        assert verification.good, verification.checks
        assert replay_packet(packet).verdict == "identical"
    finally:
        for letter, kind in PLACES.values():
            host = lab.host(letter)
            left = [others[letter], *ours(host, kind)]
            host.run(["rm", "--force", *left])
            host.run(["image", "rm", "--force", "stranger:1"])
        lab.host("b").run(["volume", "rm", "--force", "taken-compose_kept"])
