"""The connector against docker-registry itself, which knows no referrers API."""

import json
import shutil
import subprocess

import pytest
from typer.testing import CliRunner

from connectors.registries import RunningRegistry, running_registry
from image.images import (
    DEBIAN,
    Layer,
    build,
    dpkg_status,
    index_of,
    metadata,
    push,
)
from stella.image import (
    BUNDLE_MEDIA_TYPE,
    NoSuchPlatform,
    attach_artifact,
    parse_reference,
    resolve,
)
from stella.kernel import Digest
from stella.plugin.contract.registry import Descriptor, RegistryConfig
from stella.plugin.refusals import (
    BlobDigestMismatch,
    ImageNotFound,
    ManifestMalformed,
    UploadRefused,
)
from stella.sbom import MemoryCache, parse_cyclonedx, scan_image
from stella_connectors.registry import OciRegistry, open_registry

pytestmark = pytest.mark.lab

LAYER = Layer.of(
    {
        "usr/lib/os-release": DEBIAN,
        "var/lib/dpkg/status": dpkg_status(("libssl3", "3.0.11-1", "openssl")),
        "opt/lib/foo-1.dist-info/METADATA": metadata("foo", "1"),
    }
)
AMD = build(LAYER)
ARM = build(LAYER, platform="linux/arm64")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with running_registry(tmp_path_factory.mktemp("registry")) as made:
        yield made


@pytest.fixture
def registry(running: RunningRegistry):
    made = open_registry(RegistryConfig(running.host))
    yield made
    made.close()


def subject_of(content: bytes) -> Descriptor:
    return Descriptor(
        "application/vnd.oci.image.manifest.v1+json", Digest.of(content), len(content)
    )


def test_what_is_pushed_resolves_scans_and_lists_its_tags(registry: OciRegistry):
    reference = push(registry, (AMD, ARM), repository="shop/web", tag="1")
    push(registry, AMD, repository="shop/web", tag="only-amd")
    image = resolve(registry, reference)
    assert image.digest == Digest.of(index_of(AMD, ARM))
    results = scan_image(registry, reference, MemoryCache(), tool_version="1")
    assert [one.platform.platform for one in results] == ["linux/amd64", "linux/arm64"]
    assert {one.name for one in results[0].inventory.components} == {"libssl3", "foo"}
    assert registry.tags("shop/web") == ("1", "only-amd")
    assert registry.tags("shop/nothing") == ()


def test_a_tag_or_repository_that_is_not_there_is_not_found(registry: OciRegistry):
    push(registry, AMD, repository="shop/web", tag="1")
    for text in ("shop/web:nope", "shop/nothing:1"):
        with pytest.raises(ImageNotFound) as refusal:
            resolve(registry, parse_reference(f"{registry.host}/{text}"))
        assert refusal.value.exit_code == 3


def test_an_index_without_our_platform_is_refused(registry: OciRegistry):
    reference = push(registry, (ARM,), repository="shop/arm", tag="1")
    with pytest.raises(NoSuchPlatform, match="linux/arm64"):
        resolve(registry, reference, "linux/amd64")


def test_attachments_are_found_through_the_fallback_tag_and_twice_is_once(registry: OciRegistry):
    reference = push(registry, AMD, repository="shop/attached", tag="1")
    subject = subject_of(AMD.manifest)
    first = attach_artifact(
        registry, reference, subject, BUNDLE_MEDIA_TYPE, b'{"one":1}', BUNDLE_MEDIA_TYPE
    )
    again = attach_artifact(
        registry, reference, subject, BUNDLE_MEDIA_TYPE, b'{"one":1}', BUNDLE_MEDIA_TYPE
    )
    other = attach_artifact(registry, reference, subject, "application/x", b"two", "text/plain")
    assert first == again
    assert {one.digest for one in registry.referrers("shop/attached", AMD.digest)} == {first, other}
    (bundle,) = registry.referrers("shop/attached", AMD.digest, BUNDLE_MEDIA_TYPE)
    assert bundle.artifact_type == BUNDLE_MEDIA_TYPE
    assert f"sha256-{AMD.digest.hex}" in registry.tags("shop/attached")
    assert registry.referrers("shop/attached", ARM.digest) == ()
    artifact = json.loads(registry.manifest("shop/attached", first.text).content)
    assert artifact["subject"]["digest"] == AMD.digest.text


