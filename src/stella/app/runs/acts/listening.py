"""Steps that wait for something to happen: what triggers hear of, and what webhooks bring, signed."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from stella.app.carrying import Work
from stella.app.runs.acts.act import MESSAGE_MAX, OUT, Act, Found, Inputs
from stella.app.runs.events import EVENTS, FROM_WEBHOOKS, happened, told
from stella.hub.deliveries import deliveries_since
from stella.identity import Permission
from stella.kernel import Json, Remedy, parse_time
from stella.kernel.names import nearest
from stella.record import Tx, facts_since
from stella.record.errors import DatabaseUnusable
from stella.workflow.definition.kinds import StepKind, Way, object_schema
from stella.workflow.definition.model import DAY_S
from stella.workflow.errors import ImpossibleInputs
from stella.workflow.run.lifecycle import NodeState
from stella.workflow.run.model import Node, NodeEnding, Run
from stella.workflow.run.nodes import end_node, look_later
from stella.workflow.run.store import find_run, nodes_waiting_for
from stella.workflow.shapes import shape_of_value
from stella.workflow.trigger.fire import values_of
from stella.workflow.trigger.model import COMMON, Happened

WAITED = "event:"
_PAGE, _PAGES_MAX = 200, 50

_log = logging.getLogger("stella.runs")


def _listen(tx: Tx, work: Work, run: Run, inputs: Inputs, prepared: Any) -> Found:
    """Whatever happened since the run was asked for counts: a build may end before its turn comes."""
    del work, prepared
    _refuse_strange(inputs)
    found = _since(tx, inputs, run)
    return f"{WAITED}{inputs['event']}" if found is None else _heard(found)


def hear(tx: Tx, event: Happened) -> None:
    """Something happened: what waits for it goes on. One that cannot holds up no other."""
    what = f"{WAITED}{event.type}"
    for node in nodes_waiting_for(tx, what):
        if not is_meant(node.inputs or {}, event) or find_run(tx, node.run).at > event.at:
            continue
        try:
            with tx.part():
                end_node(tx, node.id, _heard(event), waited_for=what)
        except DatabaseUnusable:
            raise
        except Exception:  # noqa: BLE001 - it is one step's trouble, not the others'
            _log.exception("%s could not go on", node.id)


def listen_again(tx: Tx, node: Node) -> None:
    """Look once more for what happened while a step began to wait, and that neither of the two saw."""
    found = _since(tx, node.inputs or {}, find_run(tx, node.run))
    if found is not None:
        end_node(tx, node.id, _heard(found), waited_for=node.waits_for)
    else:
        look_later(tx, node.id, node.deadline_at)


def is_meant(inputs: Mapping[str, Any], event: Happened) -> bool:
    """Whether every field that the step names has the value that it names."""
    values = values_of(event)
    return all(
        type(values.get(name)) is type(value) and values[name] == value
        for name, value in inputs.get("match", {}).items()
    )


def _refuse_strange(inputs: Inputs) -> None:
    """Return where the event can have each value that is asked for. Raises ImpossibleInputs."""
    fields = {**COMMON, **EVENTS[str(inputs["event"])].fields}
    for name, value in inputs.get("match", {}).items():
        known, shape = fields.get(name), shape_of_value(value)
        if known is None or not known.takes(shape):
            what = (
                f"no field {name[:60]!r}{nearest(name, fields)}" if known is None else f"a {known}"
            )
            raise ImpossibleInputs(
                f"match.{name[:60]}: {inputs['event']} has {what}, and this is a {shape}",
                remedy=Remedy("See its fields.", "stella trigger events"),
                event=str(inputs["event"]),
            )


def _since(tx: Tx, inputs: Mapping[str, Any], run: Run) -> Happened | None:
    """What is meant and has happened since the run was asked for."""
    kind = str(inputs["event"])
    events = _told_since(tx, kind, run.at) if kind in FROM_WEBHOOKS else _facts_since(tx, kind, run)
    return next((one for one in events if is_meant(inputs, one)), None)


def _facts_since(tx: Tx, kind: str, run: Run) -> Iterator[Happened]:
    before: str | None = None
    for _ in range(_PAGES_MAX):
        facts = facts_since(tx, kind, parse_time(run.at), before=before, limit=_PAGE)
        yield from (happened(tx, one) for one in facts)
        if len(facts) < _PAGE:
            return
        before = facts[-1].id


def _told_since(tx: Tx, kind: str, at: str) -> Iterator[Happened]:
    before: str | None = None
    for _ in range(_PAGES_MAX):
        deliveries = deliveries_since(tx, at, before=before, limit=_PAGE)
        yield from (one for delivery in deliveries for one in told(delivery) if one.type == kind)
        if len(deliveries) < _PAGE:
            return
        before = deliveries[-1].id


def _heard(event: Happened) -> NodeEnding:
    outputs: dict[str, Json] = {"subject": event.subject, "fields": values_of(event)}
    summary = f"{event.type}: {event.subject}"[:MESSAGE_MAX]
    return NodeEnding(NodeState.SUCCEEDED, summary=summary, outputs=outputs)


LISTENING: Mapping[str, Act] = {
    "wait-event": Act(
        StepKind(
            "wait-event",
            Way.ACT,
            "Wait for an event",
            "Waits until something happens: a build's end that a webhook tells of, a push, a promotion.",
            object_schema(
                ("event",),
                event={"enum": sorted(EVENTS)},
                match={
                    "type": "object",
                    "additionalProperties": {"type": ["string", "integer", "boolean"]},
                    "maxProperties": 20,
                    "description": "Fields of the event and their values; all of them are asked.",
                },
            ),
            object_schema((), subject=OUT, fields={"type": "object", "additionalProperties": True}),
            timeout_s=7 * DAY_S,
        ),
        Permission.WORKFLOW_RUN,
        _listen,
    ),
}
"""Step type -> how it is done."""
