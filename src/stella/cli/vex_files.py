"""What ``--vex`` names: documents, signed or not, and repositories of them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from stella.cli.errors import UnreadableFile
from stella.cli.written import read
from stella.finding import Findings, apply_vex
from stella.image import Image
from stella.kernel import Remedy
from stella.plugin.contract.registry import Registry
from stella.sbom import Inventory
from stella.trust import load_public_key
from stella.vex import Basis, Gap, Heard, Issuer, Voices, hear, image_subject
from stella.vex.attached import attached_vex
from stella.vex.hearing import hear_new
from stella.vex.issuer import WEIGHT_MAX
from stella.vex.repository import INDEX, locations

_NOBODY = "the files given"


def read_voices(
    paths: Sequence[Path], keys: Sequence[Path] = (), attached: Sequence[bytes] = ()
) -> Voices:
    """The documents at ``paths``: files, or directories that are VEX repositories.

    Whoever hands a file in stands for it: its author counts as trusted. With ``keys``, only what is
    signed with one of them decides; the rest is shown, and so it is with what is ``attached`` to an
    image in any case. Raises UnreadableFile, MalformedVex, UnusableKey.
    """
    issuers = [Issuer(key.stem, WEIGHT_MAX, (load_public_key(key),)) for key in keys]
    heard = []
    for content in (content for path in paths for content in contents_of(path)):
        one = hear_new(content, issuers)
        if one.basis is Basis.NONE and not issuers:
            issuer = Issuer(one.document.author or _NOBODY, WEIGHT_MAX)
            one = Heard(one.document, issuer, Basis.VOUCHED)
        heard.append(one)
    return Voices([*heard, *(hear(content, issuers) for content in attached)])


def beside(
    registry: Registry, repository: str, images: Sequence[Image]
) -> tuple[tuple[bytes, ...], tuple[Gap, ...]]:
    """The VEX documents beside the images and their platforms, and what could not be read of them."""
    digests = {one.digest for one in images}
    digests |= {platform.digest for one in images for platform in one.platforms}
    found = attached_vex(registry, repository, digests)
    return found.documents, found.gaps


def with_vex(
    findings: Findings,
    voices: Voices,
    inventory: Inventory,
    sbom: bytes,
    image: Image | None = None,
) -> Findings:
    """``findings`` with what ``voices`` say of them now. image: where the inventory is of one."""
    indexes = {image.digest.text} - {inventory.subject.text} if image else ()
    places = {f"{image.reference.host}/{image.reference.repository}"} if image else ()
    subject = image_subject(inventory, sbom, indexes=indexes, repositories=places)
    return apply_vex(findings, voices, subject, datetime.now(UTC))


def contents_of(path: Path) -> Iterator[bytes]:
    """The document at ``path``, or each of a repository's. Raises UnreadableFile, MalformedVex."""
    if not path.is_dir():
        yield read(path)
        return
    if not (path / INDEX).is_file():
        raise UnreadableFile(
            f"{path} is no VEX repository: it has no {INDEX}",
            remedy=Remedy(
                "Name a document, or a directory with vex-repository.json and index.json."
            ),
            path=str(path),
        )
    for location in locations(read(path / INDEX)):
        file = path / location
        if not file.resolve().is_relative_to(path.resolve()):
            raise UnreadableFile(
                f"{file} leads out of the repository",
                remedy=Remedy("Get the repository again, from where it is published."),
                path=str(file),
            )
        yield read(file)
