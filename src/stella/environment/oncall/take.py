"""Somebody takes a shift in the place of others, and gives it back: beside the document."""

from datetime import datetime, timedelta

from stella.environment.errors import ImpossibleShift, ShiftNotYours
from stella.environment.facts import ShiftTaken
from stella.environment.oncall.document import OVERRIDE_MAX
from stella.environment.oncall.store import (
    TakenShift,
    end_shift_row,
    find_schedule,
    find_shift,
    insert_shift,
    keep_schedule,
    standing_shifts,
)
from stella.identity import user_by_name
from stella.kernel import Remedy, time_text
from stella.record.transaction import Tx

AHEAD_MAX = timedelta(days=731)
_STANDING_MAX = 200
_REASON_CHARACTERS_MAX = 1000


def take_shift(
    tx: Tx,
    asker: str,
    schedule: str,
    *,
    person: str,
    ends_at: datetime,
    starts_at: datetime | None = None,
    reason: str = "",
    is_free: bool = False,
) -> TakenShift:
    """``person`` is on call by ``schedule`` from ``starts_at`` (now where None) until ``ends_at``.

    asker, person: names. is_free: who asks may change schedules; others take shifts where they take
    turns themselves, and for people who do.
    Raises UnknownSchedule, NoSuchUser, ShiftNotYours, ImpossibleShift.
    """
    # It is held, or two that are asked for at once would both be the last one.
    keep_schedule(tx, schedule, lock=True)
    found = find_schedule(tx, schedule)
    user_by_name(tx, person)
    strangers = [one for one in dict.fromkeys((asker, person)) if one not in found.people]
    if strangers and not is_free:
        raise ShiftNotYours(
            f"{' and '.join(strangers)} {'take' if len(strangers) > 1 else 'takes'} no turns in"
            f" the on-call schedule {schedule}",
            remedy=Remedy("Ask somebody who takes turns in it, or who may change it."),
            schedule=schedule,
            people=list(found.people),
        )
    begins = starts_at or tx.now
    if begins < tx.now:
        raise _impossible("a shift that begins before now", "Give a start from now on.")
    if begins > tx.now + AHEAD_MAX:
        raise _impossible(
            f"a shift that begins at {time_text(begins)}",
            f"Give a start within {AHEAD_MAX.days} days.",
        )
    if not begins < ends_at <= begins + OVERRIDE_MAX:
        raise _impossible(
            f"a shift from {time_text(begins)} cannot end at {time_text(ends_at)}",
            f"Give an end after its start, and within {OVERRIDE_MAX.days} days.",
        )
    if len(reason) > _REASON_CHARACTERS_MAX:
        raise _impossible(
            f"its reason has more than {_REASON_CHARACTERS_MAX} characters", "Say it shorter."
        )
    if len(standing_shifts(tx, schedule)) >= _STANDING_MAX:
        raise _impossible(
            f"{_STANDING_MAX} shifts of {schedule} are taken already", "Give one back first."
        )
    now = time_text(tx.now)
    value = TakenShift(
        tx.new_id("shf"),
        schedule,
        person,
        time_text(begins),
        time_text(ends_at),
        reason,
        tx.actor,
        now,
    )
    insert_shift(tx, value)
    tx.add(ShiftTaken(schedule, value.id, person, value.starts_at, value.ends_at, reason))
    return value


def return_shift(tx: Tx, asker: str, shift_id: str, *, is_free: bool = False) -> TakenShift:
    """It counts no more from now on. asker: a name; is_free: as above.

    Raises UnknownShift, ShiftNotYours, ImpossibleShift.
    """
    found = find_shift(tx, shift_id)
    keep_schedule(tx, found.schedule, lock=True)
    found = find_shift(tx, shift_id)
    if found.ended_at is not None or found.ends_at <= time_text(tx.now):
        raise _impossible(f"{shift_id} is over already", "Nothing is left to do.")
    people = find_schedule(tx, found.schedule).people
    if not is_free and asker != found.person and asker not in people:
        raise ShiftNotYours(
            f"{asker} takes no turns in the on-call schedule {found.schedule}",
            remedy=Remedy("Ask somebody who takes turns in it, or who may change it."),
            schedule=found.schedule,
            people=list(people),
        )
    end_shift_row(tx, found)
    return find_shift(tx, shift_id)


def _impossible(why: str, advice: str) -> ImpossibleShift:
    return ImpossibleShift(why, remedy=Remedy(advice))
