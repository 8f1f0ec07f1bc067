"""A scanned image as statements may name it: from its bill of materials and from where it was found."""

from collections.abc import Iterable

import msgspec

from stella.sbom import Inventory
from stella.vex.scope import ImageSubject, Part


def image_subject(
    inventory: Inventory,
    sbom: bytes = b"",
    *,
    indexes: Iterable[str] = (),
    repositories: Iterable[str] = (),
) -> ImageSubject:
    """The image that ``inventory`` was made of.

    sbom: its CycloneDX document, whose serial number other documents link to. indexes: digests of the
    indexes that hold it. repositories: ``host/path`` where it lies.
    """
    return ImageSubject(
        digest=inventory.subject.text,
        indexes=frozenset(indexes),
        repositories=frozenset(repositories),
        platform=inventory.platform,
        links=_links(sbom),
        parts={
            one.purl: Part(
                one.purl,
                (one.source_name, one.source_version),
                frozenset(place.path for place in one.occurrences),
            )
            for one in inventory.components
        },
    )


class _Serial(msgspec.Struct, rename="camel"):
    serial_number: str = ""
    version: int = 1


def _links(sbom: bytes) -> frozenset[str]:
    try:
        read = msgspec.json.decode(sbom, type=_Serial)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return frozenset()
    serial = read.serial_number.removeprefix("urn:uuid:")
    return frozenset({f"urn:cdx:{serial}/{read.version}"} if serial else ())
