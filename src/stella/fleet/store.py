"""The tables of this room, and its rows as values."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Integer, String, Table, Text, UniqueConstraint, select

from stella.fleet.errors import UnknownAgent, UnknownOrder
from stella.fleet.lifecycle import AgentState, OrderState
from stella.fleet.model import Agent, LogLine, Order
from stella.kernel import Remedy, parse_time, time_text
from stella.plugin.order import AgentReport, OrderResult, Purpose
from stella.plugin.wire import from_wire
from stella.record import Tx, metadata
from stella.trust import PublicKey

agent = Table(
    "agent",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("name", String(80), nullable=False),
    Column("key", Text, nullable=False),
    Column("key_id", String(64), nullable=False),
    Column("state", String(20), nullable=False),
    Column("enrolled_at", String(27), nullable=False),
    Column("certificate_expires_at", String(27), nullable=False),
    Column("last_seen_at", String(27)),
    Column("report", Text),
    Column("reported_at", String(27)),
    Column("revoked_reason", Text),
    Index(None, "tenant", "name"),
    Index(None, "state", "last_seen_at"),
)

agent_token = Table(
    "agent_token",
    metadata,
    # SHA-256 of the token: what is stored here enrols nobody.
    Column("hash", String(64), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("name", String(80), nullable=False),
    Column("expires_at", String(27), nullable=False),
    Column("agent", String(40)),
)

agent_nonce = Table(
    "agent_nonce",
    metadata,
    Column("agent", String(40), primary_key=True),
    Column("nonce", String(64), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("at", String(27), nullable=False),
    Index(None, "at"),
)

target_order = Table(
    "target_order",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("agent", String(40), nullable=False),
    Column("deployment", String(40), nullable=False),
    Column("target", String(80), nullable=False),
    Column("purpose", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("bundle", Text, nullable=False),
    Column("issued_at", String(27), nullable=False),
    Column("expires_at", String(27), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("lease_until", String(27)),
    Column("taken_at", String(27)),
    Column("finished_at", String(27)),
    Column("result", Text),
    # What makes a repeated request for an order harmless.
    UniqueConstraint("tenant", "deployment", "target", "purpose"),
    Index(None, "agent", "state"),
    Index(None, "state", "expires_at"),
)

deployment_log = Table(
    "deployment_log",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("deployment", String(40), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("order_id", String(40), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("order_seq", Integer, nullable=False),
    Column("target", String(80), nullable=False),
    Column("at", String(27), nullable=False),
    Column("line", Text, nullable=False),
    UniqueConstraint("order_id", "fence", "order_seq"),
)

# The last place given out. Its row is locked by who appends: a reader's cursor misses nothing.
deployment_log_head = Table(
    "deployment_log_head",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("deployment", String(40), primary_key=True),
    Column("seq", Integer, nullable=False),
)


def find_agent(tx: Tx, agent_id: str, *, lock: bool = False) -> Agent:
    """The agent of that id. Raises UnknownAgent."""
    query = select(agent).where(agent.c.tenant == tx.tenant, agent.c.id == agent_id)
    row = tx.row(query.with_for_update() if lock else query)
    if row is None:
        raise unknown_agent(agent_id)
    return _agent(row)


def find_agent_by_name(tx: Tx, name: str) -> Agent | None:
    """The agent of that name that is not revoked, or else the one revoked last."""
    rows = tx.rows(
        select(agent)
        .where(agent.c.tenant == tx.tenant, agent.c.name == name)
        .order_by(agent.c.id.desc())
    )
    found = [_agent(row) for row in rows]
    live = [one for one in found if one.state is not AgentState.REVOKED]
    return next(iter(live or found), None)


def list_agents(tx: Tx) -> tuple[Agent, ...]:
    """Every agent, by name; those of one name from the oldest to the newest."""
    query = select(agent).where(agent.c.tenant == tx.tenant).order_by(agent.c.name, agent.c.id)
    return tuple(_agent(row) for row in tx.rows(query))


def agent_names(tx: Tx, agents: Sequence[str]) -> dict[str, str]:
    """Id -> name of those that there are, revoked ones too."""
    if not agents:
        return {}
    query = select(agent.c.id, agent.c.name).where(
        agent.c.tenant == tx.tenant, agent.c.id.in_(agents)
    )
    return {row["id"]: row["name"] for row in tx.rows(query)}


def find_order(tx: Tx, order_id: str, *, lock: bool = False) -> Order:
    """The order of that id. Raises UnknownOrder."""
    query = select(target_order).where(
        target_order.c.tenant == tx.tenant, target_order.c.id == order_id
    )
    row = tx.row(query.with_for_update() if lock else query)
    if row is None:
        raise UnknownOrder(
            f"there is no order {order_id[:60]}",
            remedy=Remedy("Look at the deployment that it was for.", "stella deploy list"),
            order=order_id,
        )
    return order_of(row)


def orders_of_deployment(tx: Tx, deployment: str) -> tuple[Order, ...]:
    """Every order of a deployment, from the first issued to the last."""
    query = (
        select(target_order)
        .where(target_order.c.tenant == tx.tenant, target_order.c.deployment == deployment)
        .order_by(target_order.c.id)
    )
    return tuple(order_of(row) for row in tx.rows(query))


def read_log(
    tx: Tx, deployment: str, *, after: int = 0, target: str | None = None, limit: int = 1000
) -> tuple[LogLine, ...]:
    """The log's lines after place ``after``, of one target where one is named."""
    log = deployment_log.c
    query = (
        select(deployment_log)
        .where(log.tenant == tx.tenant, log.deployment == deployment, log.seq > after)
        .order_by(log.seq)
        .limit(limit)
    )
    if target is not None:
        query = query.where(log.target == target)
    return tuple(
        LogLine(row["seq"], row["target"], parse_time(row["at"]), row["line"])
        for row in tx.rows(query)
    )


