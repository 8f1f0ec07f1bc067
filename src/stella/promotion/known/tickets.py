"""Change tickets that promotions name, and how each stood when it was looked up."""

import re
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Boolean, Column, Index, String, Table, Text, case, select

from stella.hub.model import Integration
from stella.hub.store import list_integrations
from stella.kernel import Remedy
from stella.plugin.contract.core import Kind
from stella.promotion.errors import ImpossibleTicket
from stella.promotion.lifecycle import ACTIVE, State
from stella.promotion.model import Person, TicketUseInput
from stella.promotion.store import promotion as promotion_table
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx

change_ticket = Table(
    "change_ticket",
    metadata,
    Column("promotion", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("integration", String(80), nullable=False),
    Column("key", String(100), nullable=False),
    Column("url", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("is_approved", Boolean, nullable=False),
    Column("starts_at", String(27), nullable=False),
    Column("ends_at", String(27), nullable=False),
    Column("looked_up_at", String(27)),
    Column("trouble", Text, nullable=False),
    Column("due_at", String(27), nullable=False),
    Index(None, "tenant", "integration", "key"),
    Index(None, "due_at"),
)

USES_MAX = 20
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._#/-]{0,99}\Z")
_COUNTS = frozenset({*ACTIVE, State.DEPLOYED, State.FAILED})
"""States of promotions that use their ticket up: what ended before anything began does not."""


@dataclass(frozen=True, slots=True)
class ChangeTicket:
    """The ticket of one promotion. integration: where it is looked up; key: as people name it.

    looked_up_at: when it was answered last; None while it never was, and then nothing of what follows is
    known. status: in the service's words. is_approved: by the configuration of the integration.
    starts_at, ends_at: its planned time, "" for none. trouble: why the last look failed, "" where it did
    not. due_at: when it is looked up again.
    """

    promotion: str
    integration: str
    key: str
    due_at: str
    url: str = ""
    status: str = ""
    is_approved: bool = False
    starts_at: str = ""
    ends_at: str = ""
    looked_up_at: str | None = None
    trouble: str = ""

    @property
    def name(self) -> str:
        """``INTEGRATION:KEY``."""
        return f"{self.integration}:{self.key}"

    @property
    def was_tried(self) -> bool:
        """Whether the first look has ended, be it badly."""
        return self.looked_up_at is not None or bool(self.trouble)


def named_ticket(tx: Tx, person: Person, environment: str, name: str) -> tuple[str, str]:
    """Integration and key of what somebody named: ``KEY``, or ``INTEGRATION:KEY``.

    Raises ImpossibleTicket: no key, or not exactly one integration that may be asked for it.
    """
    where, _, key = name.strip().rpartition(":")
    if not _KEY.match(key):
        raise _impossible(f"{name[:100]!r} names no ticket", "Name it like OPS-12, or ops:OPS-12.")
    usable = [one for one in _sources(tx) if _may_use(one, person, environment)]
    found = [one.name for one in usable if not where or one.name == where]
    if len(found) == 1:
        return found[0], key
    if found:
        raise _impossible(
            f"{key} may be a ticket of several integrations", f"Name one: {found[0]}:{key}."
        )
    asked = (
        f"no integration {where[:80]!r} may be asked" if where else "no integration may be asked"
    )
    raise _impossible(
        f"{asked} for change tickets",
        "Let an administrator set change_tickets in the configuration of a Jira or ServiceNow integration.",
    )


def insert_ticket(tx: Tx, value: ChangeTicket) -> None:
    """A new row."""
    tx.connection.execute(change_ticket.insert(), {"tenant": tx.tenant, **columns_of(value)})


def update_ticket(tx: Tx, value: ChangeTicket) -> None:
    """The row of the promotion as ``value`` says."""
    table = change_ticket.c
    mine = (table.tenant == tx.tenant, table.promotion == value.promotion)
    tx.connection.execute(change_ticket.update().where(*mine), columns_of(value))


def find_ticket(tx: Tx, promotion: str, *, lock: bool = False) -> ChangeTicket | None:
    """The ticket that the promotion names; None where it names none."""
    table = change_ticket.c
    query = select(change_ticket).where(table.tenant == tx.tenant, table.promotion == promotion)
    row = tx.row(query.with_for_update() if lock else query)
    return None if row is None else ChangeTicket(**fields_of(row))


def other_uses(tx: Tx, ticket: ChangeTicket, release_digest: str) -> tuple[TicketUseInput, ...]:
    """Promotions that named the same ticket before, at most twenty: those of other images first.

    Otherwise whoever names it often enough for these images would push out the use that matters.
    What ended without being deployed has not used it. Who names it later takes it from nobody: a
    ticket without a promotion yet comes last.
    """
    table, other = change_ticket.c, promotion_table.c
    query = (
        select(other.id, other.environment, other.release_digest, other.state)
        .join(change_ticket, table.promotion == other.id)
        .where(
            table.tenant == tx.tenant,
            other.tenant == tx.tenant,
            table.integration == ticket.integration,
            table.key == ticket.key,
            other.state.in_(sorted(state.value for state in _COUNTS)),
            *((table.promotion < ticket.promotion,) if ticket.promotion else ()),
        )
        .order_by(case((other.release_digest == release_digest, 1), else_=0), other.id.desc())
        .limit(USES_MAX)
    )
    return tuple(
        TicketUseInput(row["id"], row["environment"], row["release_digest"])
        for row in tx.rows(query)
    )


def due_tickets(tx: Tx, at: str, states: frozenset[State], limit: int) -> tuple[ChangeTicket, ...]:
    """Those that are to be looked up again, of promotions in those states; the longest due first."""
    query = (
        select(change_ticket)
        .join(promotion_table, promotion_table.c.id == change_ticket.c.promotion)
        .where(
            change_ticket.c.tenant == tx.tenant,
            change_ticket.c.due_at <= at,
            promotion_table.c.state.in_(sorted(state.value for state in states)),
        )
        .order_by(change_ticket.c.due_at)
        .limit(limit)
    )
    return tuple(ChangeTicket(**fields_of(row)) for row in tx.rows(query))


def put_off(ticket: ChangeTicket, due_at: str) -> ChangeTicket:
    """The same, to be looked up then."""
    return replace(ticket, due_at=due_at)


def _sources(tx: Tx) -> list[Integration]:
    known = (one.integration for one in list_integrations(tx))
    return [
        one
        for one in known
        if one.kind is Kind.NOTIFIER and one.enabled and one.config.get("change_tickets") is True
    ]


def _may_use(one: Integration, person: Person, environment: str) -> bool:
    allowed: Any = not one.roles or set(one.roles) & set(person.roles)
    return bool(allowed) and one.serves((environment,))


def _impossible(why: str, advice: str) -> ImpossibleTicket:
    return ImpossibleTicket(
        f"it cannot be asked for with that change ticket: {why}", remedy=Remedy(advice)
    )
