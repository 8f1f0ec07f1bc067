"""The table of waivers, and what a row of it is."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, Column, Index, String, Table, Text, func, select

from stella.kernel import Remedy
from stella.promotion.errors import UnknownWaiver
from stella.promotion.lifecycle import WAIVER, WaiverState
from stella.promotion.model import Person, person_of, person_text
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx

waiver = Table(
    "waiver",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("environment", String(80), nullable=False),
    Column("rule", String(200), nullable=False),
    Column("finding", String(200)),
    Column("component", String(200)),
    Column("unknown", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("expires_at", String(27), nullable=False),
    Column("state", String(20), nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", String(27), nullable=False),
    Column("approved_by", Text),
    Column("approved_at", String(27)),
    Column("ended_at", String(27)),
    Index(None, "environment", "state"),
)

OPEN = frozenset(state for state in WaiverState if not WAIVER.is_final(state))


@dataclass(frozen=True, slots=True)
class Waiver:
    """An objection that is passed over for a time, in one environment.

    rule: whose objections. finding: id or alias; component: by name; None means any, never both.
    unknown: also where the rule could not know. Times are RFC 3339 UTC. ended_at: when it was taken
    back or had lapsed.
    """

    id: str
    environment: str
    rule: str
    finding: str | None
    component: str | None
    unknown: bool
    reason: str
    expires_at: str
    state: WaiverState
    requested_by: Person
    requested_at: str
    approved_by: Person | None = None
    approved_at: str | None = None
    ended_at: str | None = None

    @property
    def scope(self) -> str:
        """``severity of CVE-2030-1 in web, for prod``."""
        about = f" of {self.finding}" if self.finding else ""
        where = f" in {self.component}" if self.component else ""
        return f"{self.rule}{about}{where}, for {self.environment}"


def insert_waiver(tx: Tx, value: Waiver) -> None:
    """A new row."""
    tx.connection.execute(waiver.insert(), {"tenant": tx.tenant, **_columns(value)})


def update_waiver(tx: Tx, value: Waiver) -> None:
    """The row of ``value.id`` as ``value`` says; the caller holds it by ``find_waiver(lock=True)``."""
    tx.connection.execute(
        waiver.update().where(waiver.c.tenant == tx.tenant, waiver.c.id == value.id),
        _columns(value),
    )


def find_waiver(tx: Tx, waiver_id: str, *, lock: bool = False) -> Waiver:
    """Raises UnknownWaiver."""
    query = select(waiver).where(waiver.c.tenant == tx.tenant, waiver.c.id == waiver_id)
    row = tx.row(query.with_for_update() if lock else query)
    if row is None:
        raise UnknownWaiver(
            f"there is no waiver {waiver_id[:60]!r}",
            remedy=Remedy("List them.", command="stella waiver list"),
            waiver=waiver_id[:60],
        )
    return _waiver(row)


def list_waivers(
    tx: Tx,
    *,
    environment: str | None = None,
    states: frozenset[WaiverState] | None = None,
    after: str | None = None,
    limit: int = 100,
) -> tuple[Waiver, ...]:
    """The newest first; ``after`` is the last id of the page before."""
    query = select(waiver).where(waiver.c.tenant == tx.tenant)
    if environment is not None:
        query = query.where(waiver.c.environment == environment)
    if states is not None:
        query = query.where(waiver.c.state.in_(sorted(state.value for state in states)))
    if after is not None:
        query = query.where(waiver.c.id < after)
    return tuple(_waiver(row) for row in tx.rows(query.order_by(waiver.c.id.desc()).limit(limit)))


def standing_waivers(
    tx: Tx, environment: str, at: str, *, keep: bool = False
) -> tuple[Waiver, ...]:
    """Those that count in ``environment`` at the time ``at``, by id.

    keep: they stand until this transaction ends, and nobody takes one back meanwhile.
    """
    query = (
        select(waiver)
        .where(
            waiver.c.tenant == tx.tenant,
            waiver.c.environment == environment,
            waiver.c.state == WaiverState.STANDING.value,
            waiver.c.expires_at > at,
        )
        .order_by(waiver.c.id)
    )
    rows = tx.rows(query.with_for_update(read=True) if keep else query)
    return tuple(_waiver(row) for row in rows)


def overdue_waivers(tx: Tx, at: str, limit: int) -> tuple[Waiver, ...]:
    """Those whose time was over at ``at``, and which nobody has said so of yet."""
    query = select(waiver).where(
        waiver.c.tenant == tx.tenant,
        waiver.c.state.in_(sorted(state.value for state in OPEN)),
        waiver.c.expires_at <= at,
    )
    return tuple(_waiver(row) for row in tx.rows(query.order_by(waiver.c.id).limit(limit)))


def count_open(tx: Tx, environment: str) -> int:
    """How many are asked for or count in ``environment``."""
    query = select(func.count()).select_from(waiver)
    row = tx.row(
        query.where(
            waiver.c.tenant == tx.tenant,
            waiver.c.environment == environment,
            waiver.c.state.in_(sorted(state.value for state in OPEN)),
        )
    )
    assert row is not None, "a count is always a row"
    return int(next(iter(row.values())))


def _columns(value: Waiver) -> dict[str, Any]:
    return columns_of(
        value,
        state=value.state.value,
        requested_by=person_text(value.requested_by),
        approved_by=person_text(value.approved_by) if value.approved_by else None,
    )


def _waiver(row: Any) -> Waiver:
    values = fields_of(row)
    values["state"] = WaiverState(values["state"])
    values["requested_by"] = person_of(values["requested_by"])
    if values["approved_by"] is not None:
        values["approved_by"] = person_of(values["approved_by"])
    return Waiver(**values)
