"""A snapshot: one read-only SQLite file, named by the digest of its bytes.

One row a package, holding all its records as JSON: matching reads one row for each package of an
image, whatever the number of advisories.
"""

import contextlib
import hashlib
import re
import sqlite3
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Protocol, Self

import msgspec

from stella.advisory.blocks import TABLE, Blocks, write_blocks
from stella.advisory.errors import (
    AmbiguousSnapshot,
    SnapshotAltered,
    SnapshotNotFound,
    UnknownAdvisory,
    UnsupportedSnapshot,
)
from stella.advisory.model import FeedAge, Package, Rating, Record
from stella.advisory.slice import slice_bytes
from stella.kernel import Digest, Remedy

FORMAT = "stella-advisories/3"
_READ = frozenset({"stella-advisories/2", FORMAT})
"""The one before knows no functions of advisories."""
_PACKAGES, _KNOWN, _ASSESSED = "package:", "known", "assessed"
SUFFIX = ".advisories.sqlite"

_NAME = re.compile(r"(?P<hex>[0-9a-f]{64})" + re.escape(SUFFIX) + r"\Z")

# Bytes of the SQLite header that tell who wrote the file last, not what is in it: the change
# counter, the change at which the version was noted (both must agree), and that version.
# https://www.sqlite.org/fileformat.html#the_database_header
_HEADER_CONSTANTS = ((24, 1), (92, 1), (96, 3_040_000))

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(tuple[Record, ...])
_places = msgspec.json.Decoder(list[tuple[int, int]])
_said = msgspec.json.Decoder(list[tuple[str, str, str, str]])


def file_name(digest: Digest) -> str:
    """The name of the snapshot with that digest."""
    return f"{digest.hex}{SUFFIX}"


class Content(Protocol):
    """What a snapshot is made of."""

    kev: frozenset[str]

    def packages(self) -> Iterator[tuple[Package, list[Record]]]:
        """Each package with its records in order of id; packages sorted."""

    def assessments(self) -> Iterator[tuple[str, str, str, str, str]]:
        """Id, source, severity, vector, summary; sorted."""


def write_snapshot(path: Path, content: Content, feeds: Iterable[FeedAge] = ()) -> dict[str, int]:
    """Write the file; equal input gives equal bytes. Returns records by ecosystem."""
    counts: dict[str, int] = {}
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript(
            "PRAGMA page_size = 1024; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "PRAGMA encoding = 'UTF-8'; PRAGMA auto_vacuum = NONE;"
            "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
            "CREATE TABLE ecosystem (name TEXT PRIMARY KEY, records INTEGER) WITHOUT ROWID;"
            "CREATE TABLE kev (id TEXT PRIMARY KEY) WITHOUT ROWID;"
            "CREATE TABLE feed (name TEXT PRIMARY KEY, at TEXT, documents INTEGER) WITHOUT ROWID;"
            + TABLE
        )
        database.execute("INSERT INTO meta VALUES ('format', ?)", (FORMAT,))
        known: dict[str, set[tuple[int, int]]] = {}
        for number, (ecosystem, packages) in enumerate(_by_ecosystem(content)):
            counts[ecosystem] = _write_ecosystem(database, number, ecosystem, packages, known)
        database.executemany(
            "INSERT INTO ecosystem VALUES (?, ?)",
            sorted(counts.items()),
        )
        places = (
            (one, _encoder.encode(sorted(known[one]))) for one in sorted(known, key=str.encode)
        )
        deque(write_blocks(database, _KNOWN, places), maxlen=0)
        deque(write_blocks(database, _ASSESSED, _assessments(content)), maxlen=0)
        database.executemany("INSERT INTO kev VALUES (?)", ((one,) for one in sorted(content.kev)))
        ages = sorted((one.name, one.at, one.documents) for one in feeds)
        database.executemany("INSERT INTO feed VALUES (?, ?, ?)", ages)
        database.commit()
        database.execute("VACUUM")
    with path.open("r+b") as file:
        for offset, number in _HEADER_CONSTANTS:
            file.seek(offset)
            file.write(number.to_bytes(4))
    return counts


def _by_ecosystem(
    content: Content,
) -> Iterator[tuple[str, Iterator[tuple[Package, list[Record]]]]]:
    yield from groupby(content.packages(), key=lambda one: one[0].ecosystem)


def _write_ecosystem(
    database: sqlite3.Connection,
    number: int,
    ecosystem: str,
    packages: Iterable[tuple[Package, list[Record]]],
    known: dict[str, set[tuple[int, int]]],
) -> int:
    """Write its packages, and note in ``known`` which block speaks of which id. Returns the records."""
    count = 0
    ids: set[str] = set()

    def rows() -> Iterator[tuple[str, bytes]]:
        nonlocal count, ids
        for package, records in packages:
            count += len(records)
            ids = {name for record in records for name in (record.id, *record.aliases)}
            yield package.name, _encoder.encode(records)

    for _, block in write_blocks(database, _PACKAGES + ecosystem, rows()):
        for one in ids:
            known.setdefault(one, set()).add((number, block))
    return count


