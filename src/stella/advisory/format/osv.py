"""Records of the Open Source Vulnerability format, https://ossf.github.io/osv-schema/."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec

from stella.advisory.affected import holds
from stella.advisory.format.item import (
    NAME_CHARACTERS_MAX,
    Entry,
    Item,
    Withdrawn,
    one_line,
)
from stella.advisory.format.osv_imports import imports_of
from stella.advisory.model import SEVERITIES, Package, Rating, Record, Skipped, Span
from stella.advisory.severity import severity_of_vector, severity_of_word
from stella.advisory.versions import package_name, scheme_of, version_key

_EVENTS_MAX = 20_000
_VERSIONS_MAX = 50_000
# Who gives ids that begin so.
_SOURCES = {
    "GHSA": "GHSA",
    "PYSEC": "PyPA",
    "GO": "Go",
    "RUSTSEC": "RustSec",
    "DEBIAN": "Debian",
    "DSA": "Debian",
    "DLA": "Debian",
    "UBUNTU": "Ubuntu",
    "USN": "Ubuntu",
    "BIT": "Bitnami",
    "ALPINE": "Alpine",
    "ALSA": "AlmaLinux",
    "RLSA": "Rocky Linux",
    "SUSE": "SUSE",
    "openSUSE": "openSUSE",
    "RHSA": "Red Hat",
    "NSWG": "Node Security WG",
    "MAL": "OpenSSF",
    "CGA": "Chainguard",
}


class Severity(msgspec.Struct, frozen=True):
    """A score in some scale; ``CVSS_V3`` carries a vector."""

    type: str = ""
    score: str = ""


class Range(msgspec.Struct, frozen=True):
    """Events along one order of versions. type: SEMVER, ECOSYSTEM or GIT."""

    type: str
    events: list[dict[str, str]]


class NamedPackage(msgspec.Struct, frozen=True):
    """Which package."""

    ecosystem: str
    name: str


class Affected(msgspec.Struct, frozen=True):
    """Which versions of one package."""

    package: NamedPackage | None = None
    ranges: list[Range] | None = None
    versions: list[str] | None = None
    severity: list[Severity] | None = None
    ecosystem_specific: Any = None
    database_specific: Any = None


class OsvRecord(msgspec.Struct, frozen=True):
    """The fields of a record that matching needs; others may be anything."""

    id: str
    modified: str = ""
    withdrawn: str | None = None
    summary: str | None = None
    details: str | None = None
    aliases: list[str] | None = None
    upstream: list[str] | None = None
    severity: list[Severity] | None = None
    affected: list[Affected] | None = None
    database_specific: Any = None


_decoder = msgspec.json.Decoder(OsvRecord)


def parse_osv(content: bytes) -> OsvRecord:
    """The record. Raises msgspec.DecodeError with the place where it breaks its format."""
    record = _decoder.decode(content)
    if not record.id or len(record.id) > NAME_CHARACTERS_MAX or not record.id.isprintable():
        raise msgspec.ValidationError("a record without a usable id - at `$.id`")
    for affected in record.affected or []:
        events = sum(len(one.events) for one in affected.ranges or [])
        if events > _EVENTS_MAX or len(affected.versions or []) > _VERSIONS_MAX:
            raise msgspec.ValidationError("more events or versions than is read - at `$.affected`")
    return record


def read_osv(where: str, content: bytes) -> Iterator[Item]:
    """What the record says of each package. Raises msgspec.DecodeError."""
    osv = parse_osv(content)
    source = source_of(osv.id)
    if osv.withdrawn:
        yield Withdrawn(osv.id, osv.modified, source)
        yield Skipped(where, "withdrawn")
        return
    empty = True
    for package, record in records_of(osv):
        yield Entry(package, record, osv.modified, source)
        empty = False
    if empty:
        yield Skipped(where, "a record that names no affected package")


def source_of(record_id: str) -> str:
    """Who publishes records with such ids; the beginning of the id where nobody is known."""
    prefix = record_id.partition("-")[0]
    return _SOURCES.get(prefix, prefix)


def records_of(osv: OsvRecord) -> Iterator[tuple[Package, Record]]:
    """What the record says of each package, several entries for one package joined."""
    by_package: dict[Package, list[Affected]] = {}
    for affected in osv.affected or []:
        named = affected.package
        if named and named.name and len(named.name) <= NAME_CHARACTERS_MAX:
            name = package_name(named.ecosystem, named.name)
            by_package.setdefault(Package(_release(named.ecosystem), name), []).append(affected)
    aliases = tuple(sorted({*(osv.aliases or []), *(osv.upstream or [])} - {osv.id}))
    for package, parts in by_package.items():
        scheme = _scheme(package.ecosystem, parts)
        spans = _spans(scheme, parts)
        listed = _listed(scheme, spans, parts)
        if not spans and not listed and _has_events(parts):
            continue  # ranges that hold no version at all
        severity, cvss = _severity(osv, parts)
        yield (
            package,
            Record(
                id=osv.id,
                aliases=aliases,
                scheme=scheme,
                spans=spans,
                versions=listed,
                severity=severity,
                cvss=cvss,
                summary=one_line(osv.summary or osv.details or ""),
                ratings=_words(osv, parts, severity),
                imports=imports_of(part.ecosystem_specific for part in parts)
                if package.ecosystem == "Go"
                else None,
            ),
        )


_REDHAT = re.compile(r"Red Hat:enterprise_linux:([0-9]+)(?:[.:].*)?\Z")


def _release(ecosystem: str) -> str:
    """As it is looked up: the repositories of one release of Red Hat's are one release."""
    found = _REDHAT.match(ecosystem)
    return f"Red Hat:{found[1]}" if found else ecosystem


