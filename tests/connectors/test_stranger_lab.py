"""What ``stella plugin new target`` writes, as a wheel, in a process of its own, on a real engine."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.benches import lab_bench
from stella.lab import Lab
from stella.plugin.contract.core import Kind
from stella.plugin.manifest import read_manifest
from stella.sdk.apart.opened import plugin_apart
from stella.sdk.apart.process import CONFINEMENT, PluginProcess, PluginSource
from stella.sdk.new import write_plugin
from stella.sdk.testing import TARGET_CHECKS, TargetBench

pytestmark = pytest.mark.lab


@pytest.fixture
def bench(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TargetBench]:
    write_plugin(Kind.TARGET, "quay-side", tmp_path / "plugin")
    sources = tmp_path / "plugin" / "src"
    manifest = read_manifest(sources / "stella_plugin_quay_side" / "stella-plugin.json")
    process = PluginProcess(
        PluginSource(manifest, "stella_plugin_quay_side:PLUGIN", sources, CONFINEMENT)
    )
    with lab_bench("docker", lab, tmp_path / "projects", monkeypatch) as ours:
        yield replace(ours, connector=plugin_apart(process).targets["quay-side"]())
    process.close()


@pytest.mark.parametrize("check", TARGET_CHECKS, ids=lambda check: check.__name__)
def test_a_new_plugin_holds_the_kit_on_a_real_engine(
    check: Callable[[TargetBench], None], bench: TargetBench
) -> None:
    check(bench)
