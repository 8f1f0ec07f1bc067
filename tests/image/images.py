"""Small images built by hand: layers out of dicts, registries and layouts to put them in."""

import gzip
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from stella.image import Reference, parse_reference
from stella.kernel import Digest, Remedy
from stella.plugin.contract.registry import Descriptor, RawManifest, Registry
from stella.plugin.refusals import ImageNotFound

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
GZIP_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

DEBIAN = b'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'


@dataclass(frozen=True)
class Hard:
    target: str


@dataclass(frozen=True)
class Soft:
    target: str


@dataclass(frozen=True)
class Device:
    pass


@dataclass(frozen=True)
class Mode:
    """A file with more than its content. capability: its extended attribute, as text."""

    content: bytes
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    capability: str = ""


DIRECTORY = object()
File = bytes | Hard | Soft | Device | Mode | object


def tar_of(files: Mapping[str, File] | list[tuple[str, File]]) -> bytes:
    """A tar archive; names are written exactly as they are given."""
    made = io.BytesIO()
    pairs = list(files.items()) if isinstance(files, Mapping) else files
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in pairs:
            entry = tarfile.TarInfo(name)
            data = b""
            if isinstance(content, bytes):
                data, entry.size = content, len(content)
            elif isinstance(content, Mode):
                data, entry.size = content.content, len(content.content)
                entry.mode, entry.uid, entry.gid = content.mode, content.uid, content.gid
                if content.capability:
                    named = {"SCHILY.xattr.security.capability": content.capability}
                    entry.pax_headers = named
            elif isinstance(content, Hard):
                entry.type, entry.linkname = tarfile.LNKTYPE, content.target
            elif isinstance(content, Soft):
                entry.type, entry.linkname = tarfile.SYMTYPE, content.target
            elif isinstance(content, Device):
                entry.type = tarfile.CHRTYPE
            else:
                entry.type = tarfile.DIRTYPE
            archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


@dataclass(frozen=True)
class Layer:
    plain: bytes
    compressed: bytes

    @classmethod
    def of(cls, files: Mapping[str, File] | list[tuple[str, File]]) -> "Layer":
        return cls.of_tar(tar_of(files))

    @classmethod
    def of_tar(cls, plain: bytes) -> "Layer":
        return cls(plain, gzip.compress(plain, mtime=0))

    @property
    def digest(self) -> Digest:
        return Digest.of(self.compressed)

    @property
    def diff_id(self) -> Digest:
        return Digest.of(self.plain)


@dataclass(frozen=True)
class BuiltImage:
    manifest: bytes
    config: bytes
    layers: tuple[Layer, ...]
    platform: str

    @property
    def digest(self) -> Digest:
        return Digest.of(self.manifest)

    def blobs(self) -> list[bytes]:
        return [self.config, *(layer.compressed for layer in self.layers)]


def build(
    *layers: Layer,
    platform: str = "linux/amd64",
    history: tuple[str, ...] = (),
    created: object = None,
    **run: object,
) -> BuiltImage:
    """An image of one platform; ``run`` becomes its ``config`` (Entrypoint, Cmd, User, Labels).

    history: what the builder says of each step. created: when it says that it was made.
    """
    os_name, architecture, *variant = platform.split("/")
    config = json.dumps(
        {
            "os": os_name,
            "architecture": architecture,
            **({"variant": variant[0]} if variant else {}),
            **({} if created is None else {"created": created}),
            "config": run,
            **({"history": [{"created_by": step} for step in history]} if history else {}),
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id.text for layer in layers]},
        }
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": wire(OCI_CONFIG, config),
            "layers": [wire(GZIP_LAYER, layer.compressed) for layer in layers],
        }
    ).encode()
    return BuiltImage(manifest, config, layers, platform)


def index_of(*images: BuiltImage, extra: tuple[dict[str, object], ...] = ()) -> bytes:
    """An index over images, plus entries written out by the caller."""
    entries = []
    for image in images:
        os_name, architecture, *variant = image.platform.split("/")
        platform = {"os": os_name, "architecture": architecture}
        platform |= {"variant": variant[0]} if variant else {}
        entries.append({**wire(OCI_MANIFEST, image.manifest), "platform": platform})
    return json.dumps(
        {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [*entries, *extra]}
    ).encode()


