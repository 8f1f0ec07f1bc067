"""Steps that wait for something to happen: what triggers hear of, and what webhooks bring, signed."""

from collections.abc import Iterator, Mapping
from typing import Any

from stella.app.carrying import Work
from stella.app.runs.acts.act import MESSAGE_MAX, OUT, Act, Found, Inputs
from stella.app.runs.events import EVENTS, FROM_WEBHOOKS, happened, told
from stella.hub.deliveries import deliveries_since
from stella.identity import Permission
from stella.kernel import Json, parse_time
from stella.record import Tx, facts_since
from stella.workflow.definition.kinds import StepKind, Way, object_schema
from stella.workflow.definition.model import DAY_S
from stella.workflow.run.lifecycle import NodeState
from stella.workflow.run.model import NodeEnding, Run
from stella.workflow.run.nodes import end_node
from stella.workflow.run.store import find_run, new_nodes_waiting_for, nodes_waiting_for
from stella.workflow.trigger.fire import values_of
from stella.workflow.trigger.model import Happened

WAITED = "event:"
_LOOKED_AT_MAX = 500


def _listen(tx: Tx, work: Work, run: Run, inputs: Inputs, prepared: Any) -> Found:
    """Whatever happened since the run was asked for counts: a build may end before its turn comes."""
    del work, prepared
    for event in _since(tx, str(inputs["event"]), run):
        if is_meant(inputs, event):
            return _heard(event)
    return f"{WAITED}{inputs['event']}"


def hear(tx: Tx, event: Happened) -> None:
    """Something happened: what waits for it goes on."""
    what = f"{WAITED}{event.type}"
    for node in nodes_waiting_for(tx, what):
        if is_meant(node.inputs or {}, event):
            end_node(tx, node.id, _heard(event), waited_for=what)


def hear_again(tx: Tx) -> None:
    """Look once more for what happened while a step began to wait, and that neither of the two saw."""
    for node in new_nodes_waiting_for(tx, WAITED):
        run = find_run(tx, node.run)
        for event in _since(tx, node.waits_for.removeprefix(WAITED), run):
            if is_meant(node.inputs or {}, event):
                end_node(tx, node.id, _heard(event), waited_for=node.waits_for)
                break


def is_meant(inputs: Mapping[str, Any], event: Happened) -> bool:
    """Whether every field that the step names has the value that it names."""
    values = values_of(event)
    return all(values.get(name) == value for name, value in inputs.get("match", {}).items())


def _since(tx: Tx, kind: str, run: Run) -> Iterator[Happened]:
    if kind in FROM_WEBHOOKS:
        for delivery in deliveries_since(tx, run.at, _LOOKED_AT_MAX):
            yield from (one for one in told(delivery) if one.type == kind)
        return
    for fact in facts_since(tx, kind, parse_time(run.at), limit=_LOOKED_AT_MAX):
        yield happened(tx, fact)


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
