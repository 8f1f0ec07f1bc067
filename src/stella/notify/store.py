"""The tables of rules and of messages."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Index, Integer, String, Table, Text, UniqueConstraint, delete, select

from stella.kernel import Remedy, time_text
from stella.notify.errors import UnknownMessage, UnknownNotification
from stella.notify.model import KnownNotification, MessageState, Notification, QueuedMessage
from stella.record.tables import metadata
from stella.record.transaction import Tx

MESSAGES_KEPT = 2000
"""So many messages that have ended are kept; the record keeps the facts of all."""

notification = Table(
    "notification",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("spec", Text, nullable=False),
    Column("changed_at", String(27), nullable=False),
)

notification_message = Table(
    "notification_message",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("rule", String(80), nullable=False),
    Column("integration", String(80), nullable=False),
    Column("event", String(40), nullable=False),
    Column("fact", String(40), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("environment", String(80), nullable=False),
    Column("content", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("queued_at", String(27), nullable=False),
    Column("due_at", String(27), nullable=False),
    Column("ended_at", String(27)),
    Column("detail", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("url", Text, nullable=False),
    # A fact is told once by each rule, however often its handler is run.
    UniqueConstraint("tenant", "fact", "rule", "event"),
    Index(None, "tenant", "state", "due_at"),
)


def find_notification(tx: Tx, name: str) -> KnownNotification:
    """Raises UnknownNotification."""
    mine = (notification.c.tenant == tx.tenant, notification.c.name == name)
    row = tx.row(select(notification).where(*mine))
    if row is None:
        raise UnknownNotification(
            f"there is no notification {name[:80]!r}",
            remedy=Remedy("Apply one, or list them.", command="stella notification list"),
            name=name[:80],
        )
    return _known(row)


def list_notifications(tx: Tx) -> tuple[KnownNotification, ...]:
    """By name."""
    query = select(notification).where(notification.c.tenant == tx.tenant)
    return tuple(_known(row) for row in tx.rows(query.order_by(notification.c.name)))


def put_notification(tx: Tx, value: Notification) -> None:
    """Insert or replace."""
    values = {"spec": json.dumps(value.spec()), "changed_at": time_text(tx.now)}
    tx.put(notification, {"name": value.name}, values)


def delete_notification_row(tx: Tx, name: str) -> None:
    """The rule alone: what was told stays told."""
    mine = (notification.c.tenant == tx.tenant, notification.c.name == name)
    tx.connection.execute(delete(notification).where(*mine))


def insert_message(tx: Tx, value: QueuedMessage) -> None:
    """A new row; and of those that have ended, the oldest go."""
    table = notification_message.c
    tx.connection.execute(notification_message.insert(), {"tenant": tx.tenant, **_columns(value)})
    ended = (table.tenant == tx.tenant, table.state != MessageState.WAITING.value)
    last = tx.row(
        select(table.id).where(*ended).order_by(table.id.desc()).offset(MESSAGES_KEPT).limit(1)
    )
    if last is not None:
        tx.connection.execute(delete(notification_message).where(*ended, table.id <= last["id"]))


def is_queued(tx: Tx, fact: str, rule: str, event: str) -> bool:
    """Whether that rule tells of that fact already."""
    table = notification_message.c
    mine = (table.tenant == tx.tenant, table.fact == fact, table.rule == rule, table.event == event)
    return tx.row(select(table.id).where(*mine)) is not None


def update_message(tx: Tx, value: QueuedMessage, *, due_at: str | None = None) -> bool:
    """The row as ``value`` says; with ``due_at`` only where it waits with that time. Whether it did."""
    table = notification_message.c
    mine = [table.tenant == tx.tenant, table.id == value.id]
    if due_at is not None:
        mine += [table.state == MessageState.WAITING.value, table.due_at == due_at]
    changed = tx.connection.execute(notification_message.update().where(*mine), _columns(value))
    return changed.rowcount == 1


def find_message(tx: Tx, message_id: str, *, lock: bool = False) -> QueuedMessage:
    """Raises UnknownMessage."""
    table = notification_message.c
    query = select(notification_message).where(table.tenant == tx.tenant, table.id == message_id)
    row = tx.row(query.with_for_update() if lock else query)
    if row is None:
        raise UnknownMessage(
            f"there is no message {message_id[:80]!r}",
            remedy=Remedy("List them.", command="stella notification sent"),
            id=message_id[:80],
        )
    return _message(row)


def due_messages(tx: Tx, limit: int) -> tuple[QueuedMessage, ...]:
    """Those that wait and whose time has come, the longest due first."""
    table = notification_message.c
    query = select(notification_message).where(
        table.tenant == tx.tenant,
        table.state == MessageState.WAITING.value,
        table.due_at <= time_text(tx.now),
    )
    return tuple(_message(row) for row in tx.rows(query.order_by(table.due_at).limit(limit)))


def sent_after(tx: Tx, row: QueuedMessage, limit: int = 100) -> tuple[QueuedMessage, ...]:
    """What was queued later by the same rule about the same environment, and has been sent."""
    table = notification_message.c
    query = select(notification_message).where(
        table.tenant == tx.tenant,
        table.rule == row.rule,
        table.environment == row.environment,
        table.state == MessageState.SENT.value,
        table.id > row.id,
    )
    return tuple(_message(one) for one in tx.rows(query.order_by(table.id.desc()).limit(limit)))


def list_messages(
    tx: Tx,
    *,
    rule: str | None = None,
    state: MessageState | None = None,
    since: str | None = None,
    limit: int = 100,
) -> tuple[QueuedMessage, ...]:
    """The newest first. since: queued at that time or later."""
    table = notification_message.c
    query = select(notification_message).where(table.tenant == tx.tenant)
    if rule is not None:
        query = query.where(table.rule == rule)
    if state is not None:
        query = query.where(table.state == state.value)
    if since is not None:
        query = query.where(table.queued_at >= since)
    return tuple(_message(row) for row in tx.rows(query.order_by(table.id.desc()).limit(limit)))


def _known(row: Mapping[Any, Any]) -> KnownNotification:
    spec = json.loads(row["spec"])
    rule = Notification(
        name=row["name"],
        on=tuple(spec["on"]),
        integration=spec["integration"],
        environments=tuple(spec["environments"]),
        include_text=spec["includeText"],
        enabled=spec["enabled"],
    )
    return KnownNotification(rule, row["changed_at"])


def _columns(value: QueuedMessage) -> dict[str, Any]:
    names = [one for one in QueuedMessage.__dataclass_fields__ if one not in {"content", "state"}]
    return {
        **{name: getattr(value, name) for name in names},
        "content": json.dumps(value.content),
        "state": value.state.value,
    }


def _message(row: Mapping[Any, Any]) -> QueuedMessage:
    values = {name: row[name] for name in QueuedMessage.__dataclass_fields__}
    values |= {"content": json.loads(row["content"]), "state": MessageState(row["state"])}
    return QueuedMessage(**values)