def _assessments(content: Content) -> Iterator[tuple[str, bytes]]:
    for name, rows in groupby(content.assessments(), key=lambda one: one[0]):
        yield name, _encoder.encode([row[1:] for row in rows])


def open_snapshot(path: Path) -> "StoredSnapshot":
    """The snapshot at ``path``: the file, or a directory that holds exactly one.

    Raises SnapshotNotFound, AmbiguousSnapshot, SnapshotAltered, UnsupportedSnapshot.
    """
    file = _found(path)
    named = _NAME.match(file.name)
    if named is None:
        raise UnsupportedSnapshot(
            f"{file.name} is not the name of a snapshot",
            remedy=Remedy(
                "Make a snapshot of a feed.", command=f"stella advisory import {path} --into DIR"
            ),
            path=str(file),
        )
    with file.open("rb") as stream:
        actual = hashlib.file_digest(stream, "sha256").hexdigest()
    if actual != named["hex"]:
        raise SnapshotAltered(
            f"{file} holds other bytes than its name promises",
            remedy=Remedy("Fetch or import the snapshot again; this one was changed or cut off."),
            path=str(file),
            actual=f"sha256:{actual}",
        )
    return StoredSnapshot(file, Digest(f"sha256:{actual}"))


def _found(path: Path) -> Path:
    if path.is_file():
        return path
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else []
    if not files:
        raise SnapshotNotFound(
            f"no advisory snapshot at {path}",
            remedy=Remedy(
                "Import a feed first.", command=f"stella advisory import FEED --into {path}"
            ),
            path=str(path),
        )
    if len(files) > 1:
        raise AmbiguousSnapshot(
            f"{path} holds {len(files)} snapshots",
            remedy=Remedy("Name one of the files."),
            files=[file.name for file in files],
        )
    return files[0]


class StoredSnapshot:
    """A snapshot file, open for reading. May be used from several threads."""

    def __init__(self, path: Path, digest: Digest) -> None:
        self.path, self.digest = path, digest
        try:
            self._database = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
            ((form,),) = self._database.execute("SELECT value FROM meta WHERE key = 'format'")
        except (sqlite3.DatabaseError, ValueError):
            form = None
        if form not in _READ:
            raise UnsupportedSnapshot(
                f"{path} is no advisory snapshot of a format that is read",
                remedy=Remedy("Import the feeds again with this version."),
                path=str(path),
                format=form,
            )
        self.records = dict(self._database.execute("SELECT name, records FROM ecosystem"))
        self.ecosystems = frozenset(self.records)
        self._blocks = Blocks(self._database)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def candidates(
        self, ecosystem: str, names: Collection[str]
    ) -> Mapping[str, tuple[Record, ...]]:
        """Package name -> its records in order of id; names without one are left out."""
        found = self._blocks.find(_PACKAGES + ecosystem, names)
        return {name: _decoder.decode(body) for name, body in found.items()}

    def feeds(self) -> tuple[FeedAge, ...]:
        """How new each feed was, sorted by name; empty where files were imported."""
        rows = self._database.execute("SELECT name, at, documents FROM feed ORDER BY name")
        return tuple(FeedAge(*row) for row in rows)

    def assessments(self, name: str) -> tuple[tuple[Rating, str], ...]:
        """What sources say of the vulnerability itself, each with its summary, sorted by source."""
        found = self._blocks.find(_ASSESSED, [name]).get(name)
        rows = _said.decode(found) if found is not None else []
        return tuple((Rating(source, word, cvss), text) for source, word, cvss, text in rows)

    def kev(self) -> frozenset[str]:
        """Every known exploited CVE of the catalogue that was imported."""
        return frozenset(row[0] for row in self._database.execute("SELECT id FROM kev"))

    def named(self, name: str) -> Iterator[tuple[Package, Record]]:
        """Every record with that id or alias, and the package it speaks of.

        Raises UnknownAdvisory.
        """
        found = self._blocks.find(_KNOWN, [name]).get(name)
        if found is None:
            if self.assessments(name):
                return
            raise UnknownAdvisory(
                f"the snapshot holds no advisory {name!r}",
                remedy=Remedy("Give an id or an alias, such as CVE-2023-43804."),
                id=name,
            )
        ecosystems = sorted(self.records)
        for number, block in _places.decode(found):
            ecosystem = ecosystems[number]
            for package, body in self._blocks.block(_PACKAGES + ecosystem, block).items():
                for record in _decoder.decode(body):
                    if name in (record.id, *record.aliases):
                        yield Package(ecosystem, package), record

    def slice(self, packages: Iterable[Package]) -> bytes:
        """Canonical JSON of all that matching these packages can see of the snapshot."""
        return slice_bytes(self, packages)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
