"""Declarative document -> a trigger. What is wrong is said all at once, with its place."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import msgspec

from stella.kernel import Json, NotCanonical, Remedy, digest_of
from stella.kernel.names import BAD_NAME, NAME, nearest
from stella.workflow.definition.check import Fault, Reader
from stella.workflow.definition.model import Workflow
from stella.workflow.definition.read import faults_against
from stella.workflow.errors import MalformedTrigger
from stella.workflow.expressions import Scope
from stella.workflow.shapes import BOOL
from stella.workflow.trigger.model import (
    PER_HOUR_MAX,
    SCHEDULE,
    Events,
    On,
    Schedule,
    Trigger,
    names_of_event,
)
from stella.workflow.trigger.schedule import faults_of_schedule

_KEYS = tuple(name for form in (Trigger, On, Schedule) for name in form.__struct_encode_fields__)


def parse_trigger(name: str, spec: Mapping[str, Json]) -> Trigger:
    """Its form alone. Raises MalformedTrigger."""
    if not NAME.match(name):
        raise malformed(name, (Fault("name", BAD_NAME),))
    try:
        digest_of(spec)
    except NotCanonical as error:
        raise malformed(name, (Fault("", str(error)),)) from None
    faults = tuple(faults_against(Trigger, spec, "", _KEYS))
    if faults:
        raise malformed(name, faults)
    return msgspec.convert(spec, type=Trigger)


def faults_of_trigger(
    trigger: Trigger, events: Events, workflow: Workflow | None
) -> Iterator[Fault]:
    """Everything that keeps it from starting runs. workflow: the one that it names; None: there is none."""
    if trigger.per_hour not in range(1, PER_HOUR_MAX + 1):
        yield Fault("perHour", f"it is from 1 to {PER_HOUR_MAX}")
    found = events.get(trigger.on.event)
    if (trigger.on.schedule is None) == (not trigger.on.event):
        yield Fault("on", "it has either event or schedule")
    elif trigger.on.schedule is not None:
        found = SCHEDULE
        for place, words in faults_of_schedule(trigger.on.schedule):
            yield Fault(f"on.schedule.{place}", words)
    elif found is None:
        near = nearest(trigger.on.event, events)
        yield Fault("on.event", f"there is no {trigger.on.event[:60]!r}{near}")
    if workflow is None:
        yield Fault("workflow", f"there is no workflow {trigger.workflow[:80]!r}")
    if found is None:
        return  # what its expressions may use is not known
    reader = Reader(Scope(names_of_event(found)))
    if trigger.condition is not None:
        yield from reader.expects("if", trigger.condition, BOOL, is_expression=True)
    schema = workflow.input_schema if workflow is not None else {}
    yield from reader.faults_of_inputs("with", trigger.inputs, schema)


def malformed(name: str, faults: tuple[Fault, ...]) -> MalformedTrigger:
    """The refusal of a trigger with these faults."""
    words = "; ".join(f"{one.place}: {one.words}" if one.place else one.words for one in faults[:5])
    return MalformedTrigger(
        f"the trigger {name[:80]!r} cannot start runs: {words}",
        remedy=Remedy("Correct what is named.", "stella trigger events"),
        trigger=name[:80],
        faults=[asdict(one) for one in faults],
    )


def trigger_of(spec: Any) -> Trigger:
    """A specification that was checked before."""
    return msgspec.convert(spec, type=Trigger)
