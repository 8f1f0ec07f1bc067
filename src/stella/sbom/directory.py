"""A directory as if it were one layer: a mounted root file system, a virtual environment."""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from stella.kernel import Json, Remedy, digest_of
from stella.sbom.catalogue import catalogue
from stella.sbom.ecosystem.program import BYTES_MIN, may_be_program, read_program
from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.ecosystem.table import bytes_max, parsed, reader_of, too_long
from stella.sbom.errors import UnreadableDirectory
from stella.sbom.facts import FileFacts, LayerFacts, Unread
from stella.sbom.limits import DEFAULT_LIMITS, Limits
from stella.sbom.model import Component, Inventory, Occurrence, Partial

_PIECE_BYTES = 512 * 1024


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
    walk = _Walk(root, limits)
    for path, file, reader in walk.files():
        known = _facts(path, file, reader, limits)
        if known is not None:
            listing[path], files[path] = known
    listing |= {one.path: one.reason for one in walk.gaps}
    subject = digest_of(listing)
    facts = LayerFacts(subject.text, subject.text, 0, 0, len(files), dict(sorted(files.items())))
    found = catalogue([facts])
    return Inventory(
        subject=subject,
        name=root.resolve().name,
        platform="",
        distro=found.distro,
        components=tuple(_without_layer(component) for component in found.components),
        partial=tuple(sorted({*found.partial, *walk.gaps})),
    )


class _Walk:
    """A walk through a directory. gaps: where it could not go, once it has ended."""

    def __init__(self, root: Path, limits: Limits) -> None:
        self._root = root
        self._limits = limits
        self.gaps: list[Partial] = []

    def files(self) -> Iterator[tuple[str, Path, EcosystemReader | None]]:
        """Files of interest and what may be a program, by their path below the root, in name order."""
        count = 0
        for directory, names, file_names in os.walk(self._root, onerror=self._unlisted):
            names.sort()
            for name in sorted(file_names):
                file = Path(directory) / name
                path = file.relative_to(self._root).as_posix()
                count += 1
                if count > self._limits.entries_max:
                    most = self._limits.entries_max
                    self.gaps.append(Partial(f"/{path}", f"beyond {most} files, not looked at"))
                    return
                # A virtual environment is scanned from its own root: no leading directory is asked for.
                reader = reader_of(path, name)
                if reader is not None or may_be_program(path, name):
                    yield path, file, reader

    def _unlisted(self, error: OSError) -> None:
        """A directory that may not be listed hides what lies in it."""
        below = Path(error.filename).relative_to(self._root).as_posix()
        reason = f"it cannot be listed: {error.strerror}"
        self.gaps.append(Partial("/" if below == "." else f"/{below}", reason))


def _facts(
    path: str, file: Path, reader: EcosystemReader | None, limits: Limits
) -> tuple[str, FileFacts] | None:
    """The file's digest (or why there is none) and what it says; None for a program without a word."""
    try:
        # O_NONBLOCK: a pipe must not make us wait; O_NOFOLLOW: a link may lead out.
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as opened:
            return _read(path, opened, reader, limits)
    except OSError as error:
        if reader is None:
            return None  # a link, a device, another's file: it was only a guess by its name
        unread = Unread(f"it cannot be read: {error.strerror}")
        return unread.reason, unread


def _read(
    path: str, opened: BinaryIO, reader: EcosystemReader | None, limits: Limits
) -> tuple[str, FileFacts] | None:
    status = os.fstat(opened.fileno())
    hasher = hashlib.sha256()
    pieces = _hashed(opened, hasher)
    facts: FileFacts | None
    if reader is None:
        is_program = stat.S_ISREG(status.st_mode) and status.st_mode & stat.S_IXUSR
        if not is_program or status.st_size < BYTES_MIN:
            return None
        facts = read_program(path.rpartition("/")[2], pieces)
        if facts is None:
            return None
        for _ in pieces:
            pass  # a program may have said all before its end: the digest is of the whole file
    elif not stat.S_ISREG(status.st_mode):
        facts = Unread("it is a device, a pipe or of an unknown kind, not a file")
    elif status.st_size > (most := bytes_max(reader, limits)):
        facts = too_long(status.st_size, most)
    else:
        facts = parsed(reader, path, pieces, limits)
    return f"sha256:{hasher.hexdigest()}", facts


def _hashed(opened: BinaryIO, hasher: "hashlib._Hash") -> Iterator[bytes]:
    while piece := opened.read(_PIECE_BYTES):
        hasher.update(piece)
        yield piece


def _without_layer(component: Component) -> Component:
    places = tuple(Occurrence(place.path, None) for place in component.occurrences)
    return replace(component, occurrences=places)
