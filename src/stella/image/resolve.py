"""Reference -> digest, platforms, layers. An index stays an index: its digest is the identity."""

from stella.image.errors import NoSuchPlatform, UnsupportedImage
from stella.image.manifest import (
    CONFIG_BYTES_MAX,
    CONFIG_TYPES,
    INDEX_TYPES,
    MANIFEST_TYPES,
    checked_digest,
    descriptor,
    malformed,
    media_type_of,
    parse_config,
    parse_index,
    parse_manifest,
)
from stella.image.model import Image, PlatformImage, Reference
from stella.image.source import ImageSource, mismatch, read_blob
from stella.kernel import Digest, Remedy
from stella.plugin.contract.registry import Descriptor, RawManifest

PLATFORMS_MAX = 32
_ATTESTATION = "unknown/unknown"  # how BuildKit marks manifests that are no image
_KIND, _ATTESTATION_KIND = "vnd.docker.reference.type", "attestation-manifest"
_SUBJECT = "vnd.docker.reference.digest"


def resolve(source: ImageSource, reference: Reference, platform: str | None = None) -> Image:
    """What ``reference`` names right now, with every manifest and configuration verified.

    platform: ``os/architecture[/variant]``; only platforms that it covers are kept. None: all.
    Raises NoSuchPlatform, UnsupportedImage, and the refusals of ``stella.plugin.refusals``.
    """
    name = str(reference.digest) if reference.digest else reference.tag or "latest"
    raw = _verified(source.manifest(reference.repository, name), reference.digest)
    media_type = media_type_of(raw.content, raw.media_type)
    if media_type in MANIFEST_TYPES:
        only = _platform_image(source, reference.repository, raw)
        if platform and not covers(platform, only.platform):
            raise _no_platform(reference, platform, (only.platform,))
        return Image(reference, raw.digest, media_type, (only,))
    if media_type not in INDEX_TYPES:
        raise _unsupported(reference, media_type)
    entries = [descriptor(entry, "image index") for entry in parse_index(raw.content).manifests]
    images = _from_index(source, reference, entries, platform)
    return Image(reference, raw.digest, media_type, images, _attestations(entries))


def covers(wanted: str, offered: str) -> bool:
    """Whether a platform fits: ``linux/arm64`` also takes ``linux/arm64/v8``."""
    return offered == wanted or offered.startswith(f"{wanted}/")


def _from_index(
    source: ImageSource, reference: Reference, entries: list[Descriptor], platform: str | None
) -> tuple[PlatformImage, ...]:
    runnable = [
        entry
        for entry in entries
        if entry.media_type in MANIFEST_TYPES
        and entry.platform != _ATTESTATION
        and entry.annotations.get(_KIND) != _ATTESTATION_KIND
    ]
    offered = tuple(sorted({entry.platform or "unnamed" for entry in runnable}))
    wanted = [
        entry
        for entry in runnable
        if platform is None or entry.platform is None or covers(platform, entry.platform)
    ]
    if len(wanted) > PLATFORMS_MAX:
        raise malformed("image index", f"{len(wanted)} platforms, at most {PLATFORMS_MAX}")
    images: dict[Digest, PlatformImage] = {}
    for entry in wanted:
        raw_entry = source.manifest(reference.repository, entry.digest.text)
        image = _platform_image(source, reference.repository, _verified(raw_entry, entry.digest))
        _same_platform(entry, image)
        if platform is None or covers(platform, image.platform):
            images[image.digest] = image
    if not images:
        raise _no_platform(reference, platform or "any", offered)
    return tuple(sorted(images.values(), key=lambda image: (image.platform, image.digest)))


def _attestations(entries: list[Descriptor]) -> tuple[tuple[Digest, Descriptor], ...]:
    """Source: BuildKit, "Image attestation storage"."""
    found = []
    for entry in entries:
        if entry.annotations.get(_KIND) == _ATTESTATION_KIND and _SUBJECT in entry.annotations:
            subject = checked_digest(entry.annotations[_SUBJECT], "image index")
            found.append((subject, entry))
    return tuple(found)


def _platform_image(source: ImageSource, repository: str, raw: RawManifest) -> PlatformImage:
    if media_type_of(raw.content, raw.media_type) not in MANIFEST_TYPES:
        raise malformed("image index", f"{raw.digest} is announced as a manifest and is none")
    manifest = parse_manifest(raw.content)
    config = descriptor(manifest.config, "image manifest")
    if config.media_type not in CONFIG_TYPES:
        raise UnsupportedImage(
            f"{raw.digest} is an artifact, not a runnable image: {config.media_type[:80]}",
            remedy=Remedy("Name the image itself, not what is attached to it."),
            digest=raw.digest,
        )
    content = read_blob(source, repository, config, bytes_max=CONFIG_BYTES_MAX)
    parsed = parse_config(content)
    layers = tuple(descriptor(layer, "image manifest") for layer in manifest.layers)
    diff_ids = tuple(checked_digest(text, "image configuration") for text in parsed.rootfs.diff_ids)
    if len(layers) != len(diff_ids):
        raise malformed("image manifest", f"{len(layers)} layers, {len(diff_ids)} diff ids")
    return PlatformImage(
        platform=parsed.platform(),
        digest=raw.digest,
        manifest=raw.content,
        config=config,
        config_content=content,
        layers=layers,
        diff_ids=diff_ids,
    )


def _verified(raw: RawManifest, wanted: Digest | None) -> RawManifest:
    """``raw``, its digest computed here: the identity of everything hangs on it."""
    computed = Digest.of(raw.content)
    if computed != (wanted or raw.digest):
        raise mismatch(wanted or raw.digest, f"the manifest's bytes have {computed}")
    return RawManifest(raw.media_type, computed, raw.content)


def _same_platform(entry: Descriptor, image: PlatformImage) -> None:
    """An index that announces one platform and delivers another would deceive the one who pulls."""
    if entry.platform is None:
        return
    announced, real = entry.platform.split("/")[:2], image.platform.split("/")[:2]
    if announced != real:
        raise malformed(
            "image index", f"{entry.digest} is announced as {entry.platform}, is {image.platform}"
        )


def _no_platform(reference: Reference, wanted: str, offered: tuple[str, ...]) -> NoSuchPlatform:
    have = ", ".join(offered) or "no runnable platform at all"
    return NoSuchPlatform(
        f"{reference} is not there for {wanted}; it has {have}",
        remedy=Remedy(
            f"Build the image for {wanted}, or ask for one of those platforms.",
            command=f"stella image resolve {reference}",
        ),
        reference=str(reference),
        wanted=wanted,
        offered=offered,
    )


def _unsupported(reference: Reference, media_type: str) -> UnsupportedImage:
    return UnsupportedImage(
        f"{reference} is a {media_type[:80]}, which is no image that can be read",
        remedy=Remedy("Push it with a tool that writes OCI or Docker v2 schema 2 manifests."),
        media_type=media_type,
    )
