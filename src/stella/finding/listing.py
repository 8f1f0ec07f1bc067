"""Every finding of every scanned image in one list: filtered, what presses most first, in parts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    func,
    or_,
    select,
    tuple_,
)

from stella.finding.model import Finding, Findings, Vex, is_open
from stella.finding.store import scan
from stella.reach import Reach
from stella.record.tables import metadata
from stella.record.transaction import Tx

SEVERITIES = ("critical", "high", "medium", "unknown", "low", "none")
"""The worst first; what nobody rated may be worse than what was rated low."""
_PURL_MAX = 512
_NAMES_MAX = 2_000
_WORD_MAX = 200
_SUMMARY_MAX = 500
PLACE = re.compile(r"(\d{1,3})_((?:[0-9a-f]{2}){1,800})_(scn_[0-9A-Z]{1,36})_(\d{1,7})\Z")
"""What stands for a place in the list: urgency, vulnerability in hex, scan, number."""

scan_finding = Table(
    "scan_finding",
    metadata,
    Column("scan", String(40), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("vulnerability", String(_WORD_MAX), nullable=False),
    Column("names", Text, nullable=False),
    Column("purl", String(_PURL_MAX), nullable=False),
    Column("component", String(_WORD_MAX), nullable=False),
    Column("version", String(_WORD_MAX), nullable=False),
    Column("severity", String(10), nullable=False),
    Column("fixed", String(_WORD_MAX), nullable=False),
    Column("exploited", Boolean, nullable=False),
    Column("vex", String(20), nullable=False),
    Column("reach", String(20), nullable=False),
    Column("counts", Boolean, nullable=False),
    Column("epss_permille", Integer),
    Column("summary", Text, nullable=False),
    Index(None, "tenant", "urgency", "vulnerability", "scan", "number"),
)
"""One row a finding. urgency: 0 is the most urgent. names: id and aliases, folded, spaces around each."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is of; None and "" ask for nothing in particular.

    name: an id or alias; text: part of one, of a component or of a purl; both in whatever case. image:
    digest of an index or platform, or part of the reference. platforms: digests of platform images, as
    those that run in an environment.
    """

    severities: frozenset[str] | None = None
    fixable: bool | None = None
    exploited: bool | None = None
    reach: frozenset[str] | None = None
    vex: frozenset[str] | None = None
    counts: bool | None = None
    component: str = ""
    name: str = ""
    text: str = ""
    image: str = ""
    platforms: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One finding, and the image it is in. place: where in the list, for the part after it."""

    scan: str
    reference: str
    image: str
    platform_digest: str
    platform: str
    vulnerability: str
    purl: str
    component: str
    version: str
    severity: str
    fixed: str
    exploited: bool
    vex: Vex
    reach: Reach
    counts: bool
    epss_permille: int | None
    summary: str
    place: str


def put_listed(tx: Tx, scan_id: str, findings: Findings | None) -> None:
    """What the scan's findings are now; what they were is forgotten."""
    forget_listed(tx, scan_id)
    rows = [
        _row(tx.tenant, scan_id, number, one)
        for number, one in enumerate(findings.findings if findings else ())
    ]
    if rows:
        tx.connection.execute(scan_finding.insert(), rows)


def forget_listed(tx: Tx, scan_id: str) -> None:
    """The scan's findings are in no list any more."""
    mine = (scan_finding.c.scan == scan_id, scan_finding.c.tenant == tx.tenant)
    tx.connection.execute(scan_finding.delete().where(*mine))


def list_findings(
    tx: Tx, wanted: Wanted, *, after: str | None = None, limit: int = 100
) -> tuple[Listed, ...]:
    """The findings that are wanted, the most urgent first: exploited, reachable, with a fix, severe.

    after: the place of the last one of the part before. Raises ValueError where it is no place.
    """
    table = scan_finding.c
    order = (table.urgency, table.vulnerability, table.scan, table.number)
    query = (
        select(
            scan_finding, scan.c.reference, scan.c.image, scan.c.platform_digest, scan.c.platform
        )
        .join(scan, scan.c.id == table.scan)
        .where(table.tenant == tx.tenant, *_conditions(wanted))
    )
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*_place(after)))
    rows = tx.rows(query.order_by(*order).limit(limit))
    return tuple(_listed(row) for row in rows)


