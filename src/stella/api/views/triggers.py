"""Triggers, what they can hear of, and what became of what they heard."""

from collections.abc import Iterator
from typing import Any

from stella.api.views.base import PersonView, View
from stella.api.views.looking import Looking
from stella.api.views.workflows import FaultView, fault_views
from stella.record.owners import owner_of
from stella.workflow.definition.check import Fault
from stella.workflow.run.store import version_row
from stella.workflow.trigger.fire import Answer
from stella.workflow.trigger.lend import reached, seen_digest
from stella.workflow.trigger.model import COMMON, KIND, EventType, Firing, KnownTrigger


class FiringView(View):
    """An event that a trigger answered. outcome: started, refused or missed. run: which was started.

    code, message: why none was.
    """

    id: str
    trigger: str
    event: str
    key: str
    subject: str
    at: str
    outcome: str
    run: str
    code: str
    message: str


class ReachedView(View):
    """A workflow that runs of a trigger come to, as it stands. is_lent: whether rights were lent for that.

    by, at: who wrote it, and when.
    """

    name: str
    version: int
    digest: str
    is_lent: bool
    by: PersonView
    at: str


class TriggerView(View):
    """A trigger. digest: of it and of the workflows that its runs come to: what rights are lent for.
    by: with whose rights they go. next_at: its schedule's next time, null for none.

    faults: what keeps it from starting runs now. held_back: events that came when it had started as
    many runs within an hour as it may; held_back_at: the last of them.
    """

    name: str
    description: str
    workflow: str
    event: str
    schedule: str
    timezone: str
    enabled: bool
    spec: dict[str, Any]
    digest: str
    by: PersonView
    changed_at: str
    next_at: str | None
    held_back: int
    held_back_at: str | None
    faults: list[FaultView]
    reached: list[ReachedView]
    last: FiringView | None
    owner: str | None


class EventTypeView(View):
    """Something that triggers can hear of. fields: ``event.NAME`` -> what it is."""

    name: str
    words: str
    fields: dict[str, str]


class TriedView(View):
    """What a trigger would do about an event. inputs: of the run, where its condition holds."""

    holds: bool
    inputs: dict[str, Any]


def firing_view(one: Firing) -> FiringView:
    """An event that a trigger answered."""
    return FiringView(
        id=one.id,
        trigger=one.trigger,
        event=one.event,
        key=one.key,
        subject=one.subject,
        at=one.at,
        outcome=one.outcome.value,
        run=one.run,
        code=one.code,
        message=one.message,
    )


def trigger_view(
    looking: Looking, known: KnownTrigger, faults: tuple[Fault, ...], last: Firing | None
) -> TriggerView:
    """A trigger, and what became of the event that it answered last."""
    trigger = known.trigger
    schedule = trigger.on.schedule
    return TriggerView(
        name=known.name,
        description=trigger.description,
        workflow=trigger.workflow,
        event=trigger.on.event,
        schedule=schedule.cron if schedule else "",
        timezone=schedule.timezone if schedule else "",
        enabled=trigger.enabled,
        spec=trigger.spec(),
        digest=seen_digest(looking.tx, known),
        by=looking.person_view(known.by),
        changed_at=known.changed_at,
        next_at=known.next_at,
        held_back=known.held_back,
        held_back_at=known.held_back_at,
        faults=fault_views(faults),
        reached=[*_reached(looking, known)],
        last=firing_view(last) if last else None,
        owner=owner_of(looking.tx, KIND, known.name),
    )


def _reached(looking: Looking, known: KnownTrigger) -> Iterator[ReachedView]:
    for one in reached(looking.tx, known):
        row = version_row(looking.tx, one.name, one.version) if one.digest else None
        if row is not None:
            yield ReachedView(
                name=one.name,
                version=one.version,
                digest=one.digest,
                is_lent=known.lent.get(one.name) == one.digest,
                by=looking.person_view(row["by"]),
                at=row["at"],
            )


def event_view(one: EventType) -> EventTypeView:
    """Something that triggers can hear of."""
    fields = {**COMMON, **one.fields}
    return EventTypeView(
        name=one.name, words=one.words, fields={name: str(shape) for name, shape in fields.items()}
    )


def tried_view(found: Answer) -> TriedView:
    """What a trigger would do."""
    return TriedView(holds=found.holds, inputs=dict(found.inputs))
