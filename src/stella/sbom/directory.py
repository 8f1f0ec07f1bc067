"""A directory as if it were one layer: a mounted root file system, a virtual environment."""

import os
from collections.abc import Iterator
from pathlib import Path

from stella.kernel import Digest, Json, Remedy, digest_of
from stella.sbom.catalogue import catalogue
from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.ecosystem.table import parsed, reader_of
from stella.sbom.errors import UnreadableDirectory
from stella.sbom.facts import FileFacts, LayerFacts, Unread
from stella.sbom.limits import DEFAULT_LIMITS, Limits
from stella.sbom.model import Component, Inventory, Occurrence


def scan_directory(root: Path, *, limits: Limits = DEFAULT_LIMITS) -> Inventory:
    """What is in the directory; links are not followed out of it, and no layer is named.

    ``subject`` is the digest of the files of interest with their paths: what the result follows from.
    Raises UnreadableDirectory.
    """
    if not root.is_dir():
        raise UnreadableDirectory(
            f"no directory at {root}",
            remedy=Remedy("Check the path after dir:."),
            path=str(root),
        )
    files: dict[str, FileFacts] = {}
    listing: dict[str, Json] = {}
    for path, file, reader in _files(root, limits):
        content = _content(file, limits)
        if isinstance(content, bytes):
            listing[path] = Digest.of(content).text
            files[path] = parsed(reader, path, content, limits)
        else:
            listing[path] = content.reason
            files[path] = content
    subject = digest_of(listing)
    facts = LayerFacts(subject.text, subject.text, 0, 0, len(files), dict(sorted(files.items())))
    found = catalogue([facts])
    return Inventory(
        subject=subject,
        name=root.resolve().name,
        platform="",
        distro=found.distro,
        components=tuple(_without_layer(component) for component in found.components),
        partial=found.partial,
    )


def _files(root: Path, limits: Limits) -> Iterator[tuple[str, Path, EcosystemReader]]:
    """Files of interest, by their path below ``root``; directories in name order."""
    count = 0
    for directory, names, file_names in os.walk(root, followlinks=False):
        names.sort()
        for name in sorted(file_names):
            count += 1
            if count > limits.entries_max:
                return
            file = Path(directory) / name
            path = file.relative_to(root).as_posix()
            # A virtual environment is scanned from its own root, so no leading directory is asked for.
            reader = reader_of(path, name)
            if reader is not None:
                yield path, file, reader


def _content(file: Path, limits: Limits) -> bytes | Unread:
    try:
        # O_NONBLOCK: a pipe must not make us wait; O_NOFOLLOW: a link may lead out.
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as opened:
            content = opened.read(limits.file_bytes_max + 1)
    except OSError as error:
        return Unread(f"it cannot be read: {error.strerror}")
    if len(content) > limits.file_bytes_max:
        return Unread(f"it is longer than the {limits.file_bytes_max} bytes that are read")
    return content


def _without_layer(component: Component) -> Component:
    return Component(
        purl=component.purl,
        type=component.type,
        name=component.name,
        version=component.version,
        source_name=component.source_name,
        source_version=component.source_version,
        distro=component.distro,
        licence=component.licence,
        evidence=component.evidence,
        occurrences=tuple(Occurrence(place.path, None) for place in component.occurrences),
    )
