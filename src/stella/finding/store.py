"""The table of scans: what is known of each platform image."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    or_,
    select,
)

from stella.finding.lifecycle import ScanState
from stella.kernel import time_text
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx

scan = Table(
    "scan",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("reference", String(1024), nullable=False),
    Column("state", String(20), nullable=False),
    Column("at", String(27), nullable=False),
    Column("image", String(71)),
    Column("platform_digest", String(71)),
    Column("platform", String(80)),
    Column("snapshot", String(71)),
    Column("sbom", String(71)),
    Column("sbom_bundle", String(71)),
    Column("findings", String(71)),
    Column("judged", String(71)),
    Column("vex", String(71)),
    Column("advisories", String(71)),
    Column("linked", String(71)),
    Column("reached", String(71)),
    Column("as_of", String(71)),
    Column("components", Integer),
    Column("counts", Text),
    Column("kev", Integer),
    Column("weigh_again_at", String(27)),
    Column("error_code", String(40)),
    Column("error_message", Text),
    UniqueConstraint("tenant", "platform_digest"),
    Index(None, "image"),
    Index(None, "reference"),
    Index(None, "tenant", "weigh_again_at"),
)


NOT_LISTED = ""
"""``as_of`` of what was scanned before findings were listed, until the server has listed it."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What is known of one platform image. at: of the last change.

    image: the digest that the reference resolved to (an index stays an index). sbom, sbom_bundle,
    findings, advisories (the part of the snapshot they rest on): digests of documents in the blob
    store; the last two are None where no advisory snapshot was at hand. as_of: the newest snapshot
    by which the findings still hold. linked: the document of what is linked in it, and reached: the
    part of that which the findings rest on; None where there is none. judged: the findings with what
    VEX makes of them, and vex: what was weighed for that, as of the last change; None where nobody
    speaks of any. weigh_again_at: when the first of the statements that were weighed begins or ends;
    None where none does. counts: severity -> findings that count. All but the first four are None
    until the scan is done.
    """

    id: str
    reference: str
    state: ScanState
    at: str
    image: str | None = None
    platform_digest: str | None = None
    platform: str | None = None
    snapshot: str | None = None
    sbom: str | None = None
    sbom_bundle: str | None = None
    findings: str | None = None
    judged: str | None = None
    vex: str | None = None
    advisories: str | None = None
    linked: str | None = None
    reached: str | None = None
    as_of: str | None = None
    components: int | None = None
    counts: dict[str, int] | None = None
    kev: int | None = None
    weigh_again_at: str | None = None
    error_code: str | None = None
    error_message: str | None = None

    @property
    def told(self) -> str | None:
        """The findings as they stand: with what VEX makes of them, where it was weighed."""
        return self.judged or self.findings


def scan_by_id(tx: Tx, scan_id: str, *, lock: bool = False) -> Scan | None:
    """The scan of that id."""
    return _first(tx, scan.c.id == scan_id, lock=lock)


def scan_of_platform(tx: Tx, platform_digest: str) -> Scan | None:
    """What is known of that platform image."""
    return _first(tx, scan.c.platform_digest == platform_digest)


def pending_scan(tx: Tx, reference: str) -> Scan | None:
    """A scan of ``reference`` that is under way."""
    return _first(tx, scan.c.reference == reference, scan.c.state == ScanState.PENDING.value)


def list_scans(
    tx: Tx, *, image: str | None = None, after: str | None = None, limit: int = 100
) -> tuple[Scan, ...]:
    """Scans, the newest first; ``image`` is an index's or a platform's digest, after an id."""
    query = select(scan).where(scan.c.tenant == tx.tenant)
    if image is not None:
        query = query.where((scan.c.image == image) | (scan.c.platform_digest == image))
    if after is not None:
        query = query.where(scan.c.id < after)
    rows = tx.rows(query.order_by(scan.c.id.desc()).limit(limit))
    return tuple(_scan(row) for row in rows)


def stale_scans(tx: Tx, snapshot: str, limit: int) -> tuple[str, ...]:
    """Ids of the scans that are done, and as of another snapshot or of none."""
    is_other = or_(scan.c.as_of.is_(None), scan.c.as_of != snapshot)
    query = select(scan.c.id).where(
        scan.c.tenant == tx.tenant, scan.c.state == ScanState.DONE.value, is_other
    )
    return tuple(str(row["id"]) for row in tx.rows(query.order_by(scan.c.id).limit(limit)))


def count_unmatched(tx: Tx) -> int:
    """How many scans that are done were matched with no snapshot, or are not listed yet."""
    query = (
        select(func.count())
        .select_from(scan)
        .where(
            scan.c.tenant == tx.tenant,
            scan.c.state == ScanState.DONE.value,
            or_(scan.c.as_of == NOT_LISTED, scan.c.as_of.is_(None) & scan.c.snapshot.is_(None)),
        )
    )
    return int(tx.connection.execute(query).scalar_one())


def scans_to_weigh(tx: Tx, limit: int) -> tuple[str, ...]:
    """Ids of the scans of which something that was weighed has begun or ended by now, the oldest first."""
    query = (
        select(scan.c.id)
        .where(scan.c.tenant == tx.tenant, scan.c.weigh_again_at <= time_text(tx.now))
        .order_by(scan.c.weigh_again_at, scan.c.id)
    )
    return tuple(str(row["id"]) for row in tx.rows(query.limit(limit)))


def insert_scan(tx: Tx, value: Scan) -> None:
    """A new row."""
    tx.connection.execute(scan.insert(), {"tenant": tx.tenant, **_columns(value)})


def update_scan(tx: Tx, value: Scan) -> None:
    """The row of ``value.id`` as ``value`` says."""
    tx.connection.execute(
        scan.update().where(scan.c.tenant == tx.tenant, scan.c.id == value.id), _columns(value)
    )


def delete_scan(tx: Tx, scan_id: str) -> None:
    """Forget a request whose answer stands in another row."""
    tx.connection.execute(scan.delete().where(scan.c.tenant == tx.tenant, scan.c.id == scan_id))


def _first(tx: Tx, *conditions: Any, lock: bool = False) -> Scan | None:
    query = select(scan).where(scan.c.tenant == tx.tenant, *conditions)
    row = tx.row(query.with_for_update() if lock else query)
    return None if row is None else _scan(row)


def _columns(value: Scan) -> dict[str, Any]:
    counts = None if value.counts is None else json.dumps(value.counts, sort_keys=True)
    return columns_of(value, state=value.state.value, counts=counts)


def _scan(row: Any) -> Scan:
    values = fields_of(row)
    values["state"] = ScanState(values["state"])
    values["counts"] = None if values["counts"] is None else json.loads(values["counts"])
    return Scan(**values)
