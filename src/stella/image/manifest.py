"""Manifests, indexes and configurations: parsed strictly, bounded, from hostile bytes."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from stella.kernel import Digest, MalformedDigest, Remedy
from stella.plugin.contract.registry import Descriptor
from stella.plugin.refusals import ManifestMalformed, ManifestTooLarge

MANIFEST_BYTES_MAX = 4 * 1024 * 1024  # distribution-spec 1.1: registries should take 4 MiB
CONFIG_BYTES_MAX = 8 * 1024 * 1024
LAYERS_MAX = 512
INDEX_ENTRIES_MAX = 1024

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX_TYPES = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFEST_TYPES = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
CONFIG_TYPES = frozenset(
    {
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
    }
)


class WirePlatform(msgspec.Struct, frozen=True):
    """``platform`` of a descriptor (image-spec, "Image Index")."""

    os: str
    architecture: str
    variant: str = ""

    def text(self) -> str:
        """``linux/arm64/v8``."""
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


class WireDescriptor(msgspec.Struct, frozen=True, rename="camel"):
    """A descriptor as it stands in JSON."""

    media_type: str
    digest: str
    size: int
    artifact_type: str | None = None
    platform: WirePlatform | None = None
    annotations: dict[str, str] | None = None


class WireManifest(msgspec.Struct, frozen=True, rename="camel"):
    """Image manifest, OCI or Docker v2 schema 2."""

    schema_version: int
    config: WireDescriptor
    layers: list[WireDescriptor]
    media_type: str | None = None
    artifact_type: str | None = None
    subject: WireDescriptor | None = None
    annotations: dict[str, str] | None = None


class WireIndex(msgspec.Struct, frozen=True, rename="camel"):
    """Image index, or Docker manifest list."""

    schema_version: int
    manifests: list[WireDescriptor]
    media_type: str | None = None


class WireRootFs(msgspec.Struct, frozen=True):
    """``rootfs`` of an image configuration."""

    diff_ids: list[str]


class WireRun(msgspec.Struct, frozen=True):
    """``config`` of an image configuration: what a container gets unless told otherwise."""

    entrypoint: list[str] | None = msgspec.field(default=None, name="Entrypoint")
    command: list[str] | None = msgspec.field(default=None, name="Cmd")
    user: str | None = msgspec.field(default=None, name="User")
    labels: dict[str, str] | None = msgspec.field(default=None, name="Labels")
    environment: list[str] | None = msgspec.field(default=None, name="Env")
    directory: str | None = msgspec.field(default=None, name="WorkingDir")


class WireStep(msgspec.Struct, frozen=True):
    """One entry of ``history``: what the builder says it did."""

    created_by: str | None = None
    comment: str | None = None


class WireConfig(msgspec.Struct, frozen=True):
    """The image configuration, as far as Stella needs it."""

    os: str
    architecture: str
    rootfs: WireRootFs
    variant: str = ""
    config: WireRun | None = None
    history: list[WireStep] | None = None
    # Whatever a builder wrote there: nothing but the age of what is built on it rests on that.
    created: object = None

    def platform(self) -> str:
        """``linux/amd64``."""
        return WirePlatform(self.os, self.architecture, self.variant).text()


Wire = TypeVar("Wire")


def media_type_of(content: bytes, announced: str) -> str:
    """The document's own ``mediaType``; where it has none, the one the registry announced.

    Raises ManifestMalformed where the two contradict each other: which parser reads the bytes must
    not be the sender's choice (CVE-2021-41190).
    """
    probe = _decoded(content, _Probe, "manifest")
    announced = announced.partition(";")[0].strip().lower()
    if probe.config is not None and probe.manifests is not None:
        raise malformed("manifest", "it claims to be a manifest and an index at once")
    own = probe.media_type
    known = INDEX_TYPES | MANIFEST_TYPES
    if own and announced in known and own != announced:
        raise malformed("manifest", f"it says {own}, the registry says {announced}")
    if own:
        return own
    if announced in known:
        return announced
    return OCI_INDEX if probe.manifests is not None else OCI_MANIFEST


def parse_manifest(content: bytes) -> WireManifest:
    """An image manifest. Raises ManifestMalformed, ManifestTooLarge."""
    manifest = _decoded(content, WireManifest, "image manifest")
    if manifest.schema_version != 2:
        raise malformed("image manifest", f"schemaVersion {manifest.schema_version}, 2 is known")
    if len(manifest.layers) > LAYERS_MAX:
        raise _too_large(f"{len(manifest.layers)} layers, at most {LAYERS_MAX} are read")
    return manifest


def parse_index(content: bytes) -> WireIndex:
    """An image index. Raises ManifestMalformed, ManifestTooLarge."""
    index = _decoded(content, WireIndex, "image index")
    if index.schema_version != 2:
        raise malformed("image index", f"schemaVersion {index.schema_version}, 2 is known")
    if len(index.manifests) > INDEX_ENTRIES_MAX:
        raise _too_large(f"{len(index.manifests)} entries, at most {INDEX_ENTRIES_MAX} are read")
    return index


def parse_config(content: bytes) -> WireConfig:
    """An image configuration. Raises ManifestMalformed, ManifestTooLarge."""
    if len(content) > CONFIG_BYTES_MAX:
        raise _too_large(f"a configuration of {len(content)} bytes, {CONFIG_BYTES_MAX} are read")
    return _decode(content, WireConfig, "image configuration")


def descriptor(wire: WireDescriptor, what: str) -> Descriptor:
    """The checked descriptor. Raises ManifestMalformed."""
    if wire.size < 0:
        raise malformed(what, f"a size of {wire.size}")
    return Descriptor(
        media_type=wire.media_type,
        digest=checked_digest(wire.digest, what),
        size=wire.size,
        artifact_type=wire.artifact_type,
        platform=wire.platform.text() if wire.platform else None,
        annotations=wire.annotations or {},
    )


def checked_digest(text: str, what: str) -> Digest:
    """The digest. Raises ManifestMalformed."""
    try:
        return Digest(text)
    except MalformedDigest:
        raise malformed(what, f"{text[:100]!r} is no sha256 digest") from None


def malformed(what: str, why: str) -> ManifestMalformed:
    """The refusal, with the one remedy there is."""
    return ManifestMalformed(
        f"the {what} is malformed: {why}",
        remedy=Remedy("Push the image again with a tool that writes OCI or Docker v2 manifests."),
        what=what,
        why=why,
    )


class _Probe(msgspec.Struct, frozen=True, rename="camel"):
    """Just enough to tell a manifest from an index."""

    media_type: str | None = None
    config: Mapping[str, object] | None = None
    manifests: list[object] | None = None


def _decoded(content: bytes, kind: type[Wire], what: str) -> Wire:
    if len(content) > MANIFEST_BYTES_MAX:
        raise _too_large(f"{len(content)} bytes, at most {MANIFEST_BYTES_MAX} are read")
    return _decode(content, kind, what)


def _decode(content: bytes, kind: type[Wire], what: str) -> Wire:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(what, str(error)[:200]) from None


def _too_large(why: str) -> ManifestTooLarge:
    return ManifestTooLarge(
        f"the manifest is too large: {why}",
        remedy=Remedy("Build the image with fewer layers or platforms, then push it again."),
    )
