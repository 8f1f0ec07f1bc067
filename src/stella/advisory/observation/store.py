"""The local store: raw documents by digest, and which revision of which document counted when.

A directory: ``raw/ab/ab12...`` (never changed, never overwritten), ``observations.sqlite`` (the index;
one transaction a sync), ``incoming/`` (what an unfinished sync has brought so far).
"""

import fcntl
import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from stella.advisory.errors import ObservationAltered, UnknownGeneration, UnusableStore
from stella.advisory.feeds import Document, documents_of, of_feed
from stella.advisory.importing import make_snapshot
from stella.advisory.model import FeedAge, Skipped, SnapshotInfo
from stella.advisory.observation.model import Bringing, FeedChange, FeedState, Observation
from stella.kernel import Remedy

FORMAT = "stella-observations/1"

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE feed (name TEXT PRIMARY KEY, cursor TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE checked (feed TEXT, generation INTEGER, at TEXT NOT NULL,
    PRIMARY KEY (feed, generation)) WITHOUT ROWID;
CREATE TABLE observation (feed TEXT, document TEXT, revision INTEGER, version TEXT NOT NULL,
    digest TEXT NOT NULL, size INTEGER NOT NULL, items INTEGER NOT NULL, fetched_at TEXT NOT NULL,
    since INTEGER NOT NULL, until INTEGER, PRIMARY KEY (feed, document, revision)) WITHOUT ROWID;
"""
_FIELDS = "feed, document, revision, version, digest, size, items, fetched_at"


class Observations:
    """The store in one directory; one process at a time writes."""

    def __init__(self, directory: Path) -> None:
        """Open the store, or make one. Raises UnusableStore."""
        self.directory = directory
        self.incoming = directory / "incoming"
        try:
            self.incoming.mkdir(parents=True, exist_ok=True)
            (directory / "raw").mkdir(exist_ok=True)
            self._database = sqlite3.connect(directory / "observations.sqlite", timeout=5)
            self._prepare()
        except (OSError, sqlite3.DatabaseError) as error:
            raise _unusable(directory, str(error)) from None

    def _prepare(self) -> None:
        self._database.execute("PRAGMA synchronous = FULL")
        tables = self._database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if not tables:
            with self._database:
                self._database.executescript("BEGIN;" + _TABLES + "COMMIT;")
                self._database.execute("INSERT INTO meta VALUES ('format', ?)", (FORMAT,))
        row = self._database.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
        if row is None or row[0] != FORMAT:
            raise _unusable(self.directory, "it is of another format")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The only one that writes, as long as it is held. Raises UnusableStore where another is."""
        with (self.directory / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _unusable(self.directory, "another process writes to them") from None
            yield

    @property
    def generation(self) -> int:
        """Counts the syncs that were kept; 0 where there was none."""
        row = self._database.execute("SELECT MAX(generation) FROM checked").fetchone()
        return int(row[0] or 0)

    @property
    def oldest(self) -> int:
        """The first generation that a snapshot can be made of; those before were pruned."""
        row = self._database.execute("SELECT value FROM meta WHERE key = 'oldest'").fetchone()
        return int(row[0]) if row else 1

    def prune(self, keep: int) -> tuple[int, int]:
        """Forget what counted before the last ``keep`` generations.

        Returns how many revisions and bytes went. What counts now always stays. Raises UnusableStore.
        """
        oldest = max(self.oldest, self.generation - max(keep, 1) + 1)
        try:
            with self.writing(), self._database:
                gone = self._database.execute(
                    "DELETE FROM observation WHERE until IS NOT NULL AND until <= ?", (oldest,)
                ).rowcount
                self._database.execute("REPLACE INTO meta VALUES ('oldest', ?)", (str(oldest),))
            rows = self._database.execute("SELECT DISTINCT digest FROM observation")
            held = {row[0] for row in rows}
            freed = 0
            for path in sorted((self.directory / "raw").glob("*/*")):
                if path.name not in held:
                    freed += path.stat().st_size
                    path.unlink()
        except (OSError, sqlite3.DatabaseError) as error:
            raise _unusable(self.directory, str(error)) from None
        return gone, freed

    def feed(self, name: str) -> FeedState:
        """The feed's state; an empty cursor where it was never synced."""
        row = self._database.execute("SELECT cursor FROM feed WHERE name = ?", (name,)).fetchone()
        checked = self._database.execute(
            "SELECT at FROM checked WHERE feed = ? ORDER BY generation DESC LIMIT 1", (name,)
        ).fetchone()
        held = self.current(name)
        return FeedState(
            name,
            row[0] if row else "",
            checked[0] if checked else "",
            len(held),
            sum(one.items for one in held),
        )

    def feeds(self) -> tuple[FeedState, ...]:
        """Every feed, sorted by name."""
        rows = self._database.execute("SELECT name FROM feed ORDER BY name").fetchall()
        return tuple(self.feed(name) for (name,) in rows)

    def current(self, feed: str) -> tuple[Observation, ...]:
        """What counts now, in order of documents."""
        rows = self._database.execute(
            f"SELECT {_FIELDS} FROM observation WHERE feed = ? AND until IS NULL ORDER BY document",  # noqa: S608 - names of columns
            (feed,),
        )
        return tuple(Observation(*row) for row in rows)

    def history(self, feed: str, document: str = "") -> tuple[Observation, ...]:
        """Every revision, of one document or of all."""
        rows = self._database.execute(
            f"SELECT {_FIELDS} FROM observation WHERE feed = ? AND (document = ? OR ? = '')"  # noqa: S608 - names of columns
            " ORDER BY document, revision",
            (feed, document, document),
        )
        return tuple(Observation(*row) for row in rows)

    def at(self, generation: int) -> tuple[Observation, ...]:
        """What counted then, in order of feed and document. Raises UnknownGeneration."""
        if not self.oldest <= generation <= self.generation:
            raise UnknownGeneration(
                f"the store has generations {self.oldest} to {self.generation}, not {generation}",
                remedy=Remedy("Leave it out for the newest."),
                generation=generation,
            )
        rows = self._database.execute(
            f"SELECT {_FIELDS} FROM observation WHERE since <= ? AND (until IS NULL OR until > ?)"  # noqa: S608 - names of columns
            " ORDER BY feed, document",
            (generation, generation),
        )
        return tuple(Observation(*row) for row in rows)

    def keep(self, changes: Sequence[FeedChange]) -> int:
        """Keep what became of feeds, all of it or nothing. Returns the generation.

        The raw documents are in place before (``place``). Raises UnusableStore.
        """
        generation = self.generation + 1
        try:
            with self._database:
                for one in changes:
                    self._keep(one, generation)
        except sqlite3.DatabaseError as error:
            raise _unusable(self.directory, str(error)) from None
        return generation

    def _keep(self, change: FeedChange, generation: int) -> None:
        held = {one.document: one for one in self.current(change.feed)}
        for one in change.brought:
            before = held.get(one.document)
            if before is None or before.digest != one.digest:
                self._supersede(change.feed, one.document, generation)
                self._insert(change.feed, one, generation)
        for name in change.removed:
            self._supersede(change.feed, name, generation)
        self._database.execute("REPLACE INTO feed VALUES (?, ?)", (change.feed, change.cursor))
        row = (change.feed, generation, change.checked_at)
        self._database.execute("INSERT INTO checked VALUES (?, ?, ?)", row)

    def place(self, source: Path, digest: str) -> None:
        """Move a whole document to where its digest says. Twice is once."""
        target = self.raw(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            source.unlink()
            return
        with source.open("rb") as stream:
            os.fsync(stream.fileno())
        source.chmod(0o444)
        source.replace(target)

    def raw(self, digest: str) -> Path:
        """Where the document of that digest lies."""
        return self.directory / "raw" / digest[:2] / digest

    def has(self, digest: str) -> bool:
        """Whether the document of that digest is here."""
        return self.raw(digest).is_file()

    def ages(self, generation: int) -> tuple[FeedAge, ...]:
        """How new each feed was then: when it was asked last with success."""
        rows = self._database.execute(
            "SELECT feed, at, MAX(generation) FROM checked WHERE generation <= ?"
            " GROUP BY feed ORDER BY feed",
            (generation,),
        ).fetchall()
        counts: dict[str, int] = {}
        for one in self.at(generation):
            counts[one.feed] = counts.get(one.feed, 0) + 1
        return tuple(FeedAge(name, at, counts.get(name, 0)) for name, at, _ in rows)

    def freeze(self, to: Path, generation: int | None = None) -> SnapshotInfo:
        """The snapshot of what counted then (now, where none is given), in the directory ``to``.

        The same bytes each time. Raises UnknownGeneration, ObservationAltered, and as
        ``import_advisories`` does.
        """
        wanted = self.generation if generation is None else generation
        observed = self.at(wanted)
        return make_snapshot(
            self._documents(observed),
            to,
            named=[one.feed for one in observed],
            feeds=self.ages(wanted),
        )

    def _documents(self, observed: Sequence[Observation]) -> Iterator[Document | Skipped]:
        for one in observed:
            path = self.raw(one.digest)
            if not path.is_file() or file_digest(path) != one.digest:
                raise ObservationAltered(
                    f"revision {one.revision} of {one.feed}/{one.document} is gone or was changed",
                    remedy=Remedy("Remove the store and sync again, or restore it from a copy."),
                    digest=one.digest,
                )
            for found in documents_of(path, f"{one.feed}/{one.document}"):
                yield of_feed(found, one.feed)

    def clear_incoming(self, feed: str) -> None:
        """Forget what an unfinished sync of the feed has brought."""
        shutil.rmtree(self.incoming / feed, ignore_errors=True)

    def close(self) -> None:
        """Let go of the files."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _supersede(self, feed: str, document: str, generation: int) -> None:
        self._database.execute(
            "UPDATE observation SET until = ? WHERE feed = ? AND document = ? AND until IS NULL",
            (generation, feed, document),
        )

    def _insert(self, feed: str, one: Bringing, generation: int) -> None:
        row = self._database.execute(
            "SELECT MAX(revision) FROM observation WHERE feed = ? AND document = ?",
            (feed, one.document),
        ).fetchone()
        self._database.execute(
            "INSERT INTO observation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                feed,
                one.document,
                (row[0] or 0) + 1,
                one.version,
                one.digest,
                one.size,
                one.items,
                one.fetched_at,
                generation,
            ),
        )


def file_digest(path: Path) -> str:
    """Hex of the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _unusable(directory: Path, why: str) -> UnusableStore:
    return UnusableStore(
        f"the observations in {directory} cannot be used: {why[:200]}",
        remedy=Remedy("Name a directory of your own that can be written and has room."),
        directory=str(directory),
    )
