"""Where an image is read from: a registry, an OCI layout, a tar file. One port for all three."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from stella.kernel import Digest, Remedy
from stella.plugin.contract.registry import Descriptor, RawManifest
from stella.plugin.refusals import BlobDigestMismatch


class ImageSource(Protocol):
    """The reading half of ``Registry``; a registry connector is one as it stands."""

    host: str

    def manifest(self, repository: str, reference: str) -> RawManifest:
        """The manifest or index that ``reference`` (tag or digest text) names, verified."""
        ...

    def blob(
        self, repository: str, descriptor: Descriptor
    ) -> AbstractContextManager[Iterator[bytes]]:
        """The blob as chunks, bounded by and verified against the descriptor at the end."""
        ...


def read_blob(source: ImageSource, repository: str, wanted: Descriptor, *, bytes_max: int) -> bytes:
    """A small blob as a whole, verified once more: a connector may be a stranger's.

    Raises BlobDigestMismatch, and whatever the source raises.
    """
    if wanted.size > bytes_max:
        raise mismatch(wanted.digest, f"it announces {wanted.size} bytes, {bytes_max} are read")
    with source.blob(repository, wanted) as chunks:
        content = b"".join(chunks)
    if Digest.of(content) != wanted.digest:
        raise mismatch(wanted.digest, "its bytes have another digest")
    return content


def mismatch(digest: Digest, why: str) -> BlobDigestMismatch:
    """The refusal of bytes that are not what was announced."""
    return BlobDigestMismatch(
        f"digest mismatch: {digest} is not what was delivered: {why}",
        remedy=Remedy(
            "Do not use this image: its storage is damaged or tampered with. Push it again."
        ),
        digest=digest,
        why=why,
    )
