"""What a release is: a sealed set of image digests, and what stands beside it."""

from dataclasses import dataclass

from stella.kernel import Digest, Json, canonical_json, digest_of
from stella.release.lifecycle import ReleaseState


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform image under a component's digest."""

    platform: str
    digest: str


@dataclass(frozen=True, slots=True)
class ReleaseComponent:
    """One component. digest: what ``reference`` resolved to when the release was sealed.

    tag: the tag that was resolved, None where the reference named the digest itself.
    """

    name: str
    reference: str
    host: str
    repository: str
    tag: str | None
    digest: str
    media_type: str
    platforms: tuple[Platform, ...]

    @property
    def pinned(self) -> str:
        """The image by digest, never by tag."""
        return f"{self.host}/{self.repository}@{self.digest}"


@dataclass(frozen=True, slots=True)
class Release:
    """A sealed release. digest: ``releaseDigest``; manifest: digest of the sealed manifest."""

    id: str
    name: str
    version: str
    digest: str
    manifest: str
    state: ReleaseState
    created_at: str
    created_by: str
    components: tuple[ReleaseComponent, ...]


def release_digest(digests: dict[str, str]) -> Digest:
    """``releaseDigest``: of component name -> image digest and nothing else.

    The same images are the same release, whatever it is called.
    """
    return digest_of(digests)


def sealed_manifest(name: str, version: str, components: tuple[ReleaseComponent, ...]) -> bytes:
    """The canonical document that names the release, its images and the platforms under them."""
    listed: list[Json] = [
        {
            "name": one.name,
            "reference": one.reference,
            "digest": one.digest,
            "mediaType": one.media_type,
            "platforms": [
                {"platform": platform.platform, "digest": platform.digest}
                for platform in one.platforms
            ],
        }
        for one in components
    ]
    digests = {one.name: one.digest for one in components}
    return canonical_json(
        {
            "schema": 1,
            "name": name,
            "version": version,
            "releaseDigest": release_digest(digests).text,
            "components": listed,
        }
    )
