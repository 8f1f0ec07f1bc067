"""A registry of images, by the OCI distribution specification."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from stella.kernel import Digest
from stella.plugin.contract.connection import Connect


@dataclass(frozen=True, slots=True)
class RegistryConfig:
    """How to reach one registry.

    host: ``name[:port]`` as it stands in image references.
    plain_http: talk HTTP, not HTTPS. True without asking only for loopback hosts.
    login: gives user and password, asked for at each use and never kept; None for anonymous.
    connect: the way to the network; None for any. ca_file, ca: an own authority, as a file of PEM or
    as its text. proxy: URL of the one that is used in any case.
    """

    host: str
    plain_http: bool = False
    login: Callable[[], tuple[str, str]] | None = field(default=None, repr=False)
    ca_file: str | None = None
    timeout_s: int = 30
    connect: Connect | None = field(default=None, repr=False)
    ca: str | None = None
    proxy: str | None = None


@dataclass(frozen=True, slots=True)
class Descriptor:
    """An OCI content descriptor (image-spec, "Descriptors"). ``size`` in bytes."""

    media_type: str
    digest: Digest
    size: int
    artifact_type: str | None = None
    platform: str | None = None  # "linux/amd64", "linux/arm64/v8"
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RawManifest:
    """A manifest or index exactly as the registry sent it; ``digest`` is computed over ``content``."""

    media_type: str
    digest: Digest
    content: bytes


class Registry(Protocol):
    """One registry, by the OCI distribution specification 1.1.

    ``repository`` is the path without the host (``shop/web``); ``reference`` a tag or digest text.
    Reading raises ``RegistryUnreachable``, ``RegistryRefused`` (not allowed), ``ImageNotFound``,
    ``ManifestMalformed`` (also a list that does not end), ``ManifestTooLarge``, ``BlobDigestMismatch``;
    writing ``UploadRefused`` as well.
    """

    host: str

    def manifest(self, repository: str, reference: str) -> RawManifest:
        """The manifest, its bytes verified against the digest asked for or announced."""
        ...

    def blob(
        self, repository: str, descriptor: Descriptor
    ) -> AbstractContextManager[Iterator[bytes]]:
        """The blob as chunks, bounded by and verified against the descriptor at the end."""
        ...

    def put_blob(self, repository: str, content: bytes) -> Descriptor:
        """Upload; a blob that is already there costs one HEAD."""
        ...

    def put_manifest(
        self, repository: str, content: bytes, *, media_type: str, tag: str | None = None
    ) -> Digest:
        """Upload by digest, or under ``tag`` as well."""
        ...

    def referrers(
        self, repository: str, subject: Digest, artifact_type: str | None = None
    ) -> tuple[Descriptor, ...]:
        """What is attached to ``subject``: by the referrers API, else by the fallback tag."""
        ...

    def attach(self, repository: str, manifest: bytes) -> Digest:
        """Upload an artifact manifest that names a ``subject``; keeps the fallback tag's index."""
        ...

    def tags(self, repository: str) -> tuple[str, ...]:
        """Every tag, sorted; empty where the repository does not exist."""
        ...