def _scheme(ecosystem: str, parts: list[Affected]) -> str:
    """By ecosystem; where none is known, semantic versions if all ranges say so."""
    known = scheme_of(ecosystem)
    kinds = {one.type for part in parts for one in part.ranges or [] if one.type != "GIT"}
    return known or ("semver" if kinds == {"SEMVER"} else "")


def _has_events(parts: list[Affected]) -> bool:
    ranges = [one for part in parts for one in part.ranges or [] if one.type != "GIT"]
    return any(one.events for one in ranges)


def _spans(scheme: str, parts: list[Affected]) -> tuple[Span, ...]:
    spans: list[Span] = []
    for part in parts:
        for one in part.ranges or []:
            # Commits need the repository; the enumerated versions stand in for them.
            if one.type != "GIT":
                spans += [span for span in spans_of(scheme, one.events) if span not in spans]
    return tuple(spans)


def spans_of(scheme: str, events: list[dict[str, str]]) -> Iterator[Span]:
    """Events in order of versions, as pairs. Where one cannot be read the given order is kept."""
    begun: str | None = None
    listed = _ordered(scheme, [(kind, text) for one in events for kind, text in one.items()])
    if listed and all(kind != "introduced" for kind, _ in listed):
        begun = "0"  # the schema wants one; a bare fix still says that earlier versions are bad
    for kind, text in listed:
        if kind == "introduced":
            begun = text if begun is None else begun
        elif kind in {"fixed", "limit"} and begun is not None:
            yield Span(begun, fixed=text)
            begun = None
        elif kind == "last_affected" and begun is not None:
            yield Span(begun, last=text)
            begun = None
    if begun is not None:
        yield Span(begun)


_TIES = {"fixed": 0, "limit": 0, "introduced": 1, "last_affected": 2}


def _ordered(scheme: str, events: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """By version. Where one version ends a span and begins another, the end comes first."""
    events = [event for event in events if event[0] in _TIES]
    empty = {
        place
        for n, (one, two) in enumerate(pairwise(events))
        if one[0] == "introduced" and two == ("fixed", one[1])
        for place in (n, n + 1)
    }
    events = [event for n, event in enumerate(events) if n not in empty]
    keys = {text: version_key(scheme, text) for _, text in events if text != "0"}
    if any(key is None for key in keys.values()):
        return events
    first = [event for event in events if event[1] == "0"]
    rest = [event for event in events if event[1] != "0"]
    rest.sort(key=lambda event: _TIES[event[0]])
    return first + sorted(rest, key=lambda event: keys[event[1]])


def _listed(scheme: str, spans: tuple[Span, ...], parts: list[Affected]) -> tuple[str, ...]:
    """The enumerated versions that no span holds; the others would say nothing new."""
    texts = {text for part in parts for text in part.versions or []}
    return tuple(sorted(t for t in texts if not any(holds(scheme, s, t) for s in spans)))


def _severity(osv: OsvRecord, parts: list[Affected]) -> tuple[str, str]:
    """The worst that is said of the package, of the record where nothing is; and its vector."""
    own = [one for part in parts for one in _said(part.severity, part.database_specific)]
    own += [
        (severity_of_word(word), "")
        for part in parts
        for word in _texts(part.ecosystem_specific, "severity", "urgency")
    ]
    for said in (own, list(_said(osv.severity, osv.database_specific))):
        known = [(word, vector) for word, vector in said if word is not None]
        # A vector is worth more than a word: it can be checked.
        rated = [one for one in known if one[1]] or known
        if rated:
            return max(rated, key=lambda one: (SEVERITIES.index(one[0]), one[1]))
    vectors = [one.score for one in osv.severity or [] if one.score.startswith("CVSS:")]
    return "unknown", max(vectors, default="")


def _words(osv: OsvRecord, parts: list[Affected], severity: str) -> tuple[Rating, ...]:
    """What is said in words beside a vector, where it is another word (Ubuntu's priority)."""
    scores = [one for part in parts for one in part.severity or []] or osv.severity or []
    said = {
        one.type[:80]: word
        for one in scores
        if one.type and not one.type.startswith("CVSS") and (word := severity_of_word(one.score))
    }
    return tuple(Rating(kind, word) for kind, word in sorted(said.items()) if word != severity)


def _said(scores: list[Severity] | None, specific: object) -> Iterator[tuple[str | None, str]]:
    for one in scores or []:
        if one.type.startswith("CVSS"):
            yield severity_of_vector(one.score), one.score
        else:
            yield severity_of_word(one.score), ""
    for text in _texts(specific, "severity", "cvss"):
        rated = severity_of_vector(text)
        yield (rated, text) if rated else (severity_of_word(text), "")


def _texts(specific: object, *keys: str) -> Iterator[str]:
    if isinstance(specific, dict):
        for key in keys:
            if isinstance(specific.get(key), str):
                yield specific[key]
