"""Benches for the Nomad connector: its stand-in on the simulated engine, or on a real one of the lab."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fixtures.benches import push_simulated, simulated_layer
from fixtures.containers import Containers, on_host, on_simulated
from fixtures.nomads import PlayedNomad, played_nomad
from fixtures.openapi import OpenApi
from fixtures.services import layer_digest, manifest_digest, push_service
from stella.agent.host import RealHost
from stella.kernel import Digest, Json
from stella.lab import Lab
from stella.plugin.contract.target import ServicePlan, TargetIntent
from stella.sdk.testing import SimulatedEngine, TargetBench
from stella_connectors.nomad import NomadTarget

SECOND = 1_000_000_000


def job_of(name: str, *, count: int = 1, check: bool = True, **update: object) -> dict[str, Any]:
    """A user's own job, as ``nomad job run -output`` writes one."""
    service = {"Name": name, "Checks": [{"Name": "up", "Type": "tcp"}]}
    return {
        "ID": name,
        "Name": name,
        "Datacenters": ["dc1"],
        "Type": "service",
        "Meta": {"team": "shop"},
        "Update": {
            "MinHealthyTime": SECOND,
            "HealthyDeadline": 60 * SECOND,
            "ProgressDeadline": 0,
            **update,
        },
        "TaskGroups": [
            {
                "Name": "web",
                "Count": count,
                "RestartPolicy": {"Attempts": 0, "Mode": "fail"},
                "Services": [service] if check else [],
                "Tasks": [
                    {
                        "Name": "web",
                        "Driver": "docker",
                        "Config": {"image": "shop/web:latest"},
                        "Env": {"COLOUR": "blue"},
                        "Resources": {"CPU": 100, "MemoryMB": 64},
                    }
                ],
            }
        ],
    }


@dataclass
class NomadBench:
    """The kit's bench, and the stand-in behind it."""

    bench: TargetBench
    nomad: PlayedNomad
    log: list[str]
    config: dict[str, Json]
    host: RealHost

    def intent(self, deployment: str, digest: Digest, **config: Json) -> TargetIntent:
        made = self.bench.intent(deployment, {"web": digest})
        return replace(made, config={**self.config, **config})

    def apply(self, deployment: str, digest: Digest, **config: Json) -> TargetIntent:
        intent = self.intent(deployment, digest, **config)
        target = NomadTarget()
        target.apply(intent, target.plan(intent), self.host)
        return intent

    def running(self) -> list[Any]:
        return list(NomadTarget().inspect("shop", self.host))

    def job(self, **update: object) -> dict[str, Any]:
        return job_of("shop", **update)


def intent_of(
    registry: str, config: Mapping[str, Json], deployment: str, services: Mapping[str, Digest]
) -> TargetIntent:
    return TargetIntent(
        deployment=deployment,
        release="rel_1",
        release_digest=Digest.of(repr(sorted(services.items())).encode()),
        version="1",
        environment="dev",
        target="host",
        project="shop",
        services=tuple(
            ServicePlan(name, f"{registry}/test/{name}@{digest}", digest, (digest,))
            for name, digest in services.items()
        ),
        config=dict(config),
    )


@contextmanager
def simulated_nomad_bench(
    directory: Path, openapi: OpenApi | None, **update: object
) -> Iterator[NomadBench]:
    """Nothing runs: the simulated engine keeps what one would keep."""
    engine = SimulatedEngine(directory / "engine")
    registry = engine.registry

    @contextmanager
    def tampered(_: Digest) -> Iterator[None]:
        registry.tamper_blob(simulated_layer("never"))
        yield
        registry.tamper_blob(simulated_layer("never"))

    images = {
        "one": push_simulated(registry, "1"),
        "two": push_simulated(registry, "2"),
        "sick": push_simulated(registry, "sick", healthy=False),
        "never_pulled": push_simulated(registry, "never"),
    }
    containers = on_simulated(engine, directory, "stand-in=nomad")
    with _bench(
        directory, openapi, containers, registry.host, images, tampered, 0.02, **update
    ) as bench:
        yield bench


@contextmanager
def lab_nomad_bench(
    lab: Lab, directory: Path, openapi: OpenApi | None, **update: object
) -> Iterator[NomadBench]:
    """Real containers on host b of the lab."""
    never = f"never-{directory.name[-20:]}"

    @contextmanager
    def tampered(_: Digest) -> Iterator[None]:
        layer = layer_digest(lab, "web", never)
        lab.registry.tamper_blob(layer)
        yield
        lab.registry.tamper_blob(layer)

    push_service(lab, "web", never)
    images = {
        "one": push_service(lab, "web", "1"),
        "two": push_service(lab, "web", "2"),
        "sick": push_service(lab, "web", "sick", healthy=False),
        "never_pulled": manifest_digest(lab, "web", never),
    }
    containers = on_host(lab.host("b"), "stand-in=nomad")
    # An image's own check begins after a second: the deadline of five minutes is 15 s here.
    with _bench(
        directory, openapi, containers, lab.registry.address, images, tampered, 0.05, **update
    ) as bench:
        yield bench


@contextmanager
def _bench(
    directory: Path,
    openapi: OpenApi | None,
    containers: Containers,
    registry: str,
    images: Mapping[str, Digest],
    tampered: Any,
    second_s: float,
    **update: object,
) -> Iterator[NomadBench]:
    log: list[str] = []
    host = RealHost(directory / "projects", "shop", log=log.append, stop=threading.Event())
    with played_nomad(containers, openapi, second_s=second_s) as nomad:
        job = job_of("shop", **update)
        config: dict[str, Json] = {"address": nomad.address, "job": job}

        def intent(deployment: str, services: Mapping[str, Digest]) -> TargetIntent:
            return intent_of(registry, config, deployment, services)

        bench = TargetBench(
            connector=NomadTarget(), host=host, intent=intent, tampered=tampered, **images
        )
        yield NomadBench(bench, nomad, log, config, host)
