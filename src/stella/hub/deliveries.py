"""The tables of deliveries, and of what was refused at the door."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    select,
)
from sqlalchemy.exc import IntegrityError

from stella.hub.delivery import Arrived, Delivery, Taken, ending, new_delivery
from stella.hub.errors import UnknownDelivery
from stella.hub.lifecycle import DeliveryState
from stella.kernel import Remedy, time_text
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx

KEPT = timedelta(days=30)
KEPT_MAX = 100_000
"""Of one integration. A delivery that is forgotten could be replayed, where no time is signed."""

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("integration", String(80), nullable=False),
    Column("delivery", String(200), nullable=False),
    Column("event", String(100), nullable=False),
    Column("state", String(20), nullable=False),
    Column("received_at", String(27), nullable=False),
    Column("content", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("replays", Integer, nullable=False),
    Column("next_at", String(27), nullable=False),
    Column("ended_at", String(27), nullable=False),
    Index(None, "tenant", "integration", "delivery", unique=True),
    Index(None, "tenant", "state", "id"),
    Index(None, "tenant", "integration", "id"),
)

webhook_refusal = Table(
    "webhook_refusal",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("integration", String(80), primary_key=True),
    Column("code", String(20), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last_at", String(27), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often deliveries of an integration were refused with that code; nothing of what they said."""

    integration: str
    code: str
    count: int
    last_at: str


def take_deliveries(tx: Tx, arrived: Sequence[Arrived]) -> list[Taken]:
    """Store what has arrived together, each once; how each was taken, in their order."""
    for is_last in (False, False, True):
        made = [new_delivery(tx, one) for one in arrived]
        stored = _stored(tx, made)
        fresh: dict[tuple[str, str], Delivery] = {}
        taken, replayed = [], []
        for one in made:
            key = (one.integration, one.delivery)
            before = stored.get(key) or fresh.get(key)
            kept = fresh.setdefault(key, one) if before is None else before
            taken.append(Taken(kept.id, kept.state, before is not None))
            if before is not None:
                replayed.append(kept.id)
        try:
            with tx.connection.begin_nested():
                _insert(tx, fresh.values())
        except IntegrityError:  # another server took the same one at this moment
            if is_last:
                raise
            continue
        for row in replayed:
            values = {"replays": webhook_delivery.c.replays + 1}
            mine = (webhook_delivery.c.tenant == tx.tenant, webhook_delivery.c.id == row)
            tx.connection.execute(webhook_delivery.update().where(*mine).values(**values))
        return taken
    raise AssertionError("the last try returns or raises")


def find_delivery(tx: Tx, delivery: str, *, lock: bool = False) -> Delivery:
    """Raises UnknownDelivery."""
    table = webhook_delivery.c
    query = select(webhook_delivery).where(table.tenant == tx.tenant, table.id == delivery)
    row = tx.row(query.with_for_update() if lock else query)
    if row is None:
        raise UnknownDelivery(
            f"there is no delivery {delivery[:60]!r}",
            remedy=Remedy("List them; old ones are forgotten.", command="stella webhook list"),
            delivery=delivery[:60],
        )
    return _delivery(row)


def list_deliveries(
    tx: Tx,
    *,
    integration: str | None = None,
    states: frozenset[DeliveryState] | None = None,
    after: str | None = None,
    limit: int = 100,
) -> tuple[Delivery, ...]:
    """The newest first. after: the id of the last one seen."""
    table = webhook_delivery.c
    query = select(webhook_delivery).where(table.tenant == tx.tenant)
    if integration is not None:
        query = query.where(table.integration == integration)
    if states is not None:
        query = query.where(table.state.in_(sorted(states)))
    if after is not None:
        query = query.where(table.id < after)
    rows = tx.rows(query.order_by(table.id.desc()).limit(limit))
    return tuple(_delivery(row) for row in rows)


def deliveries_since(
    tx: Tx, at: str, *, before: str | None = None, limit: int = 100
) -> tuple[Delivery, ...]:
    """Those that were handled and came at or after that time; the newest first. before: the id of one
    that was seen already.
    """
    table = webhook_delivery.c
    query = select(webhook_delivery).where(
        table.tenant == tx.tenant,
        table.state == DeliveryState.HANDLED.value,
        table.received_at >= at,
    )
    if before is not None:
        query = query.where(table.id < before)
    return tuple(_delivery(row) for row in tx.rows(query.order_by(table.id.desc()).limit(limit)))


def waiting_deliveries(tx: Tx, limit: int) -> tuple[Delivery, ...]:
    """What is to be handled now, in the order in which it came; no other server takes it."""
    table = webhook_delivery.c
    query = (
        select(webhook_delivery)
        .where(
            table.tenant == tx.tenant,
            table.state == DeliveryState.QUEUED.value,
            table.next_at <= time_text(tx.now),
        )
        .order_by(table.id)
        .limit(limit)
        .with_for_update()
    )
    return tuple(_delivery(row) for row in tx.rows(query))


