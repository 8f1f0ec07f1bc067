"""Import feeds: whatever their form, one frozen snapshot comes out, the same for the same feeds."""

import contextlib
import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from stella.advisory.errors import NothingToImport, UnwritableSnapshot
from stella.advisory.feeds import Document, documents
from stella.advisory.kev import parse_kev
from stella.advisory.model import Package, Record, Skipped, SnapshotInfo
from stella.advisory.osv import parse_osv, records_of
from stella.advisory.secdb import parse_secdb, secdb_records
from stella.advisory.snapshot import file_name, write_snapshot
from stella.kernel import Digest, Remedy

_EXAMPLES_MAX = 20

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Record)


class _Head(msgspec.Struct, frozen=True):
    """Enough of a document to tell which format it is."""

    id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    affected: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    modified: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    secdb: msgspec.Raw | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="reponame")
    kev: msgspec.Raw | msgspec.UnsetType = msgspec.field(
        default=msgspec.UNSET, name="catalogVersion"
    )


_heads = msgspec.json.Decoder(_Head)


def import_advisories(sources: Sequence[Path], to: Path) -> SnapshotInfo:
    """Make the snapshot of all ``sources`` together in the directory ``to``.

    sources: OSV records (JSON, JSON lines, loose, in a zip or a tar), Alpine's secdb, CISA's
        catalogue. Of one record in several feeds the one modified last counts; withdrawn ones never.
    Raises UnreadableFeed, FeedTooLarge, NothingToImport, UnwritableSnapshot.
    """
    try:
        to.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=to, prefix=".importing-") as workshop:
            return _import(sources, to, Path(workshop))
    except (OSError, sqlite3.OperationalError) as error:
        raise UnwritableSnapshot(
            f"no snapshot can be written to {to}: {error}",
            remedy=Remedy("Name a directory that can be written and has room."),
            to=str(to),
        ) from None


def _import(sources: Sequence[Path], to: Path, workshop: Path) -> SnapshotInfo:
    with contextlib.closing(_Stage(workshop / "staged.sqlite")) as stage:
        for source in sources:
            for document in documents(source):
                if isinstance(document, Skipped):
                    stage.skip(document)
                else:
                    _take(document, stage)
        made = workshop / "snapshot.sqlite"
        counts = write_snapshot(made, stage.packages(), stage.kev)
        if not counts:
            raise NothingToImport(
                "the feeds hold no record that can be matched",
                remedy=Remedy("Give OSV records as JSON, JSON lines, zip or tar."),
                sources=[str(source) for source in sources],
            )
        digest = Digest.of(made.read_bytes())
        path = to / file_name(digest)
        made.chmod(0o444)
        os.replace(made, path)  # noqa: PTH105 - atomic, over an equal file of an earlier import
        return SnapshotInfo(
            path, digest, counts, len(stage.kev), dict(stage.skipped), tuple(stage.examples)
        )


def _take(document: Document, stage: "_Stage") -> None:
    """Put one document on the stage, or say why not."""
    content = document.content.strip()
    if not content:
        return
    try:
        if content.startswith(b"["):
            for number, part in enumerate(msgspec.json.decode(content, type=list[msgspec.Raw])):
                _take(Document(f"{document.where}[{number}]", bytes(part)), stage)
            return
        head = _heads.decode(content)
        if head.kev is not msgspec.UNSET:
            stage.kev |= parse_kev(content)
        elif head.secdb is not msgspec.UNSET:
            for package, record in secdb_records(parse_secdb(content)):
                stage.add(package, record, "")
        elif head.id is not msgspec.UNSET and head.affected is not msgspec.UNSET:
            _take_osv(document.where, content, stage)
        elif head.id is not msgspec.UNSET and head.modified is not msgspec.UNSET:
            stage.skip(Skipped(document.where, "a record that names no affected package"))
        else:
            stage.skip(Skipped(document.where, "not an advisory format that is read"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        stage.skip(Skipped(document.where, f"malformed: {str(error)[:150]}"))


def _take_osv(where: str, content: bytes, stage: "_Stage") -> None:
    osv = parse_osv(content)
    if osv.withdrawn:
        stage.withdraw(osv.id, osv.modified)
        stage.skip(Skipped(where, "withdrawn"))
        return
    taken = 0
    for package, record in records_of(osv):
        stage.add(package, record, osv.modified)
        taken += 1
    if not taken:
        stage.skip(Skipped(where, "a record that names no affected package"))


class _Stage:
    """What was read so far, on disk: whole feeds need not fit into memory."""

    def __init__(self, path: Path) -> None:
        self.kev: frozenset[str] = frozenset()
        self.skipped: Counter[str] = Counter()
        self.examples: list[Skipped] = []
        self._database = sqlite3.connect(path)
        self._database.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "CREATE TABLE staged (ecosystem TEXT, package TEXT, id TEXT, modified TEXT, body BLOB);"
            "CREATE TABLE withdrawn (id TEXT, modified TEXT);"
        )

    def add(self, package: Package, record: Record, modified: str) -> None:
        row = (package.ecosystem, package.name, record.id, modified, _encoder.encode(record))
        self._database.execute("INSERT INTO staged VALUES (?, ?, ?, ?, ?)", row)

    def withdraw(self, record: str, modified: str) -> None:
        self._database.execute("INSERT INTO withdrawn VALUES (?, ?)", (record, modified))

    def skip(self, skipped: Skipped) -> None:
        self.skipped[skipped.reason.partition(":")[0]] += 1
        # What is no JSON at all is expected beside a feed; an example should teach something.
        is_news = skipped.reason not in {"withdrawn", "not a JSON file"}
        if is_news and len(self.examples) < _EXAMPLES_MAX:
            self.examples.append(skipped)

    def packages(self) -> Iterator[tuple[Package, list[Record]]]:
        """Each package with its records in order of id, of each the one modified last."""
        rows = self._database.execute(
            "SELECT ecosystem, package, id, body FROM staged s WHERE NOT EXISTS"
            " (SELECT 1 FROM withdrawn w WHERE w.id = s.id AND w.modified >= s.modified)"
            " ORDER BY ecosystem, package, id, modified, body"
        )
        current: Package | None = None
        records: dict[str, Record] = {}
        for ecosystem, name, record_id, body in rows:
            if current != Package(ecosystem, name):
                if current:
                    yield current, list(records.values())
                current, records = Package(ecosystem, name), {}
            records[record_id] = self._marked(_decoder.decode(body))
        if current:
            yield current, list(records.values())

    def _marked(self, record: Record) -> Record:
        is_exploited = not self.kev.isdisjoint((record.id, *record.aliases))
        return msgspec.structs.replace(record, kev=is_exploited)

    def close(self) -> None:
        self._database.close()
