"""A registry by the OCI distribution specification 1.1, as small as it can be and still be right.

Replace the paths and the bodies by what your registry speaks. What has to stay is what the kit holds:
no byte is handed out that is not what its digest says, and a digest is never taken on trust.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from stella.sdk import (
    BlobDigestMismatch,
    Descriptor,
    Digest,
    Json,
    MalformedDigest,
    ManifestMalformed,
    ManifestTooLarge,
    RawManifest,
    RegistryConfig,
    Remedy,
    UploadRefused,
)
from stella.sdk.http import Answer, json_object

from stella_plugin_your_name.transport import Transport

_MANIFEST_BYTES_MAX = 4 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_OCI_INDEX = "application/vnd.oci.image.index.v1+json"
_ACCEPT = (
    f"{_OCI_MANIFEST}, {_OCI_INDEX}, "
    "application/vnd.docker.distribution.manifest.v2+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json"
)


class HttpRegistry:
    """``stella.sdk.Registry``. Opened once for an integration, called by several threads at once."""

    def __init__(self, config: RegistryConfig) -> None:
        self.host = config.host
        self._http = Transport(config)

    def close(self) -> None:
        """Called where it is not needed any more."""
        self._http.close()

    def manifest(self, repository: str, reference: str) -> RawManifest:
        """The manifest, its digest computed here and compared with the one asked for."""
        what = f"manifest {repository}:{reference}"
        path = f"{repository}/manifests/{quote(reference, safe=':')}"
        answer, content = self._http.whole(
            "GET", path, {"Accept": _ACCEPT}, bytes_max=_MANIFEST_BYTES_MAX
        )
        self._http.refuse(answer, what)
        if len(content) > _MANIFEST_BYTES_MAX:
            raise ManifestTooLarge(
                f"{self.host}: {what} has more than {_MANIFEST_BYTES_MAX >> 20} MiB",
                remedy=Remedy("Check what was pushed there."),
            )
        digest = Digest.of(content)
        if ":" in reference and reference != digest.text:
            raise self._changed(what)
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip()
        return RawManifest(media_type, digest, content)

    @contextmanager
    def blob(self, repository: str, descriptor: Descriptor) -> Iterator[Iterator[bytes]]:
        """The blob as it comes, never whole in memory; its end is the check."""
        path = f"{repository}/blobs/{descriptor.digest}"
        with self._http.sent("GET", path) as answer:
            self._http.refuse(answer, f"blob {descriptor.digest}")
            yield self._checked(answer, descriptor)

    def put_blob(self, repository: str, content: bytes) -> Descriptor:
        """Upload, unless it is there already."""
        digest = Digest.of(content)
        made = Descriptor("application/octet-stream", digest, len(content))
        found, _ = self._http.whole("HEAD", f"{repository}/blobs/{digest}")
        if found.is_success:
            return made
        begun, _ = self._http.whole("POST", f"{repository}/blobs/uploads/")
        self._taken(begun, f"an upload to {repository}")
        place = self._http.joined(begun.headers.get("location", ""))
        url = f"{place}{'&' if '?' in place else '?'}digest={quote(digest.text, safe='')}"
        headers = {"Content-Type": "application/octet-stream"}
        ended, _ = self._http.whole("PUT", url, headers, content)
        self._taken(ended, f"blob {digest}")
        return made

    def put_manifest(
        self, repository: str, content: bytes, *, media_type: str, tag: str | None = None
    ) -> Digest:
        """Upload by digest, or under ``tag`` as well."""
        digest = Digest.of(content)
        path = f"{repository}/manifests/{quote(tag or digest.text, safe=':')}"
        answer, _ = self._http.whole("PUT", path, {"Content-Type": media_type}, content)
        self._taken(answer, f"manifest {digest}")
        return digest

    def referrers(
        self, repository: str, subject: Digest, artifact_type: str | None = None
    ) -> tuple[Descriptor, ...]:
        """What is attached to ``subject``, by the referrers API; nothing where there is no such API.

        A registry from before 1.1 needs the fallback tag here and in ``attach``.
        """
        answer, content = self._http.whole(
            "GET", f"{repository}/referrers/{subject}", bytes_max=_MANIFEST_BYTES_MAX
        )
        if answer.status_code == 404:
            return ()
        self._http.refuse(answer, f"referrers of {subject}")
        entries = (json_object(content) or {}).get("manifests")
        if not isinstance(entries, list):
            raise self._malformed("its referrers are no index")
        found = [self._descriptor(one) for one in entries]
        kept = (one for one in found if artifact_type in {None, one.artifact_type})
        return tuple(sorted(kept, key=lambda one: one.digest.text))

    def attach(self, repository: str, manifest: bytes) -> Digest:
        """Upload an artifact manifest that names a ``subject``."""
        if "subject" not in (json_object(manifest) or {}):
            raise self._malformed("what is to be attached names no subject")
        return self.put_manifest(repository, manifest, media_type=_OCI_MANIFEST)

    def tags(self, repository: str) -> tuple[str, ...]:
        """Every tag, sorted; empty where the repository does not exist."""
        answer, content = self._http.whole(
            "GET", f"{repository}/tags/list?n=10000", bytes_max=_MANIFEST_BYTES_MAX
        )
        if answer.status_code == 404:
            return ()
        self._http.refuse(answer, f"tags of {repository}")
        named = (json_object(content) or {}).get("tags") or []
        if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
            raise self._malformed("its list of tags is no list of names")
        return tuple(sorted(named))

    def _checked(self, answer: Answer, descriptor: Descriptor) -> Iterator[bytes]:
        hasher, received = hashlib.sha256(), 0
        for chunk in answer.chunks(_CHUNK_BYTES):
            received += len(chunk)
            if received > descriptor.size:
                raise self._changed(f"blob {descriptor.digest}")
            hasher.update(chunk)
            yield chunk
        if received != descriptor.size or hasher.hexdigest() != descriptor.digest.hex:
            raise self._changed(f"blob {descriptor.digest}")

    def _descriptor(self, entry: object) -> Descriptor:
        """An entry of an index; anything but one is the registry's fault, not a bug here."""
        try:
            one: dict[str, Json] = json.loads(json.dumps(entry))
            return Descriptor(
                str(one["mediaType"]),
                Digest(str(one["digest"])),
                int(str(one["size"])),
                artifact_type=str(one["artifactType"]) if "artifactType" in one else None,
            )
        except (KeyError, TypeError, ValueError, MalformedDigest):
            raise self._malformed("an entry of its index is none") from None

    def _taken(self, answer: Answer, what: str) -> None:
        if answer.status_code in {400, 404, 405, 413, 422}:
            raise UploadRefused(
                f"{self.host} did not take {what}: HTTP {answer.status_code}",
                remedy=Remedy(
                    "Check the repository's name, its quota and that pushing is allowed."
                ),
            )
        self._http.refuse(answer, what)

    def _changed(self, what: str) -> BlobDigestMismatch:
        return BlobDigestMismatch(
            f"digest mismatch: {self.host} delivered something else than {what}",
            remedy=Remedy("Do not use this image: the registry's storage is damaged."),
        )

    def _malformed(self, why: str) -> ManifestMalformed:
        return ManifestMalformed(
            f"{self.host} does not answer as a registry should: {why}",
            remedy=Remedy("Check that this host is a registry."),
        )
