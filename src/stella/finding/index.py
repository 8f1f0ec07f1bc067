"""Where is it? Vulnerability and component -> scans, so that no document is opened to find out."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, Column, Index, String, Table, select

from stella.finding.fixes import note_fixes
from stella.finding.listing import forget_listed, put_listed
from stella.finding.model import Findings, is_open
from stella.finding.store import delete_scan, scan
from stella.record.parts import in_parts
from stella.record.tables import metadata
from stella.record.transaction import Tx
from stella.sbom import Component

_TEXT_MAX = 512
_SEVERITIES = ("unknown", "none", "low", "medium", "high", "critical")

scan_name = Table(
    "scan_name",
    metadata,
    Column("scan", String(40), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("severity", String(10), nullable=False),
    Column("counts", Boolean, nullable=False),
    Index(None, "tenant", "name"),
)
"""What its findings are called, ids and aliases in folded case. counts: whether one of them does."""

scan_component = Table(
    "scan_component",
    metadata,
    Column("scan", String(40), primary_key=True),
    Column("purl", String(_TEXT_MAX), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("type", String(40), nullable=False),
    Column("name", String(200), nullable=False),
    Column("version", String(200), nullable=False),
    Index(None, "tenant", "name"),
)
"""What is in it. A purl beyond 512 characters is cut here, and whole in the bill of materials."""


@dataclass(frozen=True, slots=True)
class Touched:
    """An image with a finding. severity: the worst one of that name; counts: whether one counts."""

    scan: str
    reference: str
    image: str
    platform_digest: str
    platform: str
    severity: str
    counts: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A component, and the scan of the image that has it."""

    scan: str
    purl: str
    type: str
    name: str
    version: str


def index_scan(
    tx: Tx, scan_id: str, components: Iterable[Component], findings: Findings | None
) -> None:
    """What the scan found now; what it found before is forgotten, but for which fixes it told of."""
    forget_index(tx, scan_id)
    rows = {
        one.purl[:_TEXT_MAX]: {
            "scan": scan_id,
            "purl": one.purl[:_TEXT_MAX],
            "tenant": tx.tenant,
            "type": one.type[:40],
            "name": one.name.casefold()[:200],
            "version": one.version[:200],
        }
        for one in components
    }
    if rows:
        tx.connection.execute(scan_component.insert(), list(rows.values()))
    index_names(tx, scan_id, findings)
    if findings is not None:
        note_fixes(tx, ((one.id, one.purl) for one in findings.findings if one.fixed))


def index_names(tx: Tx, scan_id: str, findings: Findings | None) -> None:
    """What the findings are now, and what they are called."""
    put_listed(tx, scan_id, findings)
    mine = (scan_name.c.scan == scan_id, scan_name.c.tenant == tx.tenant)
    tx.connection.execute(scan_name.delete().where(*mine))
    rows: dict[str, dict[str, Any]] = {}
    for one in findings.findings if findings else ():
        for name in {text.casefold()[:200] for text in (one.id, *one.aliases)}:
            before = rows.get(name)
            worst = max(before["severity"] if before else "", one.severity, key=_rank)
            counts = is_open(one) or (before is not None and before["counts"])
            rows[name] = {
                "scan": scan_id,
                "name": name,
                "tenant": tx.tenant,
                "severity": worst,
                "counts": counts,
            }
    if rows:
        tx.connection.execute(scan_name.insert(), list(rows.values()))


def _rank(severity: str) -> int:
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else -1


def forget_index(tx: Tx, scan_id: str) -> None:
    """The scan is no more, or is about to be told anew."""
    forget_listed(tx, scan_id)
    for table in (scan_name, scan_component):
        mine = (table.c.scan == scan_id, table.c.tenant == tx.tenant)
        tx.connection.execute(table.delete().where(*mine))


def forget_scan(tx: Tx, scan_id: str) -> None:
    """Its row, and what leads to it."""
    forget_index(tx, scan_id)
    delete_scan(tx, scan_id)


def scans_named(tx: Tx, names: Collection[str]) -> tuple[str, ...]:
    """The ids of the scans with a finding of one of these names, in whatever case; sorted."""
    found: set[str] = set()
    for part in in_parts(one.casefold()[:200] for one in names):
        query = select(scan_name.c.scan).where(
            scan_name.c.tenant == tx.tenant, scan_name.c.name.in_(part)
        )
        found |= {str(row["scan"]) for row in tx.rows(query)}
    return tuple(sorted(found))


def images_named(tx: Tx, name: str, *, after: str = "", limit: int = 100) -> tuple[Touched, ...]:
    """The images with a finding of that name, in whatever case, in order of scan; after: of the last."""
    query = (
        select(
            scan_name.c.scan,
            scan_name.c.severity,
            scan_name.c.counts,
            scan.c.reference,
            scan.c.image,
            scan.c.platform_digest,
            scan.c.platform,
        )
        .join(scan, scan.c.id == scan_name.c.scan)
        .where(scan_name.c.tenant == tx.tenant, scan_name.c.name == name.casefold()[:200])
        .where(scan_name.c.scan > after)
    )
    rows = tx.rows(query.order_by(scan_name.c.scan).limit(limit))
    return tuple(
        Touched(
            row["scan"],
            row["reference"],
            row["image"],
            row["platform_digest"],
            row["platform"],
            row["severity"],
            bool(row["counts"]),
        )
        for row in rows
    )


def components_named(
    tx: Tx, name: str, *, version: str = "", skip: int = 0, limit: int = 100
) -> tuple[Held, ...]:
    """Components of that name in all scanned images, in order of purl."""
    table = scan_component.c
    query = select(scan_component).where(
        table.tenant == tx.tenant, table.name == name.casefold()[:200]
    )
    if version:
        query = query.where(table.version == version)
    rows = tx.rows(query.order_by(table.purl, table.scan).offset(skip).limit(limit))
    return tuple(
        Held(row["scan"], row["purl"], row["type"], row["name"], row["version"]) for row in rows
    )


def open_names(findings: Findings) -> frozenset[tuple[str, str]]:
    """Id and purl of each finding that counts."""
    return frozenset((one.id, one.purl) for one in findings.findings if is_open(one))
