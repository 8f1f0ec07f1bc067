"""The table of take-downs."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, Column, Index, String, Table, Text, select

from stella.deployment.errors import UnknownTakeDown
from stella.deployment.lifecycle import TakeDownState
from stella.kernel import Remedy
from stella.promotion.model import Person, person_of, person_text
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx

take_down = Table(
    "take_down",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("environment", String(80), nullable=False),
    Column("state", String(20), nullable=False),
    Column("deployment", String(40)),
    Column("release", String(40)),
    Column("plan", String(71), nullable=False),
    Column("input", String(71), nullable=False),
    Column("record", String(71), nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ends_at", String(27)),
    Column("simulated", Boolean, nullable=False),
    Column("started_at", String(27), nullable=False),
    Column("ended_at", String(27)),
    Index(None, "tenant", "environment", "state"),
)


@dataclass(frozen=True, slots=True)
class TakeDown:
    """What runs in one environment on its way off the hosts. plan, input, record: digests of documents.

    deployment, release: what ran there by then; None where no deployment had succeeded. ends_at: the
    environment's end by which the server began it; None where a person did.
    """

    id: str
    environment: str
    state: TakeDownState
    deployment: str | None
    release: str | None
    plan: str
    input: str
    record: str
    requested_by: Person
    reason: str
    simulated: bool
    started_at: str
    ends_at: str | None = None
    ended_at: str | None = None


def insert_take_down(tx: Tx, value: TakeDown) -> None:
    """A new row."""
    tx.connection.execute(take_down.insert(), {"tenant": tx.tenant, **_columns(value)})


def update_take_down(tx: Tx, value: TakeDown) -> None:
    """The row of ``value.id`` as ``value`` says."""
    tx.connection.execute(
        take_down.update().where(take_down.c.tenant == tx.tenant, take_down.c.id == value.id),
        _columns(value),
    )


def find_take_down(tx: Tx, take_down_id: str, *, lock: bool = False) -> TakeDown:
    """Raises UnknownTakeDown."""
    query = select(take_down).where(take_down.c.tenant == tx.tenant, take_down.c.id == take_down_id)
    row = tx.row(query.with_for_update() if lock else query)
    if row is None:
        raise UnknownTakeDown(
            f"there is no take-down {take_down_id[:60]!r}",
            remedy=Remedy("List them.", command="stella environment take-downs NAME"),
            take_down=take_down_id[:60],
        )
    return _value(row)


def list_take_downs(
    tx: Tx, environment: str | None = None, *, after: str | None = None, limit: int = 100
) -> tuple[TakeDown, ...]:
    """The newest first. after: the last id of the page before."""
    query = select(take_down).where(take_down.c.tenant == tx.tenant)
    if environment is not None:
        query = query.where(take_down.c.environment == environment)
    if after is not None:
        query = query.where(take_down.c.id < after)
    return tuple(_value(row) for row in tx.rows(query.order_by(take_down.c.id.desc()).limit(limit)))


def list_open_take_downs(tx: Tx) -> tuple[TakeDown, ...]:
    """Those that have not ended."""
    query = select(take_down).where(
        take_down.c.tenant == tx.tenant, take_down.c.state == TakeDownState.RUNNING.value
    )
    return tuple(_value(row) for row in tx.rows(query.order_by(take_down.c.id)))


def open_take_down(tx: Tx, environment: str) -> TakeDown | None:
    """The one under way there, if one is."""
    row = tx.row(
        select(take_down)
        .where(
            take_down.c.tenant == tx.tenant,
            take_down.c.environment == environment,
            take_down.c.state == TakeDownState.RUNNING.value,
        )
        .limit(1)
    )
    return None if row is None else _value(row)


def _columns(value: TakeDown) -> dict[str, Any]:
    return columns_of(value, state=value.state.value, requested_by=person_text(value.requested_by))


def _value(row: Any) -> TakeDown:
    values = fields_of(row)
    values["state"] = TakeDownState(values["state"])
    values["requested_by"] = person_of(values["requested_by"])
    return TakeDown(**values)
