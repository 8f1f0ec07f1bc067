"""Steps that tell somebody something, by an integration of the kind notifier: mail, chat, a ticket."""

from collections.abc import Mapping
from typing import Any

from stella.app.carrying import Work
from stella.app.credentials import refuse_use
from stella.app.runs.acts.act import MESSAGE_MAX, OUT, TEXT, Act, Found, Inputs, roles_left
from stella.hub.errors import UnknownIntegration
from stella.hub.model import NO_ENVIRONMENT
from stella.hub.store import find_integration
from stella.identity import Permission
from stella.kernel import Json, Remedy
from stella.notify.model import MessageState
from stella.notify.queue import queue_word
from stella.notify.store import find_message
from stella.notify.told import Told
from stella.plugin.contract.core import Kind
from stella.plugin.contract.notifier import Severity
from stella.record import Tx
from stella.workflow.definition.kinds import StepKind, Way, object_schema
from stella.workflow.definition.model import DAY_S
from stella.workflow.errors import WaitedForFailed
from stella.workflow.run.lifecycle import NodeState
from stella.workflow.run.model import NodeEnding, Run


def _notify(tx: Tx, work: Work, run: Run, inputs: Inputs, prepared: Any) -> Found:
    del prepared
    name = str(inputs["integration"])
    found = find_integration(tx, name).integration
    if found.kind is not Kind.NOTIFIER:
        raise UnknownIntegration(
            f"the integration {name[:80]!r} is no notifier, but a {found.kind.value}",
            remedy=Remedy("Name one that is.", "stella integration list"),
            integration=name[:80],
        )
    refuse_use(found, roles_left(tx, run.by, run.roles), NO_ENVIRONMENT)
    told = Told(
        title=str(inputs["title"]),
        severity=Severity(str(inputs.get("severity", Severity.INFO.value))),
        fields={str(key): str(value) for key, value in inputs.get("fields", {}).items()},
        text=str(inputs.get("text", "")),
        path=f"/runs/{run.id}",
    )
    made = queue_word(
        tx, told, work.url, integration=name, by=f"run:{run.workflow}", subject=run.id
    )
    return f"message:{made.id}"


def how_message_stands(tx: Tx, subject: str) -> NodeEnding | None:
    """What became of a message; None while it is tried."""
    found = find_message(tx, subject)
    if found.state is MessageState.WAITING:
        return None
    if found.state is MessageState.SENT:
        outputs: dict[str, Json] = {"reference": found.reference, "url": found.url}
        summary = f"{found.integration} has it"
        return NodeEnding(NodeState.SUCCEEDED, summary=summary, outputs=outputs)
    message = f"{found.integration} did not take it: {found.detail}"
    return NodeEnding(NodeState.ERRORED, WaitedForFailed.code, message[:MESSAGE_MAX])


TELLING: Mapping[str, Act] = {
    "notify": Act(
        StepKind(
            "notify",
            Way.ACT,
            "Notify",
            "Tells somebody by an integration: mail, chat, or a ticket; waits until that has taken it.",
            object_schema(
                ("integration", "title"),
                integration=TEXT,
                title={"type": "string", "minLength": 1, "maxLength": 200},
                text={"type": "string", "maxLength": 4000},
                severity={"enum": [one.value for one in Severity]},
                fields={
                    "type": "object",
                    "additionalProperties": {"type": "string", "maxLength": 400},
                    "maxProperties": 20,
                },
            ),
            object_schema((), reference=OUT, url=OUT),
            timeout_s=DAY_S,
        ),
        Permission.WORKFLOW_RUN,
        _notify,
    ),
}
"""Step type -> how it is done."""
