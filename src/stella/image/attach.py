"""Attach something to an image: an OCI 1.1 artifact manifest whose subject is the image."""

from collections.abc import Mapping

from stella.image.manifest import (
    OCI_EMPTY,
    OCI_MANIFEST,
    descriptor,
    malformed,
    parse_manifest,
)
from stella.image.model import Reference
from stella.kernel import Digest, Json, canonical_json
from stella.plugin.contract.registry import Descriptor, RawManifest, Registry

BUNDLE_MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_EMPTY = b"{}"


def artifact_manifest(
    subject: Descriptor,
    artifact_type: str,
    content: bytes,
    media_type: str,
    annotations: Mapping[str, str] | None = None,
) -> bytes:
    """The artifact manifest's bytes; the same input gives the same bytes, so twice is once.

    Source: image-spec 1.1, "Guidelines for Artifact Usage".
    """
    made: dict[str, Json] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": _wire(Descriptor(OCI_EMPTY, Digest.of(_EMPTY), len(_EMPTY))),
        "layers": [_wire(Descriptor(media_type, Digest.of(content), len(content)))],
        "subject": _wire(subject),
    }
    if annotations:
        made["annotations"] = dict(annotations)
    return canonical_json(made)


def artifact_of(manifest: RawManifest, digest: Digest) -> Descriptor:
    """Where the one thing lies that the artifact manifest ``digest`` was made for.

    Raises ManifestMalformed, also where it is another manifest.
    """
    if Digest.of(manifest.content) != digest:
        raise malformed("artifact manifest", f"it is not {digest}")
    layers = parse_manifest(manifest.content).layers
    if len(layers) != 1:
        raise malformed("artifact manifest", f"it has {len(layers)} layers, not one")
    return descriptor(layers[0], "artifact manifest")


def attach_artifact(  # noqa: PLR0917 - the order of an attachment: where, to what, what
    registry: Registry,
    reference: Reference,
    subject: Descriptor,
    artifact_type: str,
    content: bytes,
    media_type: str,
    *,
    annotations: Mapping[str, str] | None = None,
) -> Digest:
    """Attach ``content`` to ``subject`` in the reference's repository; the artifact's digest.

    For a Sigstore bundle, ``artifact_type`` and ``media_type`` are both BUNDLE_MEDIA_TYPE: that is
    where cosign looks. Attaching the same bytes again changes nothing.
    Raises the refusals of ``stella.plugin.refusals``.
    """
    registry.put_blob(reference.repository, _EMPTY)
    registry.put_blob(reference.repository, content)
    manifest = artifact_manifest(subject, artifact_type, content, media_type, annotations)
    return registry.attach(reference.repository, manifest)


def _wire(descriptor: Descriptor) -> dict[str, Json]:
    return {
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest.text,
        "size": descriptor.size,
    }