def summaries(tx: Tx, limit: int) -> tuple[tuple[str, str], ...]:
    """What each vulnerability of the list is in a few words, the most urgent ones: its name and summary."""
    table = scan_finding.c
    query = (
        select(table.vulnerability, table.component, table.summary)
        .where(table.tenant == tx.tenant)
        .group_by(table.vulnerability, table.component, table.summary)
        .order_by(func.min(table.urgency), table.vulnerability, table.component, table.summary)
        .limit(limit)
    )
    return tuple(
        (row["vulnerability"], f"{row['component']} {row['summary']}") for row in tx.rows(query)
    )


def _conditions(wanted: Wanted) -> Iterable[Any]:
    table = scan_finding.c
    for column, words in (
        (table.severity, wanted.severities),
        (table.reach, wanted.reach),
        (table.vex, wanted.vex),
        (scan.c.platform_digest, wanted.platforms),
    ):
        if words is not None:
            yield column.in_(sorted(words))
    for column, is_so in ((table.exploited, wanted.exploited), (table.counts, wanted.counts)):
        if is_so is not None:
            yield column.is_(is_so)
    yield from _of_texts(wanted)


def _of_texts(wanted: Wanted) -> Iterable[Any]:
    table = scan_finding.c
    if wanted.fixable is not None:
        yield table.fixed != "" if wanted.fixable else table.fixed == ""
    if wanted.component:
        yield func.lower(table.component) == wanted.component.lower()[:_WORD_MAX]
    if wanted.name:
        yield table.names.contains(f" {wanted.name.casefold()} ", autoescape=True)
    if wanted.text:
        places = (table.names, table.component, table.purl)
        yield or_(*(one.icontains(wanted.text, autoescape=True) for one in places))
    if wanted.image.startswith("sha256:"):
        yield or_(scan.c.image == wanted.image, scan.c.platform_digest == wanted.image)
    elif wanted.image:
        yield scan.c.reference.contains(wanted.image, autoescape=True)


def _row(tenant: str, scan_id: str, number: int, one: Finding) -> dict[str, Any]:
    names = dict.fromkeys(name.casefold() for name in (one.id, *one.aliases))
    return {
        "scan": scan_id,
        "number": number,
        "tenant": tenant,
        "urgency": urgency_of(
            exploited=one.kev, fixed=one.fixed, severity=one.severity, reach=one.reach
        ),
        "vulnerability": one.id[:_WORD_MAX],
        "names": f" {' '.join(names)} "[:_NAMES_MAX],
        "purl": one.purl[:_PURL_MAX],
        "component": one.component[:_WORD_MAX],
        "version": one.version[:_WORD_MAX],
        "severity": one.severity,
        "fixed": one.fixed[:_WORD_MAX],
        "exploited": one.kev,
        "vex": one.vex.value,
        "reach": one.reach.value,
        "counts": is_open(one),
        "epss_permille": one.epss_permille,
        "summary": one.summary[:_SUMMARY_MAX],
    }


def urgency_of(*, exploited: bool, fixed: str, severity: str, reach: Reach = Reach.UNKNOWN) -> int:
    """0 is the most urgent: exploited, then reachable, then with a fix at hand, then by severity.

    What is proven unreachable comes after all of them; what nobody could tell is not that.
    """
    worst = SEVERITIES.index(severity if severity in SEVERITIES else "unknown")
    last = 0
    is_no = (reach is Reach.UNREACHABLE, not exploited, reach is not Reach.REACHABLE, not fixed)
    for one in is_no:
        last = last * 2 + one
    return last * len(SEVERITIES) + worst


def _place(text: str) -> tuple[int, str, str, int]:
    found = PLACE.match(text)
    if found is None:
        raise ValueError(text)
    urgency, named, scan_id, number = found.groups()
    vulnerability = bytes.fromhex(named).decode()
    if "\0" in vulnerability:  # which PostgreSQL takes in no text
        raise ValueError(text)
    return int(urgency), vulnerability, scan_id, int(number)


def _listed(row: Any) -> Listed:
    named = row["vulnerability"].encode().hex()
    values = {name: row[name] for name in Listed.__slots__ if name != "place"}
    values |= {"vex": Vex(row["vex"]), "reach": Reach(row["reach"])}
    values |= {name: bool(row[name]) for name in ("exploited", "counts")}
    return Listed(**values, place=f"{row['urgency']}_{named}_{row['scan']}_{row['number']}")
