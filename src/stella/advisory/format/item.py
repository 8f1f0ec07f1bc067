"""What a reader gives for one document of a feed: records, and what is said of vulnerabilities."""

from dataclasses import dataclass
from typing import TypeAlias

from stella.advisory.model import Package, Record, Skipped

SUMMARY_CHARACTERS_MAX = 300
NAME_CHARACTERS_MAX = 300
LISTED_MAX = 50_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A record of one package. modified: ISO 8601 or ""; the latest counts. source: who says it."""

    package: Package
    record: Record
    modified: str
    source: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The record counts no more, nor does an earlier copy of it. source: whose record; others' stay."""

    id: str
    modified: str
    source: str


@dataclass(frozen=True, slots=True)
class Exploited:
    """CVEs of CISA's catalogue."""

    cves: frozenset[str]


@dataclass(frozen=True, slots=True)
class Likelihood:
    """EPSS: CVE -> parts in a million. scored_on: "2025-12-26", or ""."""

    ppm: dict[str, int]
    scored_on: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a source says of a vulnerability, whatever package it is in.

    severity: one of SEVERITIES. is_rejected: the id was given by mistake and names nothing.
    """

    id: str
    source: str
    severity: str
    cvss: str
    summary: str = ""
    modified: str = ""
    is_rejected: bool = False


Item: TypeAlias = Entry | Withdrawn | Exploited | Likelihood | Assessment | Skipped


def one_line(text: str) -> str:
    """A summary: the beginning of ``text`` in one line."""
    words = text[: 4 * SUMMARY_CHARACTERS_MAX].split()
    line = " ".join(words)
    if len(line) <= SUMMARY_CHARACTERS_MAX:
        return line
    return line[:SUMMARY_CHARACTERS_MAX].rpartition(" ")[0] + " ..."


def is_name(text: str) -> bool:
    """Whether it can be the name of a package or a record."""
    return bool(text) and len(text) <= NAME_CHARACTERS_MAX and text.isprintable()
