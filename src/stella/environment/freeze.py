"""Freeze an environment for a time, and end that early."""

from datetime import datetime

from stella.environment.errors import ImpossibleFreeze
from stella.environment.facts import FreezeBegun, FreezeEnded
from stella.environment.model import Freeze
from stella.environment.store import (
    end_freeze_row,
    find_environment,
    find_freeze,
    insert_freeze,
    keep_environment,
    list_freezes,
)
from stella.kernel import Remedy, time_text
from stella.record.transaction import Tx


def begin_freeze(
    tx: Tx, environment: str, *, ends_at: datetime, reason: str, starts_at: datetime | None = None
) -> Freeze:
    """Freeze from ``starts_at`` (now where None) until ``ends_at``.

    Raises UnknownEnvironment, ImpossibleFreeze.
    """
    keep_environment(tx, environment)  # or it could be ended at this moment
    find_environment(tx, environment)
    begins = starts_at or tx.now
    if ends_at <= max(begins, tx.now):
        raise ImpossibleFreeze(
            f"a freeze from {time_text(begins)} cannot end at {time_text(ends_at)}",
            remedy=Remedy("Give an end that lies after its start and after now."),
        )
    value = Freeze(
        tx.new_id("frz"), environment, time_text(begins), time_text(ends_at), reason, tx.actor
    )
    insert_freeze(tx, value)
    tx.add(FreezeBegun(value.id, environment, value.starts_at, value.ends_at, reason))
    return value


def end_freeze(tx: Tx, freeze_id: str, reason: str) -> Freeze:
    """End a freeze before its time. Raises UnknownFreeze, ImpossibleFreeze."""
    value = find_freeze(tx, freeze_id)
    now = time_text(tx.now)
    if value.ended_at is not None or value.ends_at <= now:
        raise ImpossibleFreeze(
            f"the freeze {freeze_id} has ended already",
            remedy=Remedy("Nothing is left to do.", command="stella freeze list"),
            freeze=freeze_id,
        )
    end_freeze_row(tx, freeze_id, now)
    tx.add(FreezeEnded(freeze_id, value.environment, reason))
    return find_freeze(tx, freeze_id)


def holding_freezes(tx: Tx, environment: str, at: str | None = None) -> tuple[Freeze, ...]:
    """The windows that hold now, or held at the time ``at``; the one that ends last first."""
    moment = at or time_text(tx.now)
    held = [one for one in list_freezes(tx, environment) if one.holds(moment)]
    return tuple(sorted(held, key=lambda one: one.ends_at, reverse=True))
