"""While I am away, another speaks for me: recorded beforehand, by the absent one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Index, String, Table, Text, func, select

from stella.identity import present
from stella.identity.users import lock_user
from stella.kernel import Remedy, time_text
from stella.promotion.errors import ImpossibleAbsence, UnknownAbsence
from stella.promotion.facts import AbsenceBegun, AbsenceEnded
from stella.promotion.model import Person
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx

_DAYS_MAX = 366
_OPEN_MAX = 20
"""Of one person: begun, or to begin."""
_REASON_CHARACTERS_MAX = 1000

absence = Table(
    "absence",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("person", String(80), nullable=False),
    Column("stand_in", String(80), nullable=False),
    Column("starts_at", String(27), nullable=False),
    Column("ends_at", String(27), nullable=False),
    Column("reason", Text, nullable=False),
    Column("ended_at", String(27)),
    Index(None, "stand_in"),
    Index(None, "person"),
)


@dataclass(frozen=True, slots=True)
class Absence:
    """A time in which ``stand_in`` may speak for ``person``; both ids of users. Times: RFC 3339."""

    id: str
    person: str
    stand_in: str
    starts_at: str
    ends_at: str
    reason: str
    ended_at: str | None = None

    def holds(self, at: str) -> bool:
        """Whether it holds at that time."""
        return self.starts_at <= at < min(self.ends_at, self.ended_at or self.ends_at)


def begin_absence(
    tx: Tx,
    person: Person,
    *,
    stand_in: str,
    ends_at: datetime,
    starts_at: datetime | None = None,
    reason: str = "",
) -> Absence:
    """``person`` is away from ``starts_at`` (now where None); the user ``stand_in``, an id, speaks.

    Raises ImpossibleAbsence, also where either is no user who is let in, or it would be a chain.
    """
    begins = starts_at or tx.now
    known = present(tx, (person.id, stand_in))
    if stand_in == person.id:
        raise _impossible(f"{person.name} cannot stand in for themselves", "Name somebody else.")
    if known.get(person.id) is None or known.get(stand_in) is None:
        raise _impossible(
            "only a user who is let in stands in, and only for a user", "See: stella user list"
        )
    if not max(begins, tx.now) < ends_at <= tx.now + timedelta(days=_DAYS_MAX):
        raise _impossible(
            f"an absence from {time_text(begins)} cannot end at {time_text(ends_at)}",
            f"Give an end after its start, after now, and within {_DAYS_MAX} days.",
        )
    if len(reason) > _REASON_CHARACTERS_MAX:
        raise _impossible(
            f"its reason has more than {_REASON_CHARACTERS_MAX} characters", "Say it shorter."
        )
    # The row is held, or two that are asked for at once would both be the last one.
    lock_user(tx, person.id)
    if _count_open(tx, person.id) >= _OPEN_MAX:
        raise _impossible(
            f"{person.name} has {_OPEN_MAX} absences that have not ended",
            "End one first: stella away list",
        )
    value = Absence(
        tx.new_id("abs"), person.id, stand_in, time_text(begins), time_text(ends_at), reason
    )
    tx.connection.execute(absence.insert(), {"tenant": tx.tenant, **columns_of(value)})
    tx.add(AbsenceBegun(value.id, person.id, stand_in, value.starts_at, value.ends_at, reason))
    return value


def end_absence(tx: Tx, person: Person, absence_id: str) -> Absence:
    """Back before the time. Only who was away ends it. Raises UnknownAbsence, ImpossibleAbsence."""
    found = find_absence(tx, absence_id)
    now = time_text(tx.now)
    if found.person != person.id:
        raise _impossible(f"{absence_id} is another's absence", "Only who is away ends it.")
    if found.ended_at is not None or found.ends_at <= now:
        raise _impossible(f"{absence_id} has ended already", "Nothing is left to do.")
    where = (absence.c.tenant == tx.tenant, absence.c.id == absence_id)
    tx.connection.execute(absence.update().where(*where), {"ended_at": now})
    tx.add(AbsenceEnded(absence_id, found.person, found.stand_in))
    return find_absence(tx, absence_id)


def find_absence(tx: Tx, absence_id: str) -> Absence:
    """Raises UnknownAbsence."""
    query = select(absence).where(absence.c.tenant == tx.tenant, absence.c.id == absence_id)
    row = tx.row(query)
    if row is None:
        raise UnknownAbsence(
            f"there is no absence {absence_id[:60]!r}",
            remedy=Remedy("List them.", command="stella away list"),
            absence=absence_id[:60],
        )
    return _absence(row)


def list_absences(tx: Tx, *, after: str | None = None, limit: int = 100) -> tuple[Absence, ...]:
    """The newest first; ``after`` is the last id of the page before."""
    query = select(absence).where(absence.c.tenant == tx.tenant)
    if after is not None:
        query = query.where(absence.c.id < after)
    return tuple(_absence(row) for row in tx.rows(query.order_by(absence.c.id.desc()).limit(limit)))


def spoken_for_by(tx: Tx, stand_in: str) -> tuple[Person, ...]:
    """For whom this user may speak now, as they are now; who is no longer let in has no voice."""
    query = select(absence).where(absence.c.tenant == tx.tenant, absence.c.stand_in == stand_in)
    now = time_text(tx.now)
    held = [one for one in map(_absence, tx.rows(query.order_by(absence.c.id))) if one.holds(now)]
    people = present(tx, {one.person for one in held})
    found = [people.get(one) for one in dict.fromkeys(one.person for one in held)]
    return tuple(
        Person(one.id, one.name, tuple(role.value for role in one.roles)) for one in found if one
    )


def absences_at(tx: Tx, person: str, stand_in: str, at: str) -> tuple[Absence, ...]:
    """Those by which ``stand_in`` could speak for ``person`` at that time."""
    query = select(absence).where(
        absence.c.tenant == tx.tenant, absence.c.person == person, absence.c.stand_in == stand_in
    )
    found = map(_absence, tx.rows(query.order_by(absence.c.id)))
    return tuple(one for one in found if one.holds(at))


def _count_open(tx: Tx, person: str) -> int:
    query = select(func.count()).select_from(absence)
    row = tx.row(
        query.where(
            absence.c.tenant == tx.tenant,
            absence.c.person == person,
            absence.c.ended_at.is_(None),
            absence.c.ends_at > time_text(tx.now),
        )
    )
    assert row is not None, "a count is always a row"
    return int(next(iter(row.values())))


def _absence(row: Any) -> Absence:
    return Absence(**fields_of(row))


def _impossible(why: str, advice: str) -> ImpossibleAbsence:
    return ImpossibleAbsence(why, remedy=Remedy(advice))
