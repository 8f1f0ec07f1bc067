"""An OCI image layout, in a directory. Source: image-spec, "Image Layout"."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

from stella.image.errors import AmbiguousImage, MalformedLayout
from stella.image.manifest import (
    INDEX_TYPES,
    MANIFEST_BYTES_MAX,
    MANIFEST_TYPES,
    descriptor,
    parse_index,
)
from stella.image.source import mismatch
from stella.kernel import Digest, Remedy
from stella.plugin.contract.registry import Descriptor, RawManifest
from stella.plugin.refusals import ImageNotFound, ManifestTooLarge

CHUNK_BYTES = 1024 * 1024
_NAME = "org.opencontainers.image.ref.name"

Opener = Callable[[str], AbstractContextManager[BinaryIO] | None]
"""Name inside the layout -> its open file, or None."""


class OciLayout:
    """A layout as an image source. ``repository`` plays no part: a layout is one repository."""

    def __init__(self, name: str, opener: Opener) -> None:
        self.host = name
        self._open = opener

    @classmethod
    def of_directory(cls, directory: Path) -> "OciLayout":
        """The layout in ``directory``. Raises MalformedLayout where there is none."""
        root = os.path.realpath(directory)

        def opener(name: str) -> AbstractContextManager[BinaryIO] | None:
            # Blobs are named by their digest, but a link could still lead out of the directory.
            path = os.path.realpath(os.path.join(root, name))  # noqa: PTH118
            if os.path.commonpath((root, path)) != root or not os.path.isfile(path):  # noqa: PTH113
                return None
            return open(path, "rb")  # noqa: PTH123

        layout = cls("oci-layout", opener)
        if opener("index.json") is None:
            raise not_a_layout(f"{directory} has no index.json")
        return layout

    def manifest(self, repository: str, reference: str) -> RawManifest:
        """The manifest or index named ``reference``: a digest, a ref name, or the only one there."""
        del repository
        if reference.startswith("sha256:"):
            return self._manifest(Digest(reference), "")
        entries = [
            descriptor(entry, "layout's index") for entry in parse_index(self._index()).manifests
        ]
        images = [entry for entry in entries if entry.media_type in INDEX_TYPES | MANIFEST_TYPES]
        named = [entry for entry in images if _is_named(entry, reference)]
        if not named and reference == "latest":
            named = images
        if not named:
            raise ImageNotFound(
                f"the layout has no image named {reference}",
                remedy=Remedy(f"It has: {_names(images)}."),
                wanted=reference,
            )
        if len({entry.digest for entry in named}) > 1:
            raise AmbiguousImage(
                f"the layout holds several images: {_names(images)}",
                remedy=Remedy("Name one of them: oci-layout:DIR:TAG or oci-layout:DIR@sha256:..."),
            )
        return self._manifest(named[0].digest, named[0].media_type)

    @contextmanager
    def blob(self, repository: str, descriptor: Descriptor) -> Iterator[Iterator[bytes]]:
        """The blob as chunks, verified at the end."""
        del repository
        with self._opened(descriptor.digest) as file:
            yield verified_chunks(file, descriptor)

    def _index(self) -> bytes:
        opened = self._open("index.json")
        if opened is None:
            raise not_a_layout("index.json is missing")
        with opened as file:
            return file.read(MANIFEST_BYTES_MAX + 1)

    def _manifest(self, digest: Digest, media_type: str) -> RawManifest:
        with self._opened(digest) as file:
            content = file.read(MANIFEST_BYTES_MAX + 1)
        if len(content) > MANIFEST_BYTES_MAX:
            raise ManifestTooLarge(
                f"the manifest {digest} is larger than {MANIFEST_BYTES_MAX} bytes",
                remedy=Remedy("Check what this layout holds: no real manifest is so large."),
            )
        if Digest.of(content) != digest:
            raise mismatch(digest, f"the file holds {Digest.of(content)}")
        return RawManifest(media_type, digest, content)

    def _opened(self, digest: Digest) -> AbstractContextManager[BinaryIO]:
        opened = self._open(f"blobs/sha256/{digest.hex}")
        if opened is None:
            raise ImageNotFound(
                f"the layout has no blob {digest}",
                remedy=Remedy("Write the layout again, with every platform and layer."),
                digest=digest,
            )
        return opened


def verified_chunks(file: BinaryIO, wanted: Descriptor) -> Iterator[bytes]:
    """The file's bytes; after the last chunk size and digest are checked."""
    hasher, received = hashlib.sha256(), 0
    while chunk := file.read(CHUNK_BYTES):
        received += len(chunk)
        if received > wanted.size:
            raise mismatch(wanted.digest, f"it is longer than {wanted.size} bytes")
        hasher.update(chunk)
        yield chunk
    if received != wanted.size or hasher.hexdigest() != wanted.digest.hex:
        raise mismatch(wanted.digest, f"{received} bytes with sha256:{hasher.hexdigest()}")


def not_a_layout(why: str) -> MalformedLayout:
    """The refusal of what holds no image."""
    return MalformedLayout(
        f"no image can be read there: {why}",
        remedy=Remedy("Give an OCI layout directory, or a tar of docker save or of an OCI layout."),
        why=why,
    )


def _is_named(entry: Descriptor, reference: str) -> bool:
    name = entry.annotations.get(_NAME, "")
    return name == reference or name.endswith(f":{reference}")


def _names(entries: list[Descriptor]) -> str:
    names = [entry.annotations.get(_NAME) or entry.digest.text for entry in entries[:20]]
    return ", ".join(names) or "no image at all"
