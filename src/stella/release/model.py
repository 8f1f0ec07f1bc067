"""What a release is: a sealed set of image digests, and what stands beside it."""

from dataclasses import dataclass

from stella.kernel import Digest, Json, canonical_json, digest_of
from stella.release.lifecycle import ReleaseState
from stella.release.variables.model import Variable, plain_variables


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
    """A sealed release. digest: ``releaseDigest``; manifest: digest of the sealed manifest.

    revision, variables: with which variables it is deployed, as its last revision has them.
    revised_by: who made that revision; None where nobody has revised it since it was sealed.
    channel: empty for none; sealed with it.
    """

    id: str
    name: str
    version: str
    digest: str
    manifest: str
    state: ReleaseState
    created_at: str
    created_by: str
    components: tuple[ReleaseComponent, ...]
    revision: int = 1
    variables: tuple[Variable, ...] = ()
    revised_by: str | None = None
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Revision:
    """Variables that a release has or had: how many. digest: of the document that they are."""

    number: int
    count: int
    digest: str
    at: str
    by: str
    reason: str


def variables_digest(variables: tuple[Variable, ...]) -> Digest:
    """Of the whole document, in the order of the release."""
    return digest_of(plain_variables(variables))


def release_digest(digests: dict[str, str]) -> Digest:
    """``releaseDigest``: of component name -> image digest and nothing else.

    The same images are the same release, whatever it is called.
    """
    return digest_of(digests)


def sealed_manifest(
    name: str,
    version: str,
    components: tuple[ReleaseComponent, ...],
    variables: tuple[Variable, ...] = (),
    channel: str = "",
) -> bytes:
    """The canonical document that names the release, its images and the platforms under them.

    variables, channel: with which it was sealed; where there are none, the document is silent of them.
    """
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
    document: dict[str, Json] = {
        "schema": 1,
        "name": name,
        "version": version,
        "releaseDigest": release_digest(digests).text,
        "components": listed,
    }
    if variables:
        document["variables"] = plain_variables(variables)
    if channel:
        document["channel"] = channel
    return canonical_json(document)
