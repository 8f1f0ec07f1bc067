"""The table of who broke the glass, and what a row of it is."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Index, String, Table, Text, select

from stella.kernel import Remedy
from stella.promotion.errors import UnknownBreakGlass
from stella.promotion.lifecycle import BREAK_GLASS, BreakGlassState
from stella.promotion.model import Person, person_of, person_text
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx

break_glass = Table(
    "break_glass",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("promotion", String(40), nullable=False),
    Column("environment", String(80), nullable=False),
    Column("plan_digest", String(71), nullable=False),
    Column("reason", Text, nullable=False),
    Column("ends_at", String(27), nullable=False),
    Column("state", String(20), nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", String(27), nullable=False),
    Column("agreed_by", Text),
    Column("agreed_at", String(27)),
    Column("ended_at", String(27)),
    Column("gates", Text),
    Index(None, "promotion"),
    Index(None, "state"),
)

_OPEN = frozenset(state for state in BreakGlassState if not BREAK_GLASS.is_final(state))


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """That one promotion may go through its gates, with one plan, until ``ends_at``.

    Times are RFC 3339 UTC. ended_at: when it was taken back or had lapsed. gates: the names of those
    that did not pass when it was asked for; None where that was not noted.
    """

    id: str
    promotion: str
    environment: str
    plan_digest: str
    reason: str
    ends_at: str
    state: BreakGlassState
    requested_by: Person
    requested_at: str
    agreed_by: Person | None = None
    agreed_at: str | None = None
    ended_at: str | None = None
    gates: tuple[str, ...] | None = None

    def is_open(self, at: str) -> bool:
        """Whether it waits for a second person, or stands, at that time."""
        return self.state in _OPEN and at < self.ends_at

    def stands(self, at: str) -> bool:
        """Whether two people stand behind it at that time."""
        return self.state is BreakGlassState.STANDING and at < self.ends_at


def insert_break_glass(tx: Tx, value: BreakGlass) -> None:
    """A new row."""
    tx.connection.execute(break_glass.insert(), {"tenant": tx.tenant, **_columns(value)})


def update_break_glass(tx: Tx, value: BreakGlass) -> None:
    """The row of ``value.id`` as ``value`` says; the caller holds the promotion's."""
    tx.connection.execute(
        break_glass.update().where(break_glass.c.tenant == tx.tenant, break_glass.c.id == value.id),
        _columns(value),
    )


def last_break_glass(tx: Tx, promotion: str) -> BreakGlass | None:
    """The last one that was asked for; None where nobody did."""
    query = select(break_glass).where(
        break_glass.c.tenant == tx.tenant, break_glass.c.promotion == promotion
    )
    row = tx.row(query.order_by(break_glass.c.id.desc()).limit(1))
    return None if row is None else _break_glass(row)


def find_break_glass(tx: Tx, promotion: str) -> BreakGlass:
    """The same. Raises UnknownBreakGlass."""
    found = last_break_glass(tx, promotion)
    if found is None:
        raise UnknownBreakGlass(
            f"nobody asked to break the glass for {promotion}",
            remedy=Remedy(
                "Ask for it, and let another agree.",
                command=f"stella promotion break-glass request {promotion}",
            ),
            promotion=promotion,
        )
    return found


def overdue_break_glass(tx: Tx, at: str, limit: int) -> tuple[BreakGlass, ...]:
    """Those whose time was over at ``at``, and of which nobody has said so yet."""
    query = select(break_glass).where(
        break_glass.c.tenant == tx.tenant,
        break_glass.c.state.in_(sorted(state.value for state in _OPEN)),
        break_glass.c.ends_at <= at,
    )
    return tuple(
        _break_glass(row) for row in tx.rows(query.order_by(break_glass.c.id).limit(limit))
    )


def _columns(value: BreakGlass) -> dict[str, Any]:
    return columns_of(
        value,
        state=value.state.value,
        requested_by=person_text(value.requested_by),
        agreed_by=person_text(value.agreed_by) if value.agreed_by else None,
        gates=None if value.gates is None else json.dumps(value.gates),
    )


def _break_glass(row: Any) -> BreakGlass:
    values = fields_of(row)
    values["state"] = BreakGlassState(values["state"])
    values["requested_by"] = person_of(values["requested_by"])
    if values["agreed_by"] is not None:
        values["agreed_by"] = person_of(values["agreed_by"])
    if values["gates"] is not None:
        values["gates"] = tuple(json.loads(values["gates"]))
    return BreakGlass(**values)
