"""Our connectors hold what the kit asks of everybody's."""

from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.registries import running_registry
from fixtures.benches import lab_bench, simulated_bench
from stella.kernel import Digest
from stella.lab import Lab
from stella.plugin.contract.registry import RegistryConfig
from stella.sdk.testing import (
    REGISTRY_CHECKS,
    TAKE_DOWN_CHECKS,
    TARGET_CHECKS,
    RegistryBench,
    SimulatedRegistry,
    TargetBench,
)
from stella_connectors.registry import open_registry


@pytest.mark.parametrize("kind", ["docker", "compose"])
@pytest.mark.parametrize(
    "check", [*TARGET_CHECKS, *TAKE_DOWN_CHECKS], ids=lambda check: check.__name__
)
def test_a_target_connector_on_the_simulated_engine(
    kind: str, check: Callable[[TargetBench], None], tmp_path: Path
) -> None:
    with simulated_bench(kind, tmp_path) as bench:
        check(bench)


@pytest.mark.lab
@pytest.mark.parametrize("kind", ["docker", "compose"])
@pytest.mark.parametrize(
    "check", [*TARGET_CHECKS, *TAKE_DOWN_CHECKS], ids=lambda check: check.__name__
)
def test_a_target_connector_on_a_real_engine(
    kind: str,
    check: Callable[[TargetBench], None],
    tmp_path: Path,
    lab: Lab,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with lab_bench(kind, lab, tmp_path, monkeypatch) as bench:
        check(bench)


@pytest.mark.parametrize("check", REGISTRY_CHECKS, ids=lambda check: check.__name__)
def test_the_simulated_registry(check: Callable[[RegistryBench], None], tmp_path: Path) -> None:
    registry = SimulatedRegistry(tmp_path)
    check(RegistryBench(registry, "test/one", registry.tamper_blob))


@pytest.mark.lab
@pytest.mark.parametrize("check", REGISTRY_CHECKS, ids=lambda check: check.__name__)
def test_the_registry_connector(check: Callable[[RegistryBench], None], tmp_path: Path) -> None:
    with running_registry(tmp_path) as running:

        def tamper(digest: Digest) -> None:
            folder = running.storage / "docker/registry/v2/blobs/sha256" / digest.hex[:2]
            path = folder / digest.hex / "data"
            path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])

        registry = open_registry(RegistryConfig(running.host))
        check(RegistryBench(registry, "test/one", tamper))
