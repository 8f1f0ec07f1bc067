"""When an environment was emptied: what was deployed there before runs there no more.

And when each take-down began: from then on nobody says any more that all of it runs.
"""

from dataclasses import dataclass

from sqlalchemy import Column, Index, String, Table, select

from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx

environment_emptied = Table(
    "environment_emptied",
    metadata,
    Column("take_down", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("environment", String(80), nullable=False),
    Column("last", String(40), nullable=False),
    Column("at", String(27), nullable=False),
    Index(None, "tenant", "environment", "at"),
)

environment_emptying = Table(
    "environment_emptying",
    metadata,
    Column("take_down", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("environment", String(80), nullable=False),
    Column("at", String(27), nullable=False),
    Index(None, "tenant", "environment", "at"),
)


@dataclass(frozen=True, slots=True)
class Emptied:
    """A take-down that succeeded. last: the newest deployment there by then, "" where none ever began."""

    take_down: str
    environment: str
    last: str
    at: str


def note_emptied(tx: Tx, value: Emptied) -> None:
    """Nothing of ``value.last`` or before runs there any more."""
    tx.connection.execute(environment_emptied.insert(), {"tenant": tx.tenant, **columns_of(value)})


def note_emptying(tx: Tx, take_down: str, environment: str, at: str) -> None:
    """A take-down begins there, however it will end."""
    values = {"take_down": take_down, "environment": environment, "at": at}
    tx.connection.execute(environment_emptying.insert(), {"tenant": tx.tenant, **values})


def emptying_began(tx: Tx, environment: str) -> tuple[str, ...]:
    """When each take-down there began, the first first."""
    there = environment_emptying.c
    query = select(there.at).where(there.tenant == tx.tenant, there.environment == environment)
    return tuple(str(row["at"]) for row in tx.rows(query.order_by(there.at)))


def list_emptied(tx: Tx, environment: str) -> tuple[Emptied, ...]:
    """Every time that it was emptied, the first first."""
    there = environment_emptied.c
    query = select(environment_emptied).where(
        there.tenant == tx.tenant, there.environment == environment
    )
    return tuple(Emptied(**fields_of(row)) for row in tx.rows(query.order_by(there.at)))


def emptied_after(tx: Tx, environment: str, at: str | None = None) -> str:
    """The last deployment that was taken away there (by the time ``at``); "" where none was.

    What runs is newer than that.
    """
    there = environment_emptied.c
    query = select(there.last).where(there.tenant == tx.tenant, there.environment == environment)
    if at is not None:
        query = query.where(there.at <= at)
    row = tx.row(query.order_by(there.last.desc()).limit(1))
    return "" if row is None else str(row["last"])
