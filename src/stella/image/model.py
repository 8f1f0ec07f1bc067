"""What an image is: references, manifests, platforms, layers."""

from dataclasses import dataclass

from stella.kernel import Digest
from stella.plugin.contract.registry import Descriptor


@dataclass(frozen=True, slots=True)
class Reference:
    """``host/repository[:tag][@digest]``, parsed. ``tag`` is a convenience, never an identity."""

    host: str
    repository: str
    tag: str | None = None
    digest: Digest | None = None

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.host}/{self.repository}{tag}{digest}"

    def at(self, digest: Digest) -> "Reference":
        """The same repository, named by ``digest`` alone."""
        return Reference(self.host, self.repository, None, digest)


@dataclass(frozen=True, slots=True)
class PlatformImage:
    """One platform of an image: what is scanned, pulled and run.

    config: descriptor of the image configuration. layers: bottom first, compressed digests.
    diff_ids: digests of the uncompressed layers, same order.
    """

    platform: str
    digest: Digest
    manifest: bytes
    config: Descriptor
    config_content: bytes
    layers: tuple[Descriptor, ...]
    diff_ids: tuple[Digest, ...]


@dataclass(frozen=True, slots=True)
class Image:
    """What a reference resolved to. ``digest`` is the index's where there is one.

    platforms: every runnable platform under it; attestation manifests (``unknown/unknown``) left out.
    attestations: those manifests, each with the digest of the platform that it is about.
    """

    reference: Reference
    digest: Digest
    media_type: str
    platforms: tuple[PlatformImage, ...]
    attestations: tuple[tuple[Digest, Descriptor], ...] = ()
