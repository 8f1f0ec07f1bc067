import json

import pytest

from image.images import (
    OCI_MANIFEST,
    BuiltImage,
    Layer,
    MemoryRegistry,
    build,
    index_of,
    push,
    wire,
)
from stella.image import NoSuchPlatform, UnsupportedImage, resolve
from stella.kernel import Digest
from stella.plugin.contract.registry import RawManifest
from stella.plugin.refusals import BlobDigestMismatch, ManifestMalformed, ManifestTooLarge

LAYER = Layer.of({"etc/hostname": b"x"})
AMD = build(LAYER)
ARM = build(LAYER, platform="linux/arm64/v8")
ATTESTATION = {
    **wire(OCI_MANIFEST, b"{}"),
    "platform": {"os": "unknown", "architecture": "unknown"},
}


def test_an_index_stays_an_index_and_lists_its_platforms():
    registry = MemoryRegistry()
    reference = push(registry, (ARM, AMD), extra=(ATTESTATION,))
    image = resolve(registry, reference)
    assert image.digest == Digest.of(index_of(ARM, AMD, extra=(ATTESTATION,)))
    assert [one.platform for one in image.platforms] == ["linux/amd64", "linux/arm64/v8"]
    assert image.platforms[0].digest == AMD.digest
    assert image.platforms[0].diff_ids == (LAYER.diff_id,)


def test_one_platform_is_chosen_and_a_variant_may_be_left_out():
    registry = MemoryRegistry()
    reference = push(registry, (ARM, AMD))
    image = resolve(registry, reference, "linux/arm64")
    assert [one.digest for one in image.platforms] == [ARM.digest]
    assert image.digest == Digest.of(index_of(ARM, AMD))


def test_a_manifest_without_index_is_its_own_identity():
    registry = MemoryRegistry()
    image = resolve(registry, push(registry, AMD))
    assert image.digest == AMD.digest == image.platforms[0].digest


@pytest.mark.parametrize("images", [(ARM,), ARM], ids=["index", "single manifest"])
def test_an_image_without_our_platform_is_refused_with_what_it_has(images):
    registry = MemoryRegistry()
    with pytest.raises(NoSuchPlatform, match="linux/arm64/v8") as refusal:
        resolve(registry, push(registry, images), "linux/amd64")
    assert refusal.value.exit_code == 3


def test_a_digest_that_delivers_other_bytes_is_refused():
    registry = MemoryRegistry()
    reference = push(registry, AMD).at(AMD.digest)
    lie = RawManifest(OCI_MANIFEST, AMD.digest, ARM.manifest)
    registry.manifests["shop/web", AMD.digest.text] = lie
    with pytest.raises(BlobDigestMismatch, match="digest mismatch"):
        resolve(registry, reference)


def test_a_platform_manifest_swapped_under_the_index_is_refused():
    registry = MemoryRegistry()
    reference = push(registry, (AMD,))
    lie = RawManifest(OCI_MANIFEST, AMD.digest, ARM.manifest)
    registry.manifests["shop/web", AMD.digest.text] = lie
    with pytest.raises(BlobDigestMismatch):
        resolve(registry, reference)


def test_an_index_that_announces_another_platform_than_it_holds_is_refused():
    registry = MemoryRegistry()
    disguised = BuiltImage(ARM.manifest, ARM.config, ARM.layers, "linux/amd64")
    with pytest.raises(ManifestMalformed, match="is announced as linux/amd64"):
        resolve(registry, push(registry, (disguised,)))


def changed(**fields: object) -> bytes:
    return json.dumps({**json.loads(AMD.manifest), **fields}).encode()


ODD_LAYER = {**wire("x", b""), "digest": "md5:0"}
HUGE_CONFIG = {**wire("application/vnd.oci.image.config.v1+json", b""), "size": 2**40}
HOSTILE_MANIFESTS = [
    ("not json", b"<html>", ManifestMalformed),
    ("no utf-8", b'{"schemaVersion":2,"mediaType":"\xff"}', ManifestMalformed),
    ("cut off", AMD.manifest[:-1], ManifestMalformed),
    ("too large", b" " * (4 * 1024 * 1024 + 1), ManifestTooLarge),
    ("nested without end", b"[" * 100_000, ManifestMalformed),
    ("schema version 1", changed(schemaVersion=1), ManifestMalformed),
    ("config without digest", changed(config={"mediaType": "x", "size": 1}), ManifestMalformed),
    ("manifest and index at once", changed(manifests=[]), ManifestMalformed),
    ("layer digest of another kind", changed(layers=[ODD_LAYER]), ManifestMalformed),
    ("negative size", changed(layers=[{**wire("x", b""), "size": -1}]), ManifestMalformed),
    ("more layers than diff ids", changed(layers=[wire("x", b"")] * 2), ManifestMalformed),
    ("a thousand layers", changed(layers=[wire("x", b"")] * 1000), ManifestTooLarge),
    ("an artifact", changed(config=wire("application/vnd.oci.empty.v1+json", b"{}")), UnsupportedImage),
    ("an unknown kind", changed(mediaType="application/json"), UnsupportedImage),
    ("a huge config", changed(config=HUGE_CONFIG), BlobDigestMismatch),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "refusal"),
    [case[1:] for case in HOSTILE_MANIFESTS],
    ids=[case[0] for case in HOSTILE_MANIFESTS],
)
def test_a_hostile_manifest_is_refused(content, refusal):
    registry = MemoryRegistry()
    reference = push(registry, AMD)
    registry.put_manifest("shop/web", content, media_type="application/json", tag="1")
    with pytest.raises(refusal) as refused:
        resolve(registry, reference)
    assert refused.value.remedy.advice


def test_a_media_type_that_contradicts_the_registry_is_refused():
    registry = MemoryRegistry()
    reference = push(registry, AMD)
    index_type = "application/vnd.oci.image.index.v1+json"
    registry.put_manifest("shop/web", AMD.manifest, media_type=index_type, tag="1")
    with pytest.raises(ManifestMalformed, match="the registry says"):
        resolve(registry, reference)
