"""Benches for the ECS connector: its stand-in on the simulated engine, or on a real one of the lab."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from connectors.nomad_benches import intent_of
from fixtures.aws_models import AwsModels
from fixtures.benches import push_simulated, simulated_layer
from fixtures.containers import Containers, on_host, on_simulated
from fixtures.ecs_region import REGION
from fixtures.ecses import KEYS, PlayedEcs, played_ecs
from fixtures.services import layer_digest, manifest_digest, push_service
from stella.agent.host import RealHost
from stella.kernel import Digest, Json
from stella.lab import Lab
from stella.plugin.contract.target import TargetIntent
from stella.sdk.testing import SimulatedEngine, TargetBench
from stella_connectors.ecs import EcsTarget


class QuickHost(RealHost):
    """Waits a hundredth: the stand-in's seconds are as short."""

    def wait(self, seconds: float) -> None:
        super().wait(seconds / 100)


def task_of(**changes: object) -> dict[str, Any]:
    """A user's own task definition."""
    return {
        "family": "shop",
        "requiresCompatibilities": ["EC2"],
        "containerDefinitions": [
            {
                "name": "web",
                "image": "shop/web:latest",
                "memory": 64,
                "environment": [{"name": "COLOUR", "value": "blue"}],
                "healthCheck": {"command": ["CMD", "/healthy"], "interval": 5},
                **changes,
            }
        ],
    }


@dataclass
class EcsBench:
    """The kit's bench, and the stand-in behind it."""

    bench: TargetBench
    ecs: PlayedEcs
    log: list[str]
    config: dict[str, Json]
    host: RealHost

    def intent(self, deployment: str, digest: Digest, **config: Json) -> TargetIntent:
        made = self.bench.intent(deployment, {"web": digest})
        return replace(made, config={**self.config, **config})

    def apply(self, deployment: str, digest: Digest, **config: Json) -> TargetIntent:
        intent = self.intent(deployment, digest, **config)
        target = EcsTarget()
        target.apply(intent, target.plan(intent), self.host)
        return intent

    def running(self) -> list[Any]:
        return list(EcsTarget().inspect("shop", self.host))

    def tags(self, arn: str) -> dict[str, str]:
        return {one["key"]: one["value"] for one in self.ecs.region.tags[arn]}

    def digests(self) -> list[Any]:
        return [one.digest for one in self.running()]


@contextmanager
def simulated_ecs_bench(
    directory: Path, models: AwsModels, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EcsBench]:
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
    containers = on_simulated(engine, directory, "stand-in=ecs")
    place = (directory, registry.host)
    with _bench(place, models, containers, images, tampered, monkeypatch) as bench:
        yield bench


@contextmanager
def lab_ecs_bench(
    lab: Lab, directory: Path, models: AwsModels, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EcsBench]:
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
    containers = on_host(lab.host("b"), "stand-in=ecs")
    place = (directory, lab.registry.address)
    with _bench(place, models, containers, images, tampered, monkeypatch) as bench:
        yield bench


@contextmanager
def _bench(
    place: tuple[Path, str],
    models: AwsModels,
    containers: Containers,
    images: Mapping[str, Digest],
    tampered: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[EcsBench]:
    directory, registry = place
    log: list[str] = []
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS[1])
    host = QuickHost(directory / "projects", "shop", log=log.append, stop=threading.Event())
    with played_ecs(containers, models) as ecs:
        config: dict[str, Json] = {
            "region": REGION,
            "endpoint": ecs.endpoint,
            "service": "shop",
            "task": task_of(),
        }

        def intent(deployment: str, services: Mapping[str, Digest]) -> TargetIntent:
            return intent_of(registry, config, deployment, services)

        bench = TargetBench(
            connector=EcsTarget(), host=host, intent=intent, tampered=tampered, **images
        )
        yield EcsBench(bench, ecs, log, config, host)
