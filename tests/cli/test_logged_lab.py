"""SBOM and VEX beside an image in a real registry, with proof from the ledger: stock cosign's verdict."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.registries import RunningRegistry, running_registry
from fixtures.commands import Command
from fixtures.servers import People
from image.images import DEBIAN, Layer, build, dpkg_status, push
from stella.plugin.contract.registry import RegistryConfig
from stella.trust import OPENVEX, create_key
from stella_connectors.registry import open_registry

pytestmark = [pytest.mark.lab, pytest.mark.outside]

LAYER = Layer.of(
    {
        "usr/lib/os-release": DEBIAN,
        "var/lib/dpkg/status": dpkg_status(("libssl3", "3.0.11-1", "openssl")),
    }
)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with running_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


def test_cosign_verifies_logged_sbom_and_vex_beside_an_image(
    admin: Command, users: People, registry: RunningRegistry, each_cosign: Path, tmp_path: Path
):
    opened = open_registry(RegistryConfig(registry.host, plain_http=True))
    image = build(LAYER)
    push(opened, image, "shop/web", "1.0")
    reference = f"{registry.host}/shop/web@{image.digest}"
    create_key(tmp_path, "ci")
    root = tmp_path / "root.json"
    assert admin("trust", "root", "--to", str(root)).exit_code == 0
    signing = ("--sign", str(tmp_path / "ci.key"), "--log", "--plain-http")
    done = admin("scan", reference, "--attach", *signing, "--to", str(tmp_path / "sbom.txt"))
    assert done.exit_code == 0, done.stderr
    vex = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://shop.example/vex/1",
        "author": "shop",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": 1,
        "statements": [
            {
                "vulnerability": {"name": "CVE-2026-1"},
                "products": [{"@id": f"pkg:oci/web@{image.digest}"}],
                "status": "fixed",
            }
        ],
    }
    (tmp_path / "vex.json").write_text(json.dumps(vex))
    done = admin("vex", "publish", str(tmp_path / "vex.json"), reference, *signing)
    assert done.exit_code == 0, done.stderr

    def verdict(kind: str, *more: str) -> str:
        """Empty where cosign takes it, otherwise why not."""
        done = subprocess.run(
            [
                *(str(each_cosign), "verify-attestation", "--new-bundle-format", "--type", kind),
                *("--trusted-root", str(root), "--allow-http-registry", *more, reference),
            ],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env={"HOME": str(tmp_path), "PATH": os.defpath},
        )
        return done.stderr if done.returncode else ""

    ours = ("--key", str(tmp_path / "ci.pub"))
    create_key(tmp_path, "other")
    assert verdict("cyclonedx", *ours) == ""
    assert verdict(OPENVEX, *ours) == ""
    assert verdict("cyclonedx", "--key", str(tmp_path / "other.pub"))
    bundle = tmp_path / "sbom.txt.sigstore.json"
    words = ("trust", "verify", "--bundle", str(bundle), "--trusted-root", str(root))
    done = admin(*words, *ours, "--artifact", str(image.digest))
    assert done.exit_code == 0, done.stdout
    assert f"entry 1 of 2 in {users.services.attestor.name}" in done.stdout