def test_a_byte_changed_in_the_storage_is_a_digest_mismatch(
    registry: OciRegistry, running: RunningRegistry
):
    layer = Layer.of({"opt/lib/tampered-1.dist-info/METADATA": metadata("tampered", "1")})
    reference = push(registry, build(layer), repository="shop/tampered", tag="1")
    stored = running.storage / "docker/registry/v2/blobs/sha256" / layer.digest.hex[:2]
    file = stored / layer.digest.hex / "data"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))
    with (
        pytest.raises(BlobDigestMismatch, match="digest mismatch"),
        registry.blob("shop/tampered", Descriptor("x", layer.digest, len(content))) as chunks,
    ):
        b"".join(chunks)
    with pytest.raises(BlobDigestMismatch, match="digest mismatch"):
        scan_image(registry, reference, MemoryCache(), tool_version="1")


def test_a_changed_manifest_is_a_digest_mismatch(registry: OciRegistry, running: RunningRegistry):
    image = build(Layer.of({"a": b"manifest tamper"}))
    reference = push(registry, image, repository="shop/manifest", tag="1")
    stored = running.storage / "docker/registry/v2/blobs/sha256" / image.digest.hex[:2]
    file = stored / image.digest.hex / "data"
    file.write_bytes(file.read_bytes().replace(b"schemaVersion", b"SchemaVersion"))
    with pytest.raises((BlobDigestMismatch, ManifestMalformed, ImageNotFound)):
        resolve(registry, reference.at(image.digest))


def test_a_manifest_whose_blobs_are_missing_is_not_taken(registry: OciRegistry):
    image = build(Layer.of({"a": b"never pushed"}))
    with pytest.raises(UploadRefused):
        registry.put_manifest(
            "shop/broken",
            image.manifest,
            media_type="application/vnd.oci.image.manifest.v1+json",
            tag="1",
        )


@pytest.mark.outside
def test_skopeo_sees_the_same_digest_and_copies_the_image(registry: OciRegistry, tmp_path):
    program = shutil.which("skopeo")
    if program is None:
        pytest.skip("skopeo is missing: apt-get install skopeo")
    reference = push(registry, (AMD, ARM), repository="shop/judged", tag="1")
    seen = subprocess.run(
        [program, "inspect", "--raw", "--tls-verify=false", f"docker://{reference}"],
        capture_output=True,
        check=True,
    ).stdout
    assert Digest.of(seen) == resolve(registry, reference).digest
    policy = tmp_path / "policy.json"
    policy.write_text('{"default":[{"type":"insecureAcceptAnything"}]}')
    layout = tmp_path / "layout"
    subprocess.run(
        [
            *(program, "--policy", str(policy), "copy", "--all", "--src-tls-verify=false"),
            *(f"docker://{reference}", f"oci:{layout}:1"),
        ],
        capture_output=True,
        check=True,
    )
    from stella.image import OciLayout

    copied = resolve(OciLayout.of_directory(layout), reference)
    assert copied.digest == Digest.of(seen)


def test_scan_by_hand_writes_an_sbom_attaches_it_and_never_claims_zero_findings(
    registry: OciRegistry, tmp_path
):
    import typer

    from stella.cli.scan import scan

    app = typer.Typer()
    app.command()(scan)
    reference = push(registry, AMD, repository="shop/cli", tag="1")
    runner = CliRunner(env={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    sbom = tmp_path / "sbom.json"

    made = runner.invoke(
        app, [str(reference), "-o", "cyclonedx-json", "--to", str(sbom), "--attach"]
    )
    assert made.exit_code == 0, made.output
    assert {one.name for one in parse_cyclonedx(sbom.read_bytes()).components} == {"libssl3", "foo"}
    (attached,) = registry.referrers("shop/cli", AMD.digest)
    assert attached.artifact_type == "application/vnd.cyclonedx+json"

    shown = runner.invoke(app, [str(reference)])
    assert "unknown: no advisories" in shown.output
    assert "0 findings" not in shown.output

    failed = runner.invoke(app, [str(reference), "--fail-on", "critical"])
    assert failed.exit_code == 1
    again = json.loads(runner.invoke(app, [f"sbom:{sbom}", "-o", "json"]).stdout)
    assert again[0]["findings"]["state"] == "unknown"
    assert len(again[0]["components"]) == 2
