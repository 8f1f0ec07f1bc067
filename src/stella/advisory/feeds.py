"""Feeds as files: directories, archives and lists, opened up into single documents. All are hostile."""

import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from stella.advisory.errors import FeedTooLarge, UnreadableFeed
from stella.advisory.model import Skipped
from stella.kernel import Remedy

DOCUMENT_BYTES_MAX = 256 << 20
FEED_BYTES_MAX = 8 << 30
DOCUMENTS_MAX = 5_000_000

# What the standard library raises where an archive is cut off, encrypted or made to hurt.
_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
)
_DOCUMENTS = (".json", ".yml", ".yaml", ".csv")
# A name, a link or fields that do not fit into the header of what follows.
_EXTENSIONS = frozenset(
    {
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    }
)
_EXTENSION_BYTES_MAX = 1 << 20
_LISTS = (".jsonl", ".ndjson")
_TARS = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar")


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a feed: JSON, YAML or a table. where: file, member and line. feed: that has it."""

    where: str
    content: bytes
    feed: str = ""


class _Header(tarfile.TarInfo):
    """Reads no name of gigabytes into memory, which a header of tar may promise."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in _EXTENSIONS and self.size > _EXTENSION_BYTES_MAX:
            raise tarfile.ReadError(f"a header of {self.size} bytes")
        found: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]
        return found


class _Budget:
    """Counts what a feed unpacks to."""

    def __init__(self, source: Path) -> None:
        self.source, self.bytes, self.documents = source, 0, 0

    def spend(self, size: int) -> None:
        self.bytes += size
        self.documents += 1
        if self.bytes > FEED_BYTES_MAX or self.documents > DOCUMENTS_MAX:
            raise FeedTooLarge(
                f"{self.source} unpacks to more than any real feed",
                remedy=Remedy("Check where it came from; import its parts one by one."),
                source=str(self.source),
            )


def documents(source: Path) -> Iterator[Document | Skipped]:
    """Every document below ``source``, in order of name; what is none, with the reason.

    Raises UnreadableFeed, FeedTooLarge.
    """
    if not source.exists():
        raise UnreadableFeed(
            f"{source} is not there", remedy=Remedy("Check the path."), source=str(source)
        )
    budget = _Budget(source)
    files = sorted(source.rglob("*")) if source.is_dir() else [source]
    for path in files:
        if path.is_file():
            yield from _file(path, path.name, budget)


def of_feed(found: Document | Skipped, feed: str) -> Document | Skipped:
    """What was found, as of the feed: what it withdraws are its own records."""
    return replace(found, feed=feed) if isinstance(found, Document) else found


def documents_of(path: Path, name: str) -> Iterator[Document | Skipped]:
    """Every document of one file, which counts as one called ``name``.

    Raises UnreadableFeed, FeedTooLarge.
    """
    return _file(path, name, _Budget(path))


def _file(path: Path, name: str, budget: _Budget) -> Iterator[Document | Skipped]:
    try:
        with path.open("rb") as stream:
            yield from _opened(stream, name, budget)
    except _UNREADABLE as error:
        raise UnreadableFeed(
            f"{name} cannot be read: {error}",
            remedy=Remedy("Fetch the feed again; it seems to be cut off or damaged."),
            source=str(path),
        ) from None


def _opened(stream: IO[bytes], name: str, budget: _Budget) -> Iterator[Document | Skipped]:
    lower = name.lower()
    if lower.endswith(_TARS):
        with tarfile.open(fileobj=stream, mode="r|*", tarinfo=_Header) as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None:
                    yield from _plain(content, f"{name}:{member.name}", budget)
    elif lower.endswith(".zip"):
        with zipfile.ZipFile(stream) as archive_:
            for info in sorted(archive_.infolist(), key=lambda one: one.filename):
                if not info.is_dir():
                    with archive_.open(info) as member_:
                        yield from _plain(member_, f"{name}:{info.filename}", budget)
    elif lower.endswith(".gz"):
        with gzip.open(stream) as plain:
            yield from _plain(io.BufferedReader(plain), name.removesuffix(".gz"), budget)
    else:
        yield from _plain(stream, name, budget)


def _plain(stream: IO[bytes], name: str, budget: _Budget) -> Iterator[Document | Skipped]:
    lower = name.lower()
    if lower.endswith(_LISTS):
        number = 0
        while line := stream.readline(DOCUMENT_BYTES_MAX + 1):
            number += 1
            yield _bounded(line, f"{name}:{number}", budget)
    elif lower.endswith(_DOCUMENTS):
        yield _bounded(stream.read(DOCUMENT_BYTES_MAX + 1), name, budget)
    else:
        yield Skipped(name, "not a file of advisories")


def _bounded(content: bytes, where: str, budget: _Budget) -> Document | Skipped:
    budget.spend(len(content))
    if len(content) > DOCUMENT_BYTES_MAX:
        return Skipped(where, f"a document of more than {DOCUMENT_BYTES_MAX} bytes")
    return Document(where, content)
