"""A registry in a directory: real digests, no network. What it holds says that it is simulated."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from stella.kernel import Digest, Json, Remedy, canonical_json
from stella.plugin.contract.registry import Descriptor, RawManifest
from stella.plugin.refusals import BlobDigestMismatch, ImageNotFound, ManifestMalformed
from stella.sdk.files import write_file

SIMULATED_HOST = "registry.simulated"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"


class SimulatedRegistry:
    """``stella.sdk.Registry`` on files below ``directory``; several processes may share it."""

    def __init__(self, directory: Path, host: str = SIMULATED_HOST) -> None:
        self.host = host
        self._root = directory
        self._blobs = directory / "blobs"
        self._blobs.mkdir(parents=True, exist_ok=True)

    def manifest(self, repository: str, reference: str) -> RawManifest:
        """The manifest, verified against its digest."""
        name = reference if reference.startswith("sha256:") else self._tag(repository, reference)
        path = self._repository(repository) / "manifests" / name.removeprefix("sha256:")
        if not path.exists():
            raise self._missing(f"{repository} has no manifest {reference}")
        return RawManifest(path.read_text(), Digest(name), self._verified(Digest(name)))

    @contextmanager
    def blob(self, repository: str, descriptor: Descriptor) -> Iterator[Iterator[bytes]]:
        """The blob, verified, in one chunk. Blobs are shared by all repositories."""
        del repository
        yield iter((self._verified(descriptor.digest),))

    def put_blob(self, repository: str, content: bytes) -> Descriptor:
        """Keep ``content``. Blobs are shared by all repositories."""
        del repository
        digest = Digest.of(content)
        if not (self._blobs / digest.hex).exists():
            write_file(self._blobs / digest.hex, content)
        return Descriptor("application/octet-stream", digest, len(content))

    def put_manifest(
        self, repository: str, content: bytes, *, media_type: str, tag: str | None = None
    ) -> Digest:
        """Keep a manifest, and let ``tag`` name it."""
        digest = self.put_blob(repository, content).digest
        folder = self._repository(repository)
        for name in ("manifests", "tags"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        write_file(folder / "manifests" / digest.hex, media_type.encode())
        if tag is not None:
            write_file(folder / "tags" / tag, digest.text.encode())
        return digest

    def referrers(
        self, repository: str, subject: Digest, artifact_type: str | None = None
    ) -> tuple[Descriptor, ...]:
        """What names ``subject`` as its subject."""
        found = []
        for path in sorted((self._repository(repository) / "manifests").glob("*")):
            content = self._verified(Digest(f"sha256:{path.name}"))
            manifest = json.loads(content)
            if (manifest.get("subject") or {}).get("digest") != subject.text:
                continue
            kind = manifest.get("artifactType") or (manifest.get("config") or {}).get("mediaType")
            if artifact_type in {None, kind}:
                found.append(
                    Descriptor(
                        manifest.get("mediaType", _MANIFEST),
                        Digest(f"sha256:{path.name}"),
                        len(content),
                        artifact_type=kind,
                        annotations=manifest.get("annotations") or {},
                    )
                )
        return tuple(found)

    def attach(self, repository: str, manifest: bytes) -> Digest:
        """Keep an artifact manifest that names a subject."""
        try:
            read = json.loads(manifest)
            Digest(read["subject"]["digest"])
            media_type = str(read["mediaType"])
        except (ValueError, KeyError, TypeError) as error:
            raise ManifestMalformed(
                "an artifact to attach names no subject", remedy=Remedy("Name the image's digest.")
            ) from error
        return self.put_manifest(repository, manifest, media_type=media_type)

    def tags(self, repository: str) -> tuple[str, ...]:
        """Every tag, sorted."""
        return tuple(sorted(p.name for p in (self._repository(repository) / "tags").glob("[!.]*")))

    def tamper_blob(self, digest: Digest) -> None:
        """Change one byte of a stored blob; a second call restores it."""
        path = self._blobs / digest.hex
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0x01
        path.write_bytes(content)

    def push_image(
        self, repository: str, tag: str, layers: tuple[bytes, ...], *, config: Json = None
    ) -> Digest:
        """A one-platform image of these layers (tar); its manifest's digest. config: as in the OCI

        image configuration under ``config`` (Cmd, Healthcheck, Labels, ...).
        """
        stored = [self.put_blob(repository, layer) for layer in layers]
        document: Json = {
            "architecture": "amd64",
            "os": "linux",
            "config": config or {},
            "rootfs": {"type": "layers", "diff_ids": [one.digest.text for one in stored]},
        }
        about = self.put_blob(repository, canonical_json(document))
        manifest: Json = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {"mediaType": _CONFIG, "digest": about.digest.text, "size": about.size},
            "layers": [
                {"mediaType": _LAYER, "digest": one.digest.text, "size": one.size} for one in stored
            ],
        }
        return self.put_manifest(
            repository, canonical_json(manifest), media_type=_MANIFEST, tag=tag
        )

    def _tag(self, repository: str, tag: str) -> str:
        path = self._repository(repository) / "tags" / quote(tag, safe="")
        if not path.exists():
            raise self._missing(f"{repository} has no tag {tag}")
        return path.read_text()

    def _repository(self, repository: str) -> Path:
        return self._root / "repositories" / quote(repository, safe="")

    def _verified(self, digest: Digest) -> bytes:
        path = self._blobs / digest.hex
        if not path.exists():
            raise self._missing(f"there is no blob {digest}")
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != digest.hex:
            raise BlobDigestMismatch(
                f"digest mismatch: the stored bytes of {digest} are others",
                remedy=Remedy("Push it again."),
                digest=digest.text,
            )
        return content

    def _missing(self, why: str) -> ImageNotFound:
        return ImageNotFound(
            f"{self.host}: {why}",
            remedy=Remedy("Push it, or correct the name."),
            registry=self.host,
        )