def end_deliveries(tx: Tx, values: Sequence[Delivery]) -> None:
    """Store how they stand now, and the facts of those that have ended."""
    if not values:
        return
    mine = (webhook_delivery.c.tenant == tx.tenant, webhook_delivery.c.id == bindparam("row"))
    columns = ("outcome", "attempts", "next_at", "ended_at")
    query = webhook_delivery.update().where(*mine)
    query = query.values(
        state=bindparam("to"), **{name: bindparam(f"to_{name}") for name in columns}
    )
    rows = [
        {
            "row": one.id,
            "to": one.state.value,
            **{f"to_{name}": getattr(one, name) for name in columns},
        }
        for one in values
    ]
    tx.connection.execute(query, rows)
    tx.add(*(fact for one in values if (fact := ending(one)) is not None))


def count_deliveries(tx: Tx, integration: str) -> dict[str, int]:
    """State -> how many are kept."""
    table = webhook_delivery.c
    query = (
        select(table.state, func.count().label("count"))
        .where(table.tenant == tx.tenant, table.integration == integration)
        .group_by(table.state)
    )
    found = {str(row["state"]): int(row["count"]) for row in tx.rows(query)}
    return {state.value: found.get(state.value, 0) for state in DeliveryState}


def forget_deliveries(tx: Tx) -> int:
    """What has ended and is old, or is more than is kept of an integration; how many those were."""
    table = webhook_delivery.c
    ended = (table.tenant == tx.tenant, table.state != DeliveryState.QUEUED.value)
    gone = tx.connection.execute(
        delete(webhook_delivery).where(*ended, table.received_at < time_text(tx.now - KEPT))
    ).rowcount
    names = select(table.integration).where(table.tenant == tx.tenant).distinct()
    for row in tx.rows(names):
        mine = (*ended, table.integration == row["integration"])
        newest = select(table.id).where(*mine).order_by(table.id.desc())
        first = tx.row(newest.offset(KEPT_MAX).limit(1))
        if first is not None:
            old = delete(webhook_delivery).where(*mine, table.id <= first["id"])
            gone += tx.connection.execute(old).rowcount
    return gone


def add_refusals(tx: Tx, integration: str, code: str, count: int, last_at: str) -> None:
    """Count what was refused."""
    table = webhook_refusal.c
    mine = (table.tenant == tx.tenant, table.integration == integration, table.code == code)
    values = {"count": table.count + count, "last_at": last_at}
    changed = tx.connection.execute(webhook_refusal.update().where(*mine).values(**values))
    if changed.rowcount == 0:
        tx.connection.execute(
            webhook_refusal.insert(),
            {
                "tenant": tx.tenant,
                "integration": integration,
                "code": code,
                "count": count,
                "last_at": last_at,
            },
        )


def list_refusals(tx: Tx, integration: str) -> tuple[Refusals, ...]:
    """Those of one integration, by code."""
    table = webhook_refusal.c
    query = select(webhook_refusal).where(
        table.tenant == tx.tenant, table.integration == integration
    )
    return tuple(Refusals(**fields_of(row)) for row in tx.rows(query.order_by(table.code)))


def delete_webhook_rows(tx: Tx, integration: str) -> None:
    """The integration is no more: another one of its name begins anew."""
    for table in (webhook_delivery, webhook_refusal):
        mine = (table.c.tenant == tx.tenant, table.c.integration == integration)
        tx.connection.execute(delete(table).where(*mine))


def _stored(tx: Tx, made: Sequence[Delivery]) -> dict[tuple[str, str], Delivery]:
    """What is there already of these: (integration, id) -> it."""
    table, found = webhook_delivery.c, {}
    wanted: dict[str, list[str]] = {}
    for one in made:
        wanted.setdefault(one.integration, []).append(one.delivery)
    for integration, ids in wanted.items():
        query = select(webhook_delivery).where(
            table.tenant == tx.tenant,
            table.integration == integration,
            table.delivery.in_(ids),
        )
        for row in tx.rows(query):
            found[integration, row["delivery"]] = _delivery(row)
    return found


def _insert(tx: Tx, values: Iterable[Delivery]) -> None:
    rows = [
        {
            **columns_of(one, state=one.state.value, content=json.dumps(one.content)),
            "tenant": tx.tenant,
        }
        for one in values
    ]
    if rows:
        tx.connection.execute(webhook_delivery.insert(), rows)


def _delivery(row: Mapping[Any, Any]) -> Delivery:
    values = fields_of(row)
    return Delivery(
        **{
            **values,
            "state": DeliveryState(values["state"]),
            "content": json.loads(values["content"]),
        }
    )
