"""Our connectors hold what the kit asks of everybody's."""

import os
import shutil
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.test_integrations import document
from connectors.registries import LOGIN, NAME, RunningRegistry, proxy_to, running_registry
from fixtures.benches import lab_bench, simulated_bench
from fixtures.control import Control
from fixtures.road import BASE
from fixtures.ssh_hosts import SshHost
from fixtures.winrm_hosts import WinrmServer
from image.images import build, push
from stella.kernel import Digest
from stella.lab import Lab
from stella.plugin.contract.registry import RegistryConfig
from stella.plugin.refusals import RegistryRefused, RegistryUnreachable
from stella.sdk.testing import (
    REGISTRY_CHECKS,
    TAKE_DOWN_CHECKS,
    TARGET_CHECKS,
    RegistryBench,
    SimulatedRegistry,
    TargetBench,
)
from stella.sdk.testing.conformance import apply_again_changes_nothing, what_is_sick_is_taken_back
from stella.trust import create_authority, new_signer
from stella_connectors.registry import OciRegistry, open_registry

# The whole kit on hosts that are reached takes minutes, and what an agent does there is walked through
# elsewhere (agent/test_ssh_lab.py): all of it only where there is time (`make check-long`).
_ALL = [
    (kind, one) for kind in ("docker", "compose") for one in (*TARGET_CHECKS, *TAKE_DOWN_CHECKS)
]
_HAS_TIME = int(os.environ.get("STELLA_EXAMPLES", "0")) > 0
BY_SSH = _ALL if _HAS_TIME else [("docker", what_is_sick_is_taken_back)]
BY_WINRM = _ALL if _HAS_TIME else [("compose", apply_again_changes_nothing)]


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


@pytest.mark.lab
@pytest.mark.parametrize(("kind", "check"), BY_SSH)
def test_a_target_connector_on_a_real_engine_reached_by_ssh(
    kind: str,
    check: Callable[[TargetBench], None],
    tmp_path: Path,
    lab: Lab,
    ssh_lab_host: SshHost,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.rmtree(ssh_lab_host.projects / "shop", ignore_errors=True)
    with lab_bench(kind, lab, tmp_path, monkeypatch, ssh_lab_host.reach()) as bench:
        check(bench)


@pytest.mark.lab
@pytest.mark.parametrize(("kind", "check"), BY_WINRM)
def test_a_target_connector_on_a_real_engine_reached_by_winrm(
    kind: str,
    check: Callable[[TargetBench], None],
    tmp_path: Path,
    lab: Lab,
    winrm_lab_host: WinrmServer,
    winrm_password: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.rmtree(winrm_lab_host.projects / "shop", ignore_errors=True)
    reach = winrm_lab_host.reach(winrm_password)
    with lab_bench(kind, lab, tmp_path, monkeypatch, reach) as bench:
        check(bench)


@pytest.mark.parametrize("check", REGISTRY_CHECKS, ids=lambda check: check.__name__)
def test_the_simulated_registry(check: Callable[[RegistryBench], None], tmp_path: Path) -> None:
    registry = SimulatedRegistry(tmp_path)
    check(RegistryBench(registry, "test/one", registry.tamper_blob))


def tampering(running: RunningRegistry) -> Callable[[Digest], None]:
    """Changes a byte of a blob in the registry's storage."""

    def tamper(digest: Digest) -> None:
        folder = running.storage / "docker/registry/v2/blobs/sha256" / digest.hex[:2]
        path = folder / digest.hex / "data"
        path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])

    return tamper


@pytest.mark.lab
@pytest.mark.parametrize("check", REGISTRY_CHECKS, ids=lambda check: check.__name__)
def test_the_registry_connector(check: Callable[[RegistryBench], None], tmp_path: Path) -> None:
    with running_registry(tmp_path) as running:
        registry = open_registry(RegistryConfig(running.host))
        check(RegistryBench(registry, "test/one", tampering(running)))


def named_registry(running: RunningRegistry, **more: Any) -> OciRegistry:
    """By its name, which nobody but us knows: on loopback itself a registry is spoken to plainly."""
    port = running.port

    def connect(_host: str, _port: int, timeout: float) -> socket.socket:
        return socket.create_connection(("127.0.0.1", port), timeout)

    return open_registry(RegistryConfig(f"{NAME}:{port}", connect=connect, **more))


@pytest.mark.lab
@pytest.mark.parametrize("check", REGISTRY_CHECKS, ids=lambda check: check.__name__)
def test_the_registry_connector_with_a_login_over_tls(
    check: Callable[[RegistryBench], None], tmp_path: Path
) -> None:
    authority = create_authority(tmp_path, new_signer(), datetime.now(UTC))
    with running_registry(tmp_path, authority) as running:
        ca = authority.certificate.decode()
        registry = named_registry(running, login=lambda: LOGIN, ca=ca)
        check(RegistryBench(registry, "test/one", tampering(running)))


@pytest.mark.lab
def test_a_real_registry_lets_in_by_its_login_alone_and_is_trusted_by_its_authority_alone(
    tmp_path: Path,
) -> None:
    authority = create_authority(tmp_path, new_signer(), datetime.now(UTC))
    ca = authority.certificate.decode()
    with running_registry(tmp_path, authority) as running:
        for login in (None, lambda: ("ana", "wrong"), lambda: ("", "")):
            with pytest.raises(RegistryRefused) as refused:
                named_registry(running, login=login, ca=ca).tags("shop/web")
            assert LOGIN[1] not in str(refused.value)
        stranger = named_registry(running, login=lambda: LOGIN)
        with pytest.raises(RegistryUnreachable, match="certificate"):
            stranger.tags("shop/web")


@pytest.mark.lab
def test_a_real_registry_by_its_integration(control: Control, tmp_path: Path) -> None:
    """Its password out of the built-in store; and what is pushed there makes a release."""
    authority = create_authority(tmp_path, new_signer(), datetime.now(UTC))
    with running_registry(tmp_path, authority) as running, proxy_to(running.port) as proxy:
        host = f"{NAME}:{running.port}"
        stored = control.ask("PUT", "/secrets/registry", {"value": LOGIN[1]}, by="olga")
        assert stored.is_success
        control.ask("PUT", "/secrets/user", {"value": LOGIN[0]}, by="olga")
        spec = {
            "credentials": {"username": "secret://user", "password": "secret://registry"},
            "ca": authority.certificate.decode(),
            "proxy": f"http://{proxy}",
        }
        done = control.apply(document("main", host, **spec))
        assert done.is_success, done.text
        tested = control.post("/integrations/main/test", by="olga")
        assert (tested["outcome"], tested["detail"]) == (
            "pass",
            "it answers, and takes our credentials",
        )
        registry = control.services.outside.registry(host, None)
        push(registry, build(BASE), "shop/web", "1.0.0")
        body = {
            "name": "shop",
            "version": "1.0.0",
            "components": {"web": f"{host}/shop/web:1.0.0"},
        }
        made = control.post("/releases", body)
        assert made["components"][0]["digest"].startswith("sha256:")
        control.ask("PUT", "/secrets/registry", {"value": "another-one"}, by="olga")
        refused = control.post("/integrations/main/test", by="olga")
        assert "do not suffice" in refused["detail"]