def wire(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": Digest.of(content).text, "size": len(content)}


@dataclass
class MemoryRegistry:
    """A registry in memory, without the referrers API. Passes the same suite as the connector."""

    host: str = "registry.test"
    manifests: dict[tuple[str, str], RawManifest] = field(default_factory=dict)
    blobs: dict[Digest, bytes] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)

    def manifest(self, repository: str, reference: str) -> RawManifest:
        self.reads.append(f"manifest {reference}")
        try:
            return self.manifests[repository, reference]
        except KeyError:
            raise _not_found(reference) from None

    @contextmanager
    def blob(self, repository: str, descriptor: Descriptor) -> Iterator[Iterator[bytes]]:
        self.reads.append(f"blob {descriptor.digest} of {repository}")
        if descriptor.digest not in self.blobs:
            raise _not_found(descriptor.digest.text)
        content = self.blobs[descriptor.digest]
        yield (content[at : at + 700] for at in range(0, len(content), 700))

    def put_blob(self, repository: str, content: bytes) -> Descriptor:
        del repository
        digest = Digest.of(content)
        self.blobs[digest] = content
        return Descriptor("application/octet-stream", digest, len(content))

    def put_manifest(
        self, repository: str, content: bytes, *, media_type: str, tag: str | None = None
    ) -> Digest:
        raw = RawManifest(media_type, Digest.of(content), content)
        self.manifests[repository, raw.digest.text] = raw
        if tag:
            self.manifests[repository, tag] = raw
        return raw.digest


def push(
    registry: Registry | MemoryRegistry,
    image: BuiltImage | tuple[BuiltImage, ...],
    repository: str = "shop/web",
    tag: str = "1",
    extra: tuple[dict[str, object], ...] = (),
) -> Reference:
    """Push an image, or several under one index; the reference by tag."""
    images = image if isinstance(image, tuple) else (image,)
    for one in images:
        for blob in one.blobs():
            registry.put_blob(repository, blob)
        registry.put_manifest(repository, one.manifest, media_type=OCI_MANIFEST)
    if isinstance(image, tuple):
        content, media_type = index_of(*images, extra=extra), OCI_INDEX
    else:
        content, media_type = image.manifest, OCI_MANIFEST
    registry.put_manifest(repository, content, media_type=media_type, tag=tag)
    return parse_reference(f"{registry.host}/{repository}:{tag}")


def write_layout(directory: Path, image: BuiltImage, tag: str = "1") -> None:
    """An OCI layout holding ``image``."""
    blobs = directory / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for blob in [image.manifest, *image.blobs()]:
        (blobs / Digest.of(blob).hex).write_bytes(blob)
    (directory / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    entry = {
        **wire(OCI_MANIFEST, image.manifest),
        "annotations": {"org.opencontainers.image.ref.name": tag},
    }
    index = {"schemaVersion": 2, "manifests": [entry]}
    (directory / "index.json").write_text(json.dumps(index))


def write_saved(file: Path, image: BuiltImage, tag: str = "shop/web:1") -> None:
    """What ``docker save`` of Docker 20 writes: plain layers, one of them behind a link."""
    files: list[tuple[str, File]] = []
    names = []
    for number, layer in enumerate(image.layers):
        name = f"{number:064x}/layer.tar"
        same = next(
            (old for old, known in zip(names, image.layers, strict=False) if known is layer), ""
        )
        files.append((name, Soft(f"../{same}") if same else layer.plain))
        names.append(name)
    config_name = f"{Digest.of(image.config).hex}.json"
    files.append((config_name, image.config))
    saved = [{"Config": config_name, "RepoTags": [tag], "Layers": names}]
    files.append(("manifest.json", json.dumps(saved).encode()))
    file.write_bytes(tar_of(files))


def dpkg_status(*packages: tuple[str, str] | tuple[str, str, str]) -> bytes:
    """A dpkg database of (name, version[, source])."""
    stanzas = []
    for name, version, *source in packages:
        lines = [f"Package: {name}", "Status: install ok installed", "Architecture: amd64"]
        lines += [f"Source: {source[0]}"] if source else []
        stanzas.append("\n".join([*lines, f"Version: {version}", "Description: words", " more"]))
    return "\n\n".join(stanzas).encode() + b"\n"


def metadata(name: str, version: str) -> bytes:
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nWords.\n".encode()


def _not_found(what: str) -> ImageNotFound:
    return ImageNotFound(f"no {what}", remedy=Remedy("Push it first."))
