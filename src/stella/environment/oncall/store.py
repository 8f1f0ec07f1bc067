"""The tables of on-call schedules, and of the shifts that somebody took."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Column, Index, String, Table, Text, delete, select

from stella.environment.document import malformed
from stella.environment.errors import UnknownSchedule, UnknownShift
from stella.environment.facts import OnCallScheduleApplied, OnCallScheduleDeleted, ShiftReturned
from stella.environment.oncall.document import parse_schedule
from stella.environment.oncall.model import KIND, PREFIX, Roster, Schedule, Taken
from stella.environment.store import list_environments
from stella.kernel import Json, Remedy, time_text
from stella.kernel.change import Change, changed
from stella.record.owners import forget_owner
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx

_KEPT_MAX = 200

oncall_schedule = Table(
    "oncall_schedule",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("spec", Text, nullable=False),
)

oncall_shift = Table(
    "oncall_shift",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("schedule", String(80), nullable=False),
    Column("person", String(80), nullable=False),
    Column("starts_at", String(27), nullable=False),
    Column("ends_at", String(27), nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", String(80), nullable=False),
    Column("at", String(27), nullable=False),
    Column("ended_at", String(27)),
    Index(None, "schedule"),
)


@dataclass(frozen=True, slots=True)
class TakenShift:
    """A shift that ``person``, a name, took in the place of others. by: id of who said so, ``at``.

    ended_at: when it was given back, None where it was not. Times: RFC 3339.
    """

    id: str
    schedule: str
    person: str
    starts_at: str
    ends_at: str
    reason: str
    by: str
    at: str
    ended_at: str | None = None


def apply_schedule(tx: Tx, name: str, spec: Mapping[str, Json]) -> Change:
    """Make or change a schedule. Raises MalformedDocument."""
    value = parse_schedule(name, spec)
    known = list_schedules(tx)
    if name not in known and len(known) >= _KEPT_MAX:
        raise malformed(KIND, name, f"there are {_KEPT_MAX} of them already")
    before = known.get(name)
    change = changed(KIND, name, before.spec() if before else None, value.spec())
    if change.change == "unchanged":
        return change
    tx.put(oncall_schedule, {"name": name}, {"spec": json.dumps(value.spec(), sort_keys=True)})
    tx.add(OnCallScheduleApplied(name, change.change, value.digest.text))
    return change


def delete_schedule(tx: Tx, name: str) -> None:
    """Nobody is on call by it any more; the shifts that were taken are given back."""
    for one in standing_shifts(tx, name):
        end_shift_row(tx, one)
    table = oncall_schedule.c
    where = (table.tenant == tx.tenant, table.name == name)
    tx.connection.execute(delete(oncall_schedule).where(*where))
    forget_owner(tx, KIND, name)
    tx.add(OnCallScheduleDeleted(name))


def keep_schedule(tx: Tx, name: str, *, lock: bool = False) -> bool:
    """Whether it is there; where it is, it stays as it is until this transaction ends.

    lock: nobody else keeps it meanwhile.
    """
    table = oncall_schedule.c
    query = select(table.name).where(table.tenant == tx.tenant, table.name == name)
    return tx.row(query.with_for_update(read=not lock)) is not None


def list_schedules(tx: Tx) -> dict[str, Schedule]:
    """By name."""
    table = oncall_schedule.c
    query = select(oncall_schedule).where(table.tenant == tx.tenant).order_by(table.name)
    return {row["name"]: _schedule(row) for row in tx.rows(query)}


def find_schedule(tx: Tx, name: str) -> Schedule:
    """Raises UnknownSchedule."""
    table = oncall_schedule.c
    row = tx.row(select(oncall_schedule).where(table.tenant == tx.tenant, table.name == name))
    if row is None:
        raise UnknownSchedule(
            f"there is no on-call schedule {name[:80]!r}",
            remedy=Remedy("Apply one, or list them.", command="stella oncall list"),
            schedule=name[:80],
        )
    return _schedule(row)


def roster_now(tx: Tx, name: str) -> Roster:
    """All that says who is on call by it from now on. Raises UnknownSchedule."""
    taken = [
        Taken(one.id, one.person, one.starts_at, one.ends_at) for one in standing_shifts(tx, name)
    ]
    return Roster(name, find_schedule(tx, name), tuple(taken))


def insert_shift(tx: Tx, value: TakenShift) -> None:
    """A new row."""
    tx.connection.execute(oncall_shift.insert(), {"tenant": tx.tenant, **columns_of(value)})


def end_shift_row(tx: Tx, value: TakenShift) -> None:
    """Note that it was given back, with its fact."""
    table = oncall_shift.c
    where = (table.tenant == tx.tenant, table.id == value.id)
    tx.connection.execute(oncall_shift.update().where(*where), {"ended_at": time_text(tx.now)})
    tx.add(ShiftReturned(value.schedule, value.id, value.person))


def find_shift(tx: Tx, shift_id: str) -> TakenShift:
    """Raises UnknownShift."""
    table = oncall_shift.c
    row = tx.row(select(oncall_shift).where(table.tenant == tx.tenant, table.id == shift_id))
    if row is None:
        raise UnknownShift(
            f"nobody took a shift {shift_id[:60]!r}",
            remedy=Remedy("See which were taken.", command="stella oncall show SCHEDULE"),
            shift=shift_id[:60],
        )
    return _shift(row)


def standing_shifts(tx: Tx, schedule: str) -> tuple[TakenShift, ...]:
    """Those that were taken, are not over and were not given back; the newest last."""
    table = oncall_shift.c
    query = select(oncall_shift).where(
        table.tenant == tx.tenant,
        table.schedule == schedule,
        table.ended_at.is_(None),
        table.ends_at > time_text(tx.now),
    )
    return tuple(_shift(row) for row in tx.rows(query.order_by(table.id)))


def environments_naming(tx: Tx, schedule: str) -> list[str]:
    """The environments with an approval rule that asks whoever is on call by it."""
    wanted = PREFIX + schedule
    return [
        one.name
        for one in list_environments(tx)
        if any(wanted in rule.approvers for rule in one.approvals)
    ]


def _schedule(row: Any) -> Schedule:
    return msgspec.convert(json.loads(row["spec"]), type=Schedule)


def _shift(row: Any) -> TakenShift:
    return TakenShift(**fields_of(row))
