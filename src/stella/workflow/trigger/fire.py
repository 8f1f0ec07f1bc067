"""An event meets the triggers that hear of it; a schedule's time comes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from stella.kernel import Json, Remedy, StellaError, parse_time, time_text
from stella.record.transaction import Tx
from stella.workflow.definition.kinds import Kinds
from stella.workflow.errors import TriggerLoops, UnknownTrigger
from stella.workflow.run.model import Run
from stella.workflow.run.request import request_run
from stella.workflow.run.store import find_node, find_run
from stella.workflow.run.values import holds, rendered
from stella.workflow.trigger.facts import TriggerFired, TriggerMissed, TriggerRefused
from stella.workflow.trigger.lend import lent_versions
from stella.workflow.trigger.model import (
    SCHEDULE,
    Firing,
    Happened,
    KnownTrigger,
    Missed,
    Outcome,
    Schedule,
    Trigger,
)
from stella.workflow.trigger.schedule import GRACE, last_until, next_after
from stella.workflow.trigger.store import (
    answered_since,
    find_trigger,
    has_fired,
    insert_firing,
    put_trigger,
)

MESSAGE_MAX = 1000
_HOUR = timedelta(hours=1)

Allowed: TypeAlias = Callable[[Tx, KnownTrigger], tuple[str, ...]]
"""The roles with which a trigger's runs may go now. Raises a refusal where there are none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a trigger would do about an event. inputs: of the run, where ``holds``."""

    holds: bool
    inputs: Mapping[str, Any]


def answer(trigger: Trigger, event: Happened) -> Answer:
    """Pure. Raises ExpressionFailed."""
    data = {"event": values_of(event)}
    if trigger.condition is not None and not holds(trigger.condition, data):
        return Answer(holds=False, inputs={})
    return Answer(holds=True, inputs=rendered(trigger.inputs, data))


def values_of(event: Happened) -> dict[str, Json]:
    """An event as expressions see it."""
    return {"kind": event.type, "subject": event.subject, "actor": "", "cause": "", **event.data}


def fire(tx: Tx, kinds: Kinds, name: str, event: Happened, allowed: Allowed) -> Firing | None:
    """Start the run that an event asks for; None where it asks for none, or was answered before.

    What cannot be started leaves nothing but the word that it could not.
    """
    try:
        known = find_trigger(tx, name, lock=True)
    except UnknownTrigger:
        return None  # it was ended just now
    if not known.trigger.enabled or has_fired(tx, name, event.key):
        return None
    try:
        found = answer(known.trigger, event)
        if not found.holds:
            return None
        if _is_too_much(tx, known):
            now = time_text(tx.now)
            put_trigger(tx, replace(known, held_back=known.held_back + 1, held_back_at=now))
            return None
        with tx.part():
            run = _start(tx, kinds, known, (event, found.inputs), allowed)
    except StellaError as refusal:
        return None if _is_too_much(tx, known) else _refused(tx, known, event, refusal)
    made = replace(_firing(tx, known, event, Outcome.STARTED), run=run.id)
    insert_firing(tx, made)
    tx.add(TriggerFired(name, event.type, event.key, run.workflow, run.id))
    return made


def come_due(tx: Tx, kinds: Kinds, name: str, allowed: Allowed) -> Firing | None:
    """A scheduled time has come, or the clock went back; its next time is worked out."""
    known = find_trigger(tx, name, lock=True)
    schedule, due = known.trigger.on.schedule, known.next_at
    if schedule is None or due is None or not known.trigger.enabled:
        return None
    is_due = parse_time(due) <= tx.now
    last = last_until(schedule, tx.now, parse_time(due)) if is_due else None
    _set_next(tx, known, schedule)
    if last is None:
        return None  # the clock was ahead when its next time was worked out
    late = tx.now - last
    if late > GRACE and schedule.missed is Missed.SKIP:
        return _missed(tx, known, last)
    data: dict[str, Json] = {"at": time_text(last), "late_s": int(late.total_seconds())}
    event = Happened(SCHEDULE.name, time_text(last), data=data)
    return fire(tx, kinds, name, event, allowed)


def _set_next(tx: Tx, known: KnownTrigger, schedule: Schedule) -> None:
    found = next_after(schedule, tx.now)
    next_at, now = time_text(found) if found else None, time_text(tx.now)
    put_trigger(tx, replace(known, next_at=next_at, set_at=now if found else None))


def _missed(tx: Tx, known: KnownTrigger, last: datetime) -> Firing | None:
    event = Happened(SCHEDULE.name, time_text(last))
    if has_fired(tx, known.name, event.key):
        return None
    made = replace(
        _firing(tx, known, event, Outcome.MISSED),
        message=f"the server did not run at {time_text(last)}",
    )
    insert_firing(tx, made)
    tx.add(TriggerMissed(known.name, time_text(last)))
    return made


def _is_too_much(tx: Tx, known: KnownTrigger) -> bool:
    since = time_text(tx.now - _HOUR)
    return answered_since(tx, known.name, since) >= known.trigger.per_hour


def _start(
    tx: Tx,
    kinds: Kinds,
    known: KnownTrigger,
    asked: tuple[Happened, Mapping[str, Json]],
    allowed: Allowed,
) -> Run:
    event, inputs = asked
    depth = _depth(tx, known, event)
    versions = lent_versions(tx, known)
    roles = allowed(tx, known)
    return request_run(
        tx,
        kinds,
        known.trigger.workflow,
        inputs,
        version=versions.get(known.trigger.workflow),
        depth=depth,
        by=known.by,
        roles=roles,
        trigger=known.name,
        follows=versions,
    )


def _depth(tx: Tx, known: KnownTrigger, event: Happened) -> int:
    """How many runs are behind the one to come. Raises TriggerLoops where this trigger, or its workflow,
    is among them.
    """
    behind = [*_runs_behind(tx, event.run)]
    for run in behind:
        if run.trigger == known.name or run.workflow == known.trigger.workflow:
            raise TriggerLoops(
                f"{known.name} would run {known.trigger.workflow} because of what {run.id} did,"
                f" a run of {run.workflow}",
                remedy=Remedy("Let steps that come again stand in the workflow itself."),
                trigger=known.name,
                run=run.id,
            )
    return behind[0].depth + 1 if behind else 0


def _runs_behind(tx: Tx, run_id: str) -> Iterator[Run]:
    """The run that an event follows from, and those that wait for it."""
    while run_id:
        run = find_run(tx, run_id)
        yield run
        run_id = find_node(tx, run.parent).run if run.parent else ""


def _refused(tx: Tx, known: KnownTrigger, event: Happened, refusal: StellaError) -> Firing:
    message = refusal.told[:MESSAGE_MAX]
    made = replace(_firing(tx, known, event, Outcome.REFUSED), code=refusal.code, message=message)
    insert_firing(tx, made)
    tx.add(TriggerRefused(known.name, event.type, event.key, refusal.code, message))
    return made


def _firing(tx: Tx, known: KnownTrigger, event: Happened, outcome: Outcome) -> Firing:
    return Firing(
        id=tx.new_id("fir"),
        trigger=known.name,
        key=event.key,
        event=event.type,
        subject=event.subject[:200],
        at=time_text(tx.now),
        outcome=outcome,
    )
