"""The registry connector: OCI distribution specification 1.1 over HTTP."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sized
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

from stella.sdk import (
    BlobDigestMismatch,
    Descriptor,
    Digest,
    MalformedDigest,
    ManifestMalformed,
    ManifestTooLarge,
    RawManifest,
    RegistryConfig,
    Remedy,
    UploadRefused,
)
from stella.sdk.http import Answer, origin_of
from stella_connectors.registry.transport import Transport

if TYPE_CHECKING:
    from stella_connectors.registry.referrers import FallbackIndex

MANIFEST_BYTES_MAX = 4 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024
TAGS_MAX = 100_000
PAGES_MAX = 200
REFERRERS_MAX = 20_000
LIST_BYTES_MAX = 64 * 1024 * 1024

_OCI_INDEX = "application/vnd.oci.image.index.v1+json"
_OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_ACCEPT = (
    f"{_OCI_INDEX}, {_OCI_MANIFEST}, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')


def open_registry(config: RegistryConfig) -> "OciRegistry":
    """A connector for the registry that ``config`` names; nothing is sent yet."""
    return OciRegistry(config)


class OciRegistry:
    """One registry, as ``stella.sdk.Registry`` asks. Safe for several threads."""

    def __init__(self, config: RegistryConfig) -> None:
        self.host = config.host
        self._http = Transport(config)

    @cached_property
    def _fallback(self) -> "FallbackIndex":
        # Late, here and below: most connectors only read images.
        from stella_connectors.registry.referrers import FallbackIndex

        return FallbackIndex(self)

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def manifest(self, repository: str, reference: str) -> RawManifest:
        """The manifest, verified against the digest asked for, or the one announced."""
        what = f"{repository}{'@' if ':' in reference else ':'}{reference}"
        response, content = self._http.request(
            "GET",
            f"/v2/{repository}/manifests/{quote(reference, safe=':')}",
            scope=_pull(repository),
            headers={"Accept": _ACCEPT},
            bytes_max=MANIFEST_BYTES_MAX,
        )
        self._http.refuse(response, what)
        if len(content) > MANIFEST_BYTES_MAX:
            raise ManifestTooLarge(
                f"the manifest {what} is larger than {MANIFEST_BYTES_MAX} bytes",
                remedy=Remedy("Check what was pushed there: no real manifest is so large."),
                registry=self.host,
                wanted=what,
            )
        computed = Digest.of(content)
        promised = reference if ":" in reference else _announced(response)
        if promised and promised != computed.text:
            raise self._mismatch(what, promised, computed.text)
        media_type = response.headers.get("content-type", "")
        return RawManifest(media_type.partition(";")[0].strip(), computed, content)

    @contextmanager
    def blob(self, repository: str, descriptor: Descriptor) -> Iterator[Iterator[bytes]]:
        """The blob as chunks; the last one is followed by the check of size and digest."""
        url = f"/v2/{repository}/blobs/{descriptor.digest}"
        with self._http.stream("GET", url, scope=_pull(repository)) as response:
            self._http.refuse(response, f"blob {descriptor.digest} in {repository}")
            yield self._verified(response, descriptor)

    def put_blob(self, repository: str, content: bytes) -> Descriptor:
        """Upload ``content``, unless the registry has it."""
        digest = Digest.of(content)
        made = Descriptor("application/octet-stream", digest, len(content))
        scope = _push(repository)
        head, _ = self._http.request("HEAD", f"/v2/{repository}/blobs/{digest}", scope=scope)
        if head.status_code == 200:
            return made
        start, _ = self._http.request("POST", f"/v2/{repository}/blobs/uploads/", scope=scope)
        if start.status_code == 404:
            raise self._not_taken(f"a blob of {repository}", start)
        self._http.refuse(start, f"an upload to {repository}")
        location = self._http.joined(start.headers.get("location", ""))
        url = f"{location}{'&' if '?' in location else '?'}digest={quote(digest.text, safe='')}"
        put, _ = self._http.request(
            "PUT",
            url,
            scope=scope,
            headers={"Content-Type": "application/octet-stream"},
            content=content,
        )
        if put.status_code not in {200, 201, 204}:
            raise self._not_taken(f"the blob {digest}", put)
        return made

    def put_manifest(
        self, repository: str, content: bytes, *, media_type: str, tag: str | None = None
    ) -> Digest:
        """Upload by digest, or under ``tag``."""
        self._put_manifest(repository, content, media_type, tag)
        return Digest.of(content)

    def referrers(
        self, repository: str, subject: Digest, artifact_type: str | None = None
    ) -> tuple[Descriptor, ...]:
        """What is attached to ``subject``, sorted by digest."""
        found = self._referrers_by_api(repository, subject)
        if found is None:
            found = self._fallback.read(repository, subject)
        kept = {
            entry.digest: entry
            for entry in found
            if artifact_type is None or entry.artifact_type == artifact_type
        }
        return tuple(kept[digest] for digest in sorted(kept))

    def attach(self, repository: str, manifest: bytes) -> Digest:
        """Upload an artifact manifest; where the registry knows no referrers, keep its index."""
        from stella_connectors.registry.referrers import descriptor_of, parse_subject

        subject = parse_subject(manifest)
        digest = Digest.of(manifest)
        response = self._put_manifest(repository, manifest, _OCI_MANIFEST, None)
        if "oci-subject" not in response.headers:
            self._fallback.add(repository, subject, descriptor_of(manifest))
        return digest

    def tags(self, repository: str) -> tuple[str, ...]:
        """Every tag, sorted."""
        names: set[str] = set()
        first = f"/v2/{repository}/tags/list?n=1000"
        for response, content in self._pages(
            first, "tags", repository, count_max=TAGS_MAX, found=names
        ):
            if response.status_code == 404 and not names:
                return ()
            self._http.refuse(response, f"tags of {repository}")
            # Null is how some say that there is none; without the word it is another answer.
            page = _json_object(content, self.host).get("tags", "none")
            page = [] if page is None else page
            if not isinstance(page, list) or not all(isinstance(tag, str) for tag in page):
                raise _not_a_registry(self.host, "its list of tags is no list of names")
            names.update(page)
        return tuple(sorted(names))

    def _referrers_by_api(self, repository: str, subject: Digest) -> tuple[Descriptor, ...] | None:
        """The referrers API's answer, or None where the registry has no such API."""
        from stella_connectors.registry.referrers import read_index

        found: list[Descriptor] = []
        first = f"/v2/{repository}/referrers/{subject}"
        what, accept = f"referrers of {subject}", {"Accept": _OCI_INDEX}
        for response, content in self._pages(
            first, "referrers", repository, count_max=REFERRERS_MAX, found=found, headers=accept
        ):
            is_index = response.headers.get("content-type", "").startswith(_OCI_INDEX)
            if response.status_code in {400, 404, 405} or (response.is_success and not is_index):
                return None
            self._http.refuse(response, what)
            found.extend(read_index(content))
        return tuple(found)

    def _pages(
        self,
        url: str,
        what: str,
        repository: str,
        *,
        count_max: int,
        found: Sized,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[tuple[Answer, bytes]]:
        """Every page of a list. found: what they held so far. Raises ManifestMalformed where the list
        does not end: a part of it is no answer, for what matters may stand in the rest.
        """
        length = 0
        for _ in range(PAGES_MAX):
            response, content = self._http.request(
                "GET", url, scope=_pull(repository), headers=headers, bytes_max=MANIFEST_BYTES_MAX
            )
            yield response, content
            following = _NEXT.search(response.headers.get("link", ""))
            if not following:
                return
            length += len(content)
            if len(found) > count_max or length > LIST_BYTES_MAX:
                break
            url = self._same_host(following.group(1))
        raise _not_a_registry(self.host, f"its list of {what} does not end after {len(found):,}")

    def _put_manifest(
        self, repository: str, content: bytes, media_type: str, tag: str | None
    ) -> Answer:
        name = tag or Digest.of(content).text
        response, _ = self._http.request(
            "PUT",
            f"/v2/{repository}/manifests/{quote(name, safe=':')}",
            scope=_push(repository),
            headers={"Content-Type": media_type},
            content=content,
        )
        if response.status_code in {400, 404, 413, 422}:
            raise self._not_taken(f"the manifest {repository}:{name}", response)
        self._http.refuse(response, f"the manifest {repository}:{name}")
        return response

    def _verified(self, response: Answer, descriptor: Descriptor) -> Iterator[bytes]:
        hasher, received = hashlib.sha256(), 0
        what = f"blob {descriptor.digest}"
        for chunk in response.chunks(CHUNK_BYTES):
            received += len(chunk)
            if received > descriptor.size:
                raise self._mismatch(what, f"{descriptor.size} bytes", "more")
            hasher.update(chunk)
            yield chunk
        if received != descriptor.size:
            raise self._mismatch(what, f"{descriptor.size} bytes", f"{received} bytes")
        if hasher.hexdigest() != descriptor.digest.hex:
            raise self._mismatch(what, descriptor.digest.text, f"sha256:{hasher.hexdigest()}")

    def _same_host(self, link: str) -> str:
        """The next page; a page on another host is refused, for our token would go there."""
        url = self._http.joined(link)
        if origin_of(url) != origin_of(self._http.root):
            raise _not_a_registry(self.host, f"its next page is on another host, {url[:120]}")
        return url

    def _mismatch(self, what: str, promised: str, delivered: str) -> BlobDigestMismatch:
        return BlobDigestMismatch(
            f"digest mismatch: {self.host} promised {promised} for {what}, delivered {delivered}",
            remedy=Remedy(
                "Do not use this image: the registry's storage is damaged or tampered with."
            ),
            registry=self.host,
            wanted=what,
            promised=promised,
            delivered=delivered,
        )

    def _not_taken(self, what: str, response: Answer) -> UploadRefused:
        return UploadRefused(
            f"{self.host} did not take {what}: HTTP {response.status_code}",
            remedy=Remedy("Check the repository's name, its quota and that pushing is allowed."),
            registry=self.host,
            status=response.status_code,
        )


def _pull(repository: str) -> str:
    return f"repository:{repository}:pull"


def _push(repository: str) -> str:
    return f"repository:{repository}:pull,push"


def _announced(response: Answer) -> str | None:
    """The digest header, where it is one that we compute too."""
    text = response.headers.get("docker-content-digest", "")
    try:
        return Digest(text).text
    except MalformedDigest:
        return None


def _json_object(content: bytes, host: str) -> Mapping[str, object]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise _not_a_registry(host, "its answer is no JSON object")
    return value


def _not_a_registry(host: str, why: str) -> ManifestMalformed:
    return ManifestMalformed(
        f"{host} does not answer as a registry should: {why}",
        remedy=Remedy("Check that this host is an OCI registry."),
        registry=host,
    )
