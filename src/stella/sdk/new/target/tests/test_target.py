"""The kit of every target connector, on a simulated engine."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from stella.sdk import Digest, Kind, ServicePlan, TargetIntent, manifest_beside
from stella.sdk.testing import (
    TARGET_CHECKS,
    SimulatedEngine,
    SimulatedHost,
    SimulatedRegistry,
    TargetBench,
)

from stella_plugin_your_name import PLUGIN
from stella_plugin_your_name.target import ContainerTarget


def push(registry: SimulatedRegistry, version: str, health: str = "true") -> Digest:
    """``test/web:VERSION``, whose health check ends as it is told."""
    config = {"Cmd": ["/serve"], "Healthcheck": {"Test": ["CMD", health]}}
    return registry.push_image("test/web", version, (version.encode(),), config=config)


@pytest.fixture
def bench(tmp_path: Path) -> TargetBench:
    engine = SimulatedEngine(tmp_path / "engine")
    registry = engine.registry

    def intent(deployment: str, images: Mapping[str, Digest]) -> TargetIntent:
        services = tuple(
            ServicePlan(name, f"{registry.host}/test/{name}@{digest}", digest, (digest,))
            for name, digest in images.items()
        )
        return TargetIntent(
            deployment=deployment,
            release="rel_1",
            release_digest=Digest.of(b"a release"),
            version="1",
            environment="dev",
            target="host",
            project="shop",
            services=services,
        )

    @contextmanager
    def tampered(_: Digest) -> Iterator[None]:
        registry.tamper_blob(Digest.of(b"never"))
        yield
        registry.tamper_blob(Digest.of(b"never"))

    return TargetBench(
        connector=ContainerTarget(),
        host=SimulatedHost(engine, tmp_path / "projects", "shop"),
        intent=intent,
        one=push(registry, "one"),
        two=push(registry, "two"),
        sick=push(registry, "sick", health="false"),
        never_pulled=push(registry, "never"),
        tampered=tampered,
    )


@pytest.mark.parametrize("check", TARGET_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_what_every_target_holds(
    check: Callable[[TargetBench], None], bench: TargetBench
) -> None:
    check(bench)


def test_its_engine_is_named(bench: TargetBench) -> None:
    assert ContainerTarget().engine(bench.host)


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_plugin_your_name")
    for kind in Kind:
        said = {one.name for one in manifest.contributes if one.kind is kind}
        assert PLUGIN.names(kind) == said
