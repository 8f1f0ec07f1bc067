"""What was read so far, on disk: whole feeds need not fit into memory. Then joined by what it names."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import msgspec

from stella.advisory.format import Assessment, Entry, Exploited, Item, Likelihood, Withdrawn
from stella.advisory.join import joined_imports, with_versions_of
from stella.advisory.model import SEVERITIES, Import, Package, Rating, Record, Skipped

_EXAMPLES_MAX = 20
_EXAMPLES_A_REASON_MAX = 5
_RATINGS_MAX = 20
_DISSENT_MAX = 10
# Expected beside a feed; an example should teach something.
_NO_NEWS = frozenset({"withdrawn", "not a file of advisories"})

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Record)
_imports = msgspec.json.Decoder(tuple[Import, ...])
_GO = "Go"
"""The ecosystem, and who keeps the database that names functions."""


class Stage:
    """Items go in, in any order; packages with their records come out, always the same for the same."""

    def __init__(self, path: Path) -> None:
        self.kev: frozenset[str] = frozenset()
        self.epss: dict[str, int] = {}
        self.skipped: Counter[str] = Counter()
        self.examples: list[Skipped] = []
        self._scored_on: dict[str, str] = {}
        self._rejected: frozenset[str] = frozenset()
        self._database = sqlite3.connect(path)
        self._database.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "CREATE TABLE staged (ecosystem TEXT, package TEXT, id TEXT, modified TEXT,"
            " source TEXT, body BLOB, feed TEXT);"
            "CREATE TABLE withdrawn (id TEXT, modified TEXT, source TEXT, feed TEXT);"
            "CREATE TABLE imported (id TEXT, package TEXT, record TEXT, body BLOB);"
            "CREATE TABLE said (id TEXT, source TEXT, severity INTEGER, cvss TEXT);"
            "CREATE TABLE assessed (id TEXT, source TEXT, severity TEXT, cvss TEXT, summary TEXT,"
            " modified TEXT, rejected INTEGER);"
        )

    def take(self, item: Item, feed: str = "") -> None:
        """Put one item on the stage. feed: that brought it; it withdraws what it brought itself."""
        match item:
            case Entry():
                self._add(item, feed)
            case Withdrawn():
                row = (item.id, item.modified, item.source, feed)
                self._database.execute("INSERT INTO withdrawn VALUES (?, ?, ?, ?)", row)
            case Exploited():
                self.kev |= item.cves
            case Likelihood():
                self._score(item)
            case Assessment():
                self._assess(item)
            case Skipped():
                self._skip(item)

    def packages(self) -> Iterator[tuple[Package, list[Record]]]:
        """Each package with its records in order of id."""
        self._database.executescript(
            "CREATE INDEX IF NOT EXISTS by_id ON said (id);"
            "CREATE INDEX IF NOT EXISTS imported_id ON imported (id, package);"
            "CREATE INDEX IF NOT EXISTS withdrawn_id ON withdrawn (id);"
        )
        rejected = self._database.execute("SELECT id FROM assessed WHERE rejected")
        self._rejected = frozenset(row[0] for row in rejected)
        rows = self._database.execute(
            "SELECT ecosystem, package, id, modified, source, body FROM staged s WHERE NOT EXISTS"
            " (SELECT 1 FROM withdrawn w WHERE w.id = s.id AND w.source = s.source"
            " AND w.feed = s.feed AND w.modified >= s.modified)"
            " ORDER BY ecosystem, package, id, modified, source, body"
        )
        for (ecosystem, name), group in groupby(rows, key=lambda row: (row[0], row[1])):
            records = [
                self._marked(*_joined(list(copies)))
                for _, copies in groupby(group, key=lambda row: row[2])
            ]
            package = Package(ecosystem, name)
            yield package, [self._with_imports(package, record) for record in records]

    def assessments(self) -> Iterator[tuple[str, str, str, str, str]]:
        """Id, source, severity, vector, summary: of each source the one modified last."""
        rows = self._database.execute(
            "SELECT id, source, severity, cvss, summary FROM assessed WHERE NOT rejected"
            " ORDER BY id, source, modified, severity, cvss, summary"
        )
        for _, group in groupby(rows, key=lambda row: (row[0], row[1])):
            *_, last = group
            yield last

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _add(self, entry: Entry, feed: str) -> None:
        package, record = entry.package, entry.record
        row = (package.ecosystem, package.name, record.id, entry.modified, entry.source)
        body = _encoder.encode(record)
        values = (*row, body, feed)
        self._database.execute("INSERT INTO staged VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        ids = {record.id, *record.aliases}
        if package.ecosystem == _GO and entry.source == _GO:
            named = _encoder.encode(record.imports or ())
            rows = [(one, package.name, record.id, named) for one in sorted(ids)]
            self._database.executemany("INSERT INTO imported VALUES (?, ?, ?, ?)", rows)
        # What mends several vulnerabilities at once rates none of them by itself.
        if record.severity == "unknown" or sum(one.startswith("CVE-") for one in ids) > 1:
            return
        own = Rating(entry.source, record.severity, record.cvss)
        for one in (own, *record.ratings):
            self._say(ids, one)

    def _say(self, ids: set[str], rating: Rating) -> None:
        rank = SEVERITIES.index(rating.severity)
        rows = ((one, rating.source, rank, rating.cvss) for one in ids)
        self._database.executemany("INSERT INTO said VALUES (?, ?, ?, ?)", rows)

    def _assess(self, one: Assessment) -> None:
        self._database.execute(
            "INSERT INTO assessed VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                one.id,
                one.source,
                one.severity,
                one.cvss,
                one.summary,
                one.modified,
                one.is_rejected,
            ),
        )
        if one.severity != "unknown":
            self._say({one.id}, Rating(one.source, one.severity, one.cvss))

    def _score(self, scores: Likelihood) -> None:
        """Of each CVE the score of the newest day; of one day the higher."""
        for cve, ppm in scores.ppm.items():
            held = (self._scored_on.get(cve, ""), self.epss.get(cve, -1))
            if (scores.scored_on, ppm) > held:
                self._scored_on[cve], self.epss[cve] = scores.scored_on, ppm

    def _skip(self, skipped: Skipped) -> None:
        reason = skipped.reason.partition(":")[0]
        self.skipped[reason] += 1
        is_news = reason not in _NO_NEWS and self.skipped[reason] <= _EXAMPLES_A_REASON_MAX
        if is_news and len(self.examples) < _EXAMPLES_MAX:
            self.examples.append(skipped)

    def _marked(self, record: Record, source: str) -> Record:
        """With what is known of the same vulnerability elsewhere."""
        ids = (record.id, *record.aliases)
        others = self._others(ids, source, record)
        scores = [self.epss[one] for one in ids if one in self.epss]
        severity, vector = record.severity, record.cvss
        if severity == "unknown" and others:
            worst = max(others, key=lambda one: (SEVERITIES.index(one.severity), one.cvss))
            severity, vector = worst.severity, worst.cvss
            others = (Rating(source), *others)
        cves = [one for one in ids if one.startswith("CVE-")]
        is_rejected = bool(cves) and self._rejected.issuperset(cves)
        notes = [record.note, "rejected by NVD" if is_rejected else ""]
        return msgspec.structs.replace(
            record,
            kev=not self.kev.isdisjoint(ids),
            epss_ppm=max(scores, default=None),
            severity=severity,
            cvss=vector,
            ratings=tuple(sorted(others, key=lambda one: (one.source, one.severity))),
            note="; ".join(note for note in notes if note),
        )

    def _with_imports(self, package: Package, record: Record) -> Record:
        """With the functions that Go's own database names, where another one speaks of the same."""
        if package.ecosystem != _GO or record.imports:
            return record
        ids = (record.id, *record.aliases)[:500]
        # What no record of Go's speaks of may lie in other functions.
        asked = {one for one in ids if one.startswith("CVE-")}
        rows = self._database.execute(
            f"SELECT DISTINCT id, body FROM imported i WHERE id IN ({','.join('?' * len(ids))})"  # noqa: S608 - question marks only
            " AND package = ? AND NOT EXISTS (SELECT 1 FROM withdrawn w WHERE w.id = i.record)",
            (*ids, package.name),
        ).fetchall()
        if asked - {row[0] for row in rows}:
            return msgspec.structs.replace(record, imports=())
        named = joined_imports(_imports.decode(row[1]) for row in rows)
        return msgspec.structs.replace(record, imports=named or ())

    def _others(self, ids: tuple[str, ...], source: str, record: Record) -> tuple[Rating, ...]:
        """What other sources say, where it is something else; of each its worst."""
        marks = ",".join("?" * len(ids[:500]))
        rows = self._database.execute(
            "SELECT source, MAX(severity * 1000 + length(cvss)), severity, cvss FROM said"  # noqa: S608 - question marks only
            f" WHERE id IN ({marks}) AND source <> ? GROUP BY source, severity, cvss ORDER BY source,"
            " severity DESC, cvss DESC",
            (*ids[:500], source),
        ).fetchall()
        found = {one.source: one for one in record.ratings}
        for other, _, rank, vector in rows:
            rating = Rating(other, SEVERITIES[rank], vector)
            if (rating.severity, rating.cvss) != (record.severity, record.cvss):
                found.setdefault(other, rating)
        return tuple(found[one] for one in sorted(found)[:_RATINGS_MAX])


def _joined(rows: list[tuple[str, str, str, str, str, bytes]]) -> tuple[Record, str]:
    """One record of its copies: the last modified; equally new ones of one source speak together."""
    *_, modified, source, body = rows[-1]
    record = _decoder.decode(body)
    others = [row for row in rows if row[4] != source]
    same = [row for row in rows if (row[3], row[4]) == (modified, source)]
    if len(same) > 1:
        copies = [_decoder.decode(row[5]) for row in same]
        aliases = tuple(sorted({text for one in copies for text in one.aliases}))
        record = msgspec.structs.replace(with_versions_of(record, copies), aliases=aliases)
    dissent = []
    for row in others:
        other = _decoder.decode(row[5])
        if (other.spans, other.versions) != (record.spans, record.versions):
            words = " or ".join(map(str, other.spans)) or f"{len(other.versions)} listed versions"
            dissent.append(f"{row[4]}: {words}"[:300])
    listed = tuple(sorted(set(dissent))[:_DISSENT_MAX])
    return msgspec.structs.replace(record, dissent=listed), source
