"""Retire.js, https://github.com/RetireJS/retire.js: libraries by name, ``atOrAbove`` and ``below``."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from stella.advisory.constraint import UnreadableConstraint, npm_spans
from stella.advisory.format.item import Entry, Item, is_name, one_line
from stella.advisory.join import with_versions_of
from stella.advisory.model import Package, Record, Skipped, Span
from stella.advisory.severity import severity_of_word
from stella.kernel import Digest


class Bounds(msgspec.Struct, frozen=True, rename="camel"):
    """Versions. All empty: every one."""

    at_or_above: str = ""
    above: str = ""
    below: str = ""
    at_or_below: str = ""
    excludes: list[str] | None = None


class Issue(Bounds, frozen=True, rename="camel"):
    """One vulnerability of a library: one range in place, or several."""

    ranges: list[Bounds] | None = None
    identifiers: dict[str, Any] = {}
    severity: str = ""
    summary: str = ""


class Library(msgspec.Struct, frozen=True):
    """npmname: its name in npm, where it has one beside its own."""

    vulnerabilities: list[Issue]
    npmname: str = ""


_libraries = msgspec.json.Decoder(dict[str, Library])


class _Combined(msgspec.Struct, frozen=True):
    advisories: dict[str, Library]


_encoder = msgspec.json.Encoder(order="deterministic")
_combined = msgspec.json.Decoder(_Combined)


def read_retire(where: str, content: bytes) -> Iterator[Item]:
    """A record for each id of a library, its ranges joined. Raises msgspec.DecodeError."""
    yield from _entries(where, _libraries.decode(content))


def read_retire_combined(where: str, content: bytes) -> Iterator[Item]:
    """The same below ``advisories``. Raises msgspec.DecodeError."""
    yield from _entries(where, _combined.decode(content).advisories)


def _entries(where: str, libraries: Mapping[str, Library]) -> Iterator[Item]:
    joined: dict[tuple[str, str], Record] = {}
    for name, library in libraries.items():
        package = library.npmname or name
        for issue in library.vulnerabilities if is_name(package) else []:
            record = _record(issue, name)
            if record is None:
                yield Skipped(where, "a range that holds no version")
                continue
            before = joined.get((package, record.id))
            if before is not None:
                aliases = tuple(sorted({*before.aliases, *record.aliases}))
                whole = with_versions_of(before, [before, record])
                record = msgspec.structs.replace(whole, aliases=aliases)
            joined[package, record.id] = record
    for (package, _), record in joined.items():
        yield Entry(Package("npm", package), record, "", "Retire.js")


def _record(issue: Issue, library: str) -> Record | None:
    note = ""
    bounds = issue.ranges if issue.ranges is not None else [issue]
    try:
        spans = tuple(span for one in bounds for span in _spans(one))
        if not spans:
            return None
    except UnreadableConstraint as error:
        spans, note = (), f"range not understood: {str(error)[:80]}"
    ids = _ids(issue)
    summary = issue.summary or str(issue.identifiers.get("summary", ""))
    name = ids[0] if ids else _own_id(issue, library)
    return Record(
        id=name,
        aliases=tuple(sorted(set(ids[1:]))),
        scheme="semver",
        spans=spans,
        severity=severity_of_word(issue.severity) or "unknown",
        summary=one_line(summary),
        note=note,
    )


def _spans(bounds: Bounds) -> tuple[Span, ...]:
    parts = [
        *([f">={bounds.at_or_above}"] if bounds.at_or_above else []),
        *([f">{bounds.above}"] if bounds.above else []),
        *([f"<{bounds.below}"] if bounds.below else []),
        *([f"<={bounds.at_or_below}"] if bounds.at_or_below else []),
    ]
    return npm_spans(" ".join(parts) or "*")


def _ids(issue: Issue) -> list[str]:
    """GHSA before CVE: the first names the record."""
    found: list[str] = []
    for key in ("githubID", "CVE"):
        value = issue.identifiers.get(key)
        listed = value if isinstance(value, list) else [value]
        found += [
            one for one in listed if isinstance(one, str) and is_name(one) and "X" not in one[4:]
        ]
    return list(dict.fromkeys(found))


def _own_id(issue: Issue, library: str) -> str:
    """What has no id is named by what is said of it, so that the name lasts as long as that."""
    said = _encoder.encode([issue.identifiers, issue.summary, library])
    number = issue.identifiers.get("retid") or Digest.of(said).hex[:12]
    return f"RETIREJS-{library[:100]}-{str(number)[:40]}"
