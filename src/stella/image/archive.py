"""An image in a tar file: of ``docker save``, or an OCI layout packed up. Nothing is unpacked."""

import hashlib
import tarfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Self, cast

import msgspec

from stella.image.compression import MAGIC_BYTES, Compression, compression_of
from stella.image.errors import AmbiguousImage
from stella.image.layout import CHUNK_BYTES, OciLayout, not_a_layout, verified_chunks
from stella.image.manifest import CONFIG_BYTES_MAX, OCI_MANIFEST, parse_config
from stella.image.source import ImageSource
from stella.kernel import Digest, Json, MalformedDigest, Remedy, canonical_json
from stella.plugin.contract.registry import Descriptor, RawManifest
from stella.plugin.refusals import ImageNotFound

_MEMBERS_MAX = 200_000
_LINKS_MAX = 4
_LAYER = "application/vnd.oci.image.layer.v1.tar"


class _Saved(msgspec.Struct, frozen=True):
    """One image of ``manifest.json`` as ``docker save`` writes it."""

    config: str = msgspec.field(name="Config")
    layers: list[str] = msgspec.field(name="Layers")
    tags: list[str] | None = msgspec.field(default=None, name="RepoTags")


class TarImage:
    """A tar file as an image source; ``open`` tells the two formats apart."""

    @staticmethod
    def open(file: Path) -> ImageSource:
        """The image in ``file``. Raises MalformedLayout."""
        members = _Members(file)
        if members.has("index.json"):
            return OciLayout("tar", members.opened)
        if members.has("manifest.json"):
            return SavedImage(members)
        raise not_a_layout(f"{file} holds neither index.json nor manifest.json")


class SavedImage:
    """``docker save`` of Docker before 25: no manifests with digests, so one is made.

    The manifest follows from configuration and layers, so its digest is stable; it is not the
    registry's, which was lost when the image was saved.
    """

    host = "tar"

    def __init__(self, members: "_Members") -> None:
        self._members = members
        content = members.read("manifest.json", CONFIG_BYTES_MAX)
        try:
            self._saved = msgspec.json.decode(content, type=list[_Saved])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise not_a_layout(f"its manifest.json is malformed: {str(error)[:200]}") from None
        self._names: dict[Digest, str] = {}

    def manifest(self, repository: str, reference: str) -> RawManifest:
        """The manifest made for the saved image tagged ``reference``, or the only one there."""
        del repository
        saved = self._chosen(reference)
        config = self._members.read(saved.config, CONFIG_BYTES_MAX)
        diff_ids = parse_config(config).rootfs.diff_ids
        if len(diff_ids) != len(saved.layers):
            raise not_a_layout(f"{len(saved.layers)} layers for {len(diff_ids)} diff ids")
        layers = [
            self._layer(name, text) for name, text in zip(saved.layers, diff_ids, strict=True)
        ]
        digest = Digest.of(config)
        self._names[digest] = saved.config
        made: dict[str, Json] = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": digest.text,
                "size": len(config),
            },
            "layers": layers,
        }
        content = canonical_json(made)
        return RawManifest(OCI_MANIFEST, Digest.of(content), content)

    @contextmanager
    def blob(self, repository: str, descriptor: Descriptor) -> Iterator[Iterator[bytes]]:
        """The blob as chunks, verified at the end."""
        del repository
        opened = self._members.opened(self._names.get(descriptor.digest, ""))
        if opened is None:
            raise _missing(descriptor.digest.text)
        with opened as file:
            yield verified_chunks(file, descriptor)

    def _chosen(self, reference: str) -> _Saved:
        tagged = [
            saved
            for saved in self._saved
            if any(tag == reference or tag.endswith(f":{reference}") for tag in saved.tags or [])
        ]
        found = tagged or (self._saved if reference == "latest" else [])
        if not found:
            raise _missing(reference)
        if len(found) > 1:
            tags = ", ".join(tag for saved in self._saved[:20] for tag in saved.tags or [])
            raise AmbiguousImage(
                f"the file holds several images: {tags}",
                remedy=Remedy("Name one of them: tar:FILE:TAG, or save one image alone."),
            )
        return found[0]

    def _layer(self, name: str, diff_id: str) -> dict[str, Json]:
        """A saved layer is the plain tar, whose digest is the diff id; other writers compress it."""
        try:
            digest = Digest(diff_id)
        except MalformedDigest:
            raise not_a_layout(f"a diff id that is no digest: {diff_id[:80]!r}") from None
        size = self._members.size(name)
        compression = compression_of(self._members.beginning(name, MAGIC_BYTES))
        if compression is not Compression.NONE:
            digest = self._members.digest(name)
        self._names[digest] = name
        return {"mediaType": f"{_LAYER}{compression}", "digest": digest.text, "size": size}


class _Members:
    """The regular files of a tar file, by name; links within it are followed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._archive = tarfile.open(file, "r:")  # noqa: SIM115
        except (OSError, tarfile.TarError) as error:
            raise not_a_layout(f"{file} is no tar file: {error}") from None
        self._found: dict[str, tarfile.TarInfo] = {}
        try:
            for member in self._archive:
                self._found[member.name.removeprefix("./")] = member
                if len(self._found) > _MEMBERS_MAX:
                    raise not_a_layout(f"more than {_MEMBERS_MAX} files in {file}")
        except (tarfile.TarError, ValueError, EOFError) as error:
            raise not_a_layout(f"{file} is damaged: {error}") from None

    def has(self, name: str) -> bool:
        return self._member(name) is not None

    def size(self, name: str) -> int:
        member = self._member(name)
        if member is None:
            raise _missing(name)
        return member.size

    def opened(self, name: str) -> AbstractContextManager[BinaryIO] | None:
        """The file's bytes, through a handle of its own: several threads may read at once."""
        member = self._member(name)
        if member is None:
            return None
        return cast("AbstractContextManager[BinaryIO]", _Slice(self._file, member))

    def read(self, name: str, bytes_max: int) -> bytes:
        opened = self.opened(name)
        if opened is None:
            raise _missing(name)
        with opened as file:
            return file.read(bytes_max + 1)

    def beginning(self, name: str, count: int) -> bytes:
        return self.read(name, count - 1)

    def digest(self, name: str) -> Digest:
        hasher = hashlib.sha256()
        opened = self.opened(name)
        if opened is None:
            raise _missing(name)
        with opened as file:
            while chunk := file.read(CHUNK_BYTES):
                hasher.update(chunk)
        return Digest(f"sha256:{hasher.hexdigest()}")

    def _member(self, name: str) -> tarfile.TarInfo | None:
        for _ in range(_LINKS_MAX):
            member = self._found.get(name)
            if member is None or member.isreg():
                return member
            if not (member.issym() or member.islnk()):
                return None
            name = member.linkname if member.islnk() else _beside(name, member.linkname)
        return None


class _Slice:
    """A part of a file, read through an own handle."""

    def __init__(self, file: Path, member: tarfile.TarInfo) -> None:
        self._handle = file.open("rb")
        self._handle.seek(member.offset_data)
        self._left = member.size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.close()

    def read(self, count: int) -> bytes:
        data = self._handle.read(min(count, self._left))
        self._left -= len(data)
        return data


def _beside(name: str, link: str) -> str:
    """Where a relative link leads, within the archive."""
    parts = name.split("/")[:-1]
    for part in link.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _missing(wanted: str) -> ImageNotFound:
    return ImageNotFound(
        f"the tar file holds no {wanted[:120]}",
        remedy=Remedy("Save the image again, whole."),
        wanted=wanted[:200],
    )