def change_agent(tx: Tx, agent_id: str, **values: object) -> None:
    """Store new values of an agent's row."""
    mine = (agent.c.tenant == tx.tenant, agent.c.id == agent_id)
    tx.connection.execute(agent.update().where(*mine), values)


def change_order(tx: Tx, order_id: str, **values: object) -> None:
    """Store new values of an order's row."""
    mine = (target_order.c.tenant == tx.tenant, target_order.c.id == order_id)
    tx.connection.execute(target_order.update().where(*mine), values)


def unknown_agent(name: str) -> UnknownAgent:
    """The refusal of a name or id that no agent has."""
    return UnknownAgent(
        f"there is no agent {name[:60]}",
        remedy=Remedy("Enrol it, or name one of these.", command="stella agent list"),
        agent=name,
    )


def time_column(at: datetime | None) -> str | None:
    """A time as its column holds it."""
    return time_text(at) if at else None


def _agent(row: Mapping[Any, Any]) -> Agent:
    return Agent(
        id=row["id"],
        name=row["name"],
        key=PublicKey(row["key"].encode()),
        state=AgentState(row["state"]),
        enrolled_at=parse_time(row["enrolled_at"]),
        certificate_expires_at=parse_time(row["certificate_expires_at"]),
        last_seen_at=_time(row["last_seen_at"]),
        report=from_wire(AgentReport, json.loads(row["report"])) if row["report"] else None,
        reported_at=row["reported_at"],
        revoked_reason=row["revoked_reason"],
    )


def order_of(row: Mapping[Any, Any]) -> Order:
    """A row of the table of orders as a value."""
    return Order(
        id=row["id"],
        agent=row["agent"],
        deployment=row["deployment"],
        target=row["target"],
        purpose=Purpose(row["purpose"]),
        state=OrderState(row["state"]),
        bundle=row["bundle"].encode(),
        issued_at=parse_time(row["issued_at"]),
        expires_at=parse_time(row["expires_at"]),
        fence=row["fence"],
        lease_until=_time(row["lease_until"]),
        taken_at=_time(row["taken_at"]),
        finished_at=_time(row["finished_at"]),
        result=from_wire(OrderResult, json.loads(row["result"])) if row["result"] else None,
    )


def _time(text: str | None) -> datetime | None:
    return parse_time(text) if text else None
