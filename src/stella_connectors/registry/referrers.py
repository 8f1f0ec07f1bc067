"""Referrers without the referrers API: the index under the tag ``sha256-<hex>``.

Source: distribution-spec 1.1, "Referrers Tag Schema".
"""

import threading
from typing import Protocol, TypeVar

import msgspec

from stella.sdk import (
    Descriptor,
    Digest,
    ImageNotFound,
    MalformedDigest,
    ManifestMalformed,
    RawManifest,
    Remedy,
    UploadRefused,
)

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_WRITES_MAX = 5


Wire = TypeVar("Wire")


class _Entry(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    media_type: str
    digest: str
    size: int
    artifact_type: str | None = None
    annotations: dict[str, str] | None = None


class _Index(msgspec.Struct, frozen=True, rename="camel"):
    schema_version: int
    manifests: list[_Entry]
    media_type: str = OCI_INDEX


class _Artifact(msgspec.Struct, frozen=True, rename="camel"):
    config: _Entry
    subject: _Entry
    artifact_type: str | None = None
    annotations: dict[str, str] | None = None


class _Manifests(Protocol):
    """The two calls of the connector that the fallback needs."""

    def manifest(self, repository: str, reference: str) -> RawManifest: ...

    def put_manifest(
        self, repository: str, content: bytes, *, media_type: str, tag: str | None = None
    ) -> Digest: ...


class FallbackIndex:
    """The index that a producer keeps where the registry keeps none."""

    def __init__(self, registry: _Manifests) -> None:
        self._registry = registry
        self._lock = threading.Lock()

    def read(self, repository: str, subject: Digest) -> tuple[Descriptor, ...]:
        """Its entries; none where the tag does not exist."""
        return tuple(_descriptor(entry) for entry in self._entries(repository, subject))

    def add(self, repository: str, subject: Digest, entry: Descriptor) -> None:
        """Put ``entry`` into the index, and look whether it stayed there.

        The format has no compare-and-swap, so another producer may overwrite ours: read again,
        write again. Raises UploadRefused where that does not settle.
        """
        wanted = _Entry(
            media_type=entry.media_type,
            digest=entry.digest.text,
            size=entry.size,
            artifact_type=entry.artifact_type,
            annotations=dict(entry.annotations) or None,
        )
        with self._lock:
            for _ in range(_WRITES_MAX):
                entries = self._entries(repository, subject)
                if any(known.digest == wanted.digest for known in entries):
                    return
                index = _Index(2, sorted([*entries, wanted], key=lambda known: known.digest))
                self._registry.put_manifest(
                    repository,
                    msgspec.json.encode(index),
                    media_type=OCI_INDEX,
                    tag=fallback_tag(subject),
                )
        raise UploadRefused(
            f"the referrers of {subject} are being rewritten by somebody else",
            remedy=Remedy("Let the other upload finish, then attach again."),
            subject=subject,
        )

    def _entries(self, repository: str, subject: Digest) -> list[_Entry]:
        try:
            raw = self._registry.manifest(repository, fallback_tag(subject))
        except ImageNotFound:
            return []
        return _decode(raw.content, _Index).manifests


def fallback_tag(subject: Digest) -> str:
    """``sha256-<hex>``."""
    return f"sha256-{subject.hex}"


def read_index(content: bytes) -> tuple[Descriptor, ...]:
    """The entries of a referrers index. Raises ManifestMalformed."""
    return tuple(_descriptor(entry) for entry in _decode(content, _Index).manifests)


def parse_subject(manifest: bytes) -> Digest:
    """The digest that an artifact manifest names as its subject. Raises ManifestMalformed."""
    return _digest(_decode(manifest, _Artifact).subject.digest)


def descriptor_of(manifest: bytes) -> Descriptor:
    """An artifact manifest's own entry: ``artifactType``, else the type of its configuration."""
    artifact = _decode(manifest, _Artifact)
    return Descriptor(
        media_type=OCI_MANIFEST,
        digest=Digest.of(manifest),
        size=len(manifest),
        artifact_type=artifact.artifact_type or artifact.config.media_type,
        annotations=artifact.annotations or {},
    )


def _descriptor(entry: _Entry) -> Descriptor:
    return Descriptor(
        media_type=entry.media_type,
        digest=_digest(entry.digest),
        size=entry.size,
        artifact_type=entry.artifact_type,
        annotations=entry.annotations or {},
    )


def _decode(content: bytes, kind: type[Wire]) -> Wire:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(str(error)[:200]) from None


def _digest(text: str) -> Digest:
    try:
        return Digest(text)
    except MalformedDigest:
        raise _malformed(f"{text[:100]!r} is no sha256 digest") from None


def _malformed(why: str) -> ManifestMalformed:
    return ManifestMalformed(
        f"what is attached to the image is malformed: {why}",
        remedy=Remedy("Attach it again with a tool that writes OCI 1.1 artifacts."),
        why=why,
    )
