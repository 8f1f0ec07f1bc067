"""Types of steps, as the engine knows them: what goes in, what comes out, and how one is done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from stella.kernel import Json
from stella.workflow.definition.model import DAY_S, HOUR_S


class Way(StrEnum):
    """How a step of a type is done."""

    CALL = "call"  # by a plugin, outside of any transaction
    ACT = "act"  # by a use case of this server, in a transaction of its own
    WAIT = "wait"  # until a time
    ASK = "ask"  # until somebody answers
    CHILD = "child"  # by a run of another workflow


@dataclass(frozen=True, slots=True)
class StepKind:
    """A type of steps. input_schema, output_schema: JSON Schema, of objects.

    pin: who brings it and in which version; a run goes on with that, whatever is used later.
    attempts_max: as often as its plugin lets a call be tried where the step itself does not say.
    can_undo: whether what it did can be taken back. timeout_s: where the step itself does not say.
    """

    name: str
    way: Way
    title: str = ""
    description: str = ""
    input_schema: Mapping[str, Any] = field(default_factory=dict)
    output_schema: Mapping[str, Any] = field(default_factory=dict)
    pin: Mapping[str, Json] = field(default_factory=dict)
    attempts_max: int = 1
    can_undo: bool = False
    timeout_s: int = HOUR_S
    comes_with: str = ""


Kinds: TypeAlias = Mapping[str, StepKind]
"""The types of steps there are, by name."""


def object_schema(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    """JSON Schema of an object with these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_TEXT = {"type": "string", "maxLength": 4000}
_WHO = {
    "type": "array",
    "items": {"type": "string", "minLength": 1, "maxLength": 80},
    "minItems": 1,
    "maxItems": 50,
    "description": "Roles, and names of users.",
}

WAIT = StepKind(
    "wait",
    Way.WAIT,
    "Wait",
    "Waits so many seconds, or until a time. It costs nothing meanwhile, and outlives restarts.",
    object_schema(
        seconds={"type": "integer", "minimum": 1, "maximum": 30 * 86_400},
        until={"type": "string", "description": "RFC 3339, in UTC."},
    ),
    object_schema(until={"type": "string"}),
    timeout_s=31 * DAY_S,
)
APPROVAL = StepKind(
    "approval",
    Way.ASK,
    "Approval",
    "Waits until somebody approves or rejects; never whoever started the run, unless that is said.",
    object_schema(
        ("by",),
        by=_WHO,
        message=_TEXT,
        mayBeRequester={"type": "boolean", "default": False},
    ),
    object_schema(by={"type": "string"}, at={"type": "string"}, comment={"type": "string"}),
    timeout_s=7 * DAY_S,
)
MANUAL_INPUT = StepKind(
    "manual-input",
    Way.ASK,
    "Manual input",
    "Waits until somebody fills in a form, a JSON Schema of an object.",
    object_schema(
        ("by", "form"),
        by=_WHO,
        message=_TEXT,
        form={"type": "object", "required": ["properties"]},
    ),
    {"type": "object"},
    timeout_s=7 * DAY_S,
)
SUB_WORKFLOW = StepKind(
    "workflow",
    Way.CHILD,
    "Workflow",
    "Runs another workflow, and waits for its end.",
    object_schema(
        ("workflow",),
        workflow={"type": "string", "minLength": 1, "maxLength": 80},
        inputs={"type": "object"},
    ),
    object_schema(run={"type": "string"}, outputs={"type": "object"}),
    timeout_s=7 * DAY_S,
)
NATIVE: Mapping[str, StepKind] = {
    one.name: one for one in (WAIT, APPROVAL, MANUAL_INPUT, SUB_WORKFLOW)
}
"""The types that the engine does by itself."""
