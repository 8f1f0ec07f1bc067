"""The tables of triggers, and of what became of the events that they answered."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    func,
    select,
)

from stella.kernel import Remedy, time_text
from stella.record.row import fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx
from stella.workflow.errors import UnknownTrigger
from stella.workflow.run.store import workflow_node
from stella.workflow.trigger.model import Firing, KnownTrigger, Outcome, Trigger
from stella.workflow.trigger.read import trigger_of

KEPT = timedelta(days=30)
"""So long it is known which events were answered."""

workflow_trigger = Table(
    "workflow_trigger",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("workflow", String(80), nullable=False),
    Column("event", String(80), nullable=False),
    Column("spec", Text, nullable=False),
    Column("by", String(80), nullable=False),
    Column("roles", Text, nullable=False),
    Column("lent", Text, nullable=False),
    Column("changed_at", String(27), nullable=False),
    Column("next_at", String(27)),
    Column("set_at", String(27)),
    Column("held_back", Integer, nullable=False),
    Column("held_back_at", String(27)),
    Index(None, "event"),
    Index(None, "next_at"),
)

workflow_firing = Table(
    "workflow_firing",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("trigger", String(80), nullable=False),
    Column("key", String(120), nullable=False),
    Column("event", String(80), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("at", String(27), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("run", String(40), nullable=False),
    Column("code", String(40), nullable=False),
    Column("message", Text, nullable=False),
    # An event starts one run of a trigger, however often it is told.
    UniqueConstraint("tenant", "trigger", "key"),
    Index(None, "trigger", "id"),
    Index(None, "at"),
)


def list_triggers(tx: Tx, *, event: str | None = None) -> tuple[KnownTrigger, ...]:
    """By name; ``event``: those that hear of events of that type."""
    table = workflow_trigger.c
    query = select(workflow_trigger).where(table.tenant == tx.tenant)
    if event is not None:
        query = query.where(table.event == event)
    return tuple(_known(row) for row in tx.rows(query.order_by(table.name)))


def heard_events(tx: Tx, kinds: frozenset[str]) -> frozenset[str]:
    """Those of which a trigger hears, or for which a step waits; of every tenant."""
    by_triggers = select(workflow_trigger.c.event).where(workflow_trigger.c.event.in_(kinds))
    waited = [f"event:{kind}" for kind in kinds]
    by_steps = select(workflow_node.c.waits_for).where(workflow_node.c.waits_for.in_(waited))
    return frozenset(row["event"] for row in tx.rows(by_triggers.distinct())) | frozenset(
        row["waits_for"].removeprefix("event:") for row in tx.rows(by_steps.distinct())
    )


def find_trigger(tx: Tx, name: str, *, lock: bool = False) -> KnownTrigger:
    """lock: until this transaction ends. Raises UnknownTrigger."""
    table = workflow_trigger.c
    query = select(workflow_trigger).where(table.tenant == tx.tenant, table.name == name)
    row = tx.row(query.with_for_update() if lock else query)
    if row is None:
        raise UnknownTrigger(
            f"there is no trigger {name[:80]!r}",
            remedy=Remedy("Apply one, or list them.", "stella trigger list"),
            trigger=name[:80],
        )
    return _known(row)


def put_trigger(tx: Tx, known: KnownTrigger) -> None:
    """Insert or replace."""
    values = {
        "workflow": known.trigger.workflow,
        "event": known.trigger.on.event,
        "spec": json.dumps(known.trigger.spec()),
        "by": known.by,
        "roles": json.dumps(known.roles),
        "lent": json.dumps(known.lent),
        "changed_at": known.changed_at,
        "next_at": known.next_at,
        "set_at": known.set_at,
        "held_back": known.held_back,
        "held_back_at": known.held_back_at,
    }
    tx.put(workflow_trigger, {"name": known.name}, values)


def drop_trigger(tx: Tx, name: str) -> None:
    """The trigger alone: what it started goes on, and what it answered stays known."""
    table = workflow_trigger.c
    tx.connection.execute(
        delete(workflow_trigger).where(table.tenant == tx.tenant, table.name == name)
    )


def due_triggers(tx: Tx) -> list[str]:
    """Those whose scheduled time has come, and those whose next time was worked out by a clock that
    was ahead: of every tenant there is one.
    """
    table, now = workflow_trigger.c, time_text(tx.now)
    where = (table.next_at <= now) | (table.set_at > now)
    query = select(table.name).where(table.tenant == tx.tenant, table.next_at.is_not(None), where)
    return [row["name"] for row in tx.rows(query.order_by(table.next_at, table.name))]


def insert_firing(tx: Tx, value: Firing) -> None:
    """A new row."""
    columns = {name: getattr(value, name) for name in Firing.__slots__}
    row = {"tenant": tx.tenant, **columns, "outcome": value.outcome.value}
    tx.connection.execute(workflow_firing.insert(), row)


def has_fired(tx: Tx, trigger: str, key: str) -> bool:
    """Whether that event was answered already."""
    table = workflow_firing.c
    mine = (table.tenant == tx.tenant, table.trigger == trigger, table.key == key)
    return tx.row(select(table.id).where(*mine)) is not None


def answered_since(tx: Tx, trigger: str, since: str) -> int:
    """How many runs it started from then on, or should have and could not."""
    table = workflow_firing.c
    mine = (
        table.tenant == tx.tenant,
        table.trigger == trigger,
        table.at >= since,
        table.outcome != Outcome.MISSED.value,
    )
    return int(tx.connection.execute(select(func.count()).where(*mine)).scalar() or 0)


def list_firings(
    tx: Tx, trigger: str, *, before: str | None = None, limit: int = 50
) -> Sequence[Firing]:
    """The newest first. before: the id of one that was listed already."""
    table = workflow_firing.c
    query = select(workflow_firing).where(table.tenant == tx.tenant, table.trigger == trigger)
    if before is not None:
        query = query.where(table.id < before)
    return [_firing(row) for row in tx.rows(query.order_by(table.id.desc()).limit(limit))]


def last_firings(tx: Tx) -> dict[str, Firing]:
    """Trigger -> what became of the event that it answered last."""
    table = workflow_firing.c
    newest = select(func.max(table.id)).where(table.tenant == tx.tenant).group_by(table.trigger)
    found = tx.rows(select(workflow_firing).where(table.id.in_(newest)))
    return {row["trigger"]: _firing(row) for row in found}


def forget_firings(tx: Tx) -> None:
    """Those that are older than ``KEPT``: the record keeps the facts of all."""
    table = workflow_firing.c
    tx.connection.execute(delete(workflow_firing).where(table.at < time_text(tx.now - KEPT)))


def _known(row: Any) -> KnownTrigger:
    held = fields_of(row)
    spec: Trigger = trigger_of(json.loads(held.pop("spec")))
    for derived in ("workflow", "event"):
        held.pop(derived)
    read = {"roles": tuple(json.loads(held["roles"])), "lent": json.loads(held["lent"])}
    return KnownTrigger(trigger=spec, **held | read)


def _firing(row: Any) -> Firing:
    held = fields_of(row)
    return Firing(**held | {"outcome": Outcome(held["outcome"])})
