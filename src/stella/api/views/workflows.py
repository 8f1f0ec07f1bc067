"""Workflows, the types of their steps, and their runs."""

from collections.abc import Sequence
from typing import Any

from stella.api.views.base import PersonView, View
from stella.api.views.looking import Looking
from stella.record.owners import owner_of
from stella.workflow.definition.check import Fault
from stella.workflow.definition.graph import in_order
from stella.workflow.definition.kinds import StepKind
from stella.workflow.definition.model import KIND, Workflow
from stella.workflow.rehearse import Rehearsal
from stella.workflow.run.decide import Speaker, actions_for, why_not
from stella.workflow.run.lifecycle import RUN, RunState
from stella.workflow.run.model import SINGLE, Node, Run
from stella.workflow.run.store import (
    find_workflow,
    list_nodes,
    list_runs,
    list_versions,
    workflow_of_run,
)


class StepKindView(View):
    """A type of steps. way: how one is done. input_schema: forms are drawn from it.

    comes_with: the plugin that brings it; empty where it is the server's own.
    """

    name: str
    title: str
    description: str
    way: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    can_undo: bool
    attempts_max: int
    timeout_s: int
    comes_with: str


class FaultView(View):
    """What keeps a workflow from running. place: where in the document; empty for all of it."""

    place: str
    words: str


class CheckedView(View):
    """What was found. faults: none where it can run. order: its steps, each after those it needs."""

    faults: list[FaultView]
    order: list[str]


class WorkflowVersionView(View):
    """One version, which stays as it is. digest: of its specification."""

    version: int
    digest: str
    by: PersonView
    at: str


class WorkflowView(View):
    """A workflow. spec: of that version. last_run: the newest one, null where it never ran.

    faults: why new runs of it are refused: a type of step that is gone, or is another now.
    """

    name: str
    version: int
    digest: str
    description: str
    spec: dict[str, Any]
    versions: list[WorkflowVersionView]
    faults: list[FaultView]
    last_run: "RunLineView | None"
    owner: str | None


class RunLineView(View):
    """A run in a list. waits: how many of its steps wait for a person."""

    id: str
    workflow: str
    version: int
    state: str
    by: PersonView
    at: str
    started_at: str | None
    ended_at: str | None
    code: str
    message: str
    waits: int


class AskedView(View):
    """What a step asks a person for. why_not: why whoever looks may not answer; null where they may.

    form: JSON Schema of the answer; empty where it is no form.
    """

    actions: list[str]
    message: str
    by: list[str]
    form: dict[str, Any]
    why_not: str | None
    claimed_by: PersonView | None


class NodeView(View):
    """A step in a run. key: as it is named within it, ``deploy[3]`` for the fourth of its items.

    waits_for: what ends its waiting, ``promotion:prm_...``; look_at: when it is looked at again.
    """

    key: str
    step: str
    uses: str
    section: str
    item: int | None
    item_value: Any
    purpose: str
    state: str
    needs: list[str]
    attempts: int
    inputs: dict[str, Any] | None
    outputs: dict[str, Any]
    summary: str
    code: str
    message: str
    waits_for: str
    look_at: str | None
    deadline_at: str | None
    started_at: str | None
    ended_at: str | None
    asked: AskedView | None


class RunView(View):
    """A run of a workflow. verdict: how it will end; empty while its steps are not done.

    again: the run before, of which it keeps what went well. parent: the step of a run that waits for it.
    trigger: which asked for it, where nobody did.
    """

    id: str
    workflow: str
    version: int
    digest: str
    state: str
    verdict: str
    is_over: bool
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    by: PersonView
    at: str
    deadline_at: str
    started_at: str | None
    ended_at: str | None
    cancel_asked_at: str | None
    code: str
    message: str
    group: str
    again: str
    parent: str
    trigger: str
    nodes: list[NodeView]


class RunPlanView(View):
    """What a run would do. inputs: with defaults. steps: in an order in which they may come."""

    workflow: str
    version: int
    digest: str
    inputs: dict[str, Any]
    steps: list[str]
    finally_: list[str]


class RehearsalEventView(View):
    """A step came to another state. after_s: seconds since the run was asked for."""

    after_s: int
    key: str
    state: str
    words: str


class RehearsedStepView(View):
    """How a step stood at the end."""

    key: str
    state: str
    attempts: int
    inputs: dict[str, Any] | None
    outputs: dict[str, Any]
    message: str


class RehearsalView(View):
    """How a run would go. waits: the steps that wait for somebody of whom the script says nothing."""

    state: str
    code: str
    message: str
    outputs: dict[str, Any]
    took_s: int
    waits: list[str]
    events: list[RehearsalEventView]
    steps: list[RehearsedStepView]


def rehearsal_view(found: Rehearsal) -> RehearsalView:
    """How a run would go."""
    return RehearsalView(
        state=found.run.state.value,
        code=found.run.code,
        message=found.run.message,
        outputs=dict(found.run.outputs),
        took_s=found.events[-1].after_s if found.events else 0,
        waits=[*found.waits],
        events=[
            RehearsalEventView(after_s=one.after_s, key=one.key, state=one.state, words=one.words)
            for one in found.events
        ],
        steps=[
            RehearsedStepView(
                key=one.key,
                state=one.state.value,
                attempts=one.attempts,
                inputs=None if one.inputs is None else dict(one.inputs),
                outputs=dict(one.outputs),
                message=one.message,
            )
            for one in found.nodes
        ],
    )


def kind_view(one: StepKind) -> StepKindView:
    """A type of steps."""
    return StepKindView(
        name=one.name,
        title=one.title or one.name,
        description=one.description,
        way=one.way.value,
        input_schema=dict(one.input_schema),
        output_schema=dict(one.output_schema),
        can_undo=one.can_undo,
        attempts_max=one.attempts_max,
        timeout_s=one.timeout_s,
        comes_with=one.comes_with,
    )


def fault_views(faults: Sequence[Fault]) -> list[FaultView]:
    """What keeps a workflow from running."""
    return [FaultView(place=one.place, words=one.words) for one in faults]


def checked_view(workflow: Workflow | None, faults: Sequence[Fault]) -> CheckedView:
    """What was found of a workflow."""
    order = [] if workflow is None or faults else [*in_order(workflow.steps)]
    return CheckedView(faults=fault_views(faults), order=order)


def workflow_view(
    looking: Looking, name: str, faults: Sequence[Fault], version: int | None = None
) -> WorkflowView:
    """A workflow in that version, or the one that new runs follow. Raises UnknownWorkflow."""
    tx = looking.tx
    number, workflow = find_workflow(tx, name, version)
    last = list_runs(tx, of=name, limit=1)
    return WorkflowView(
        name=name,
        version=number,
        digest=workflow.digest.text,
        description=workflow.description,
        spec=workflow.spec(),
        versions=[
            WorkflowVersionView(
                version=row["version"],
                digest=row["digest"],
                by=looking.person_view(row["by"]),
                at=row["at"],
            )
            for row in list_versions(tx, name)
        ],
        faults=fault_views(faults),
        last_run=line_view(looking, last[0]) if last else None,
        owner=owner_of(tx, KIND, name),
    )


def line_view(looking: Looking, run: Run) -> RunLineView:
    """A run in a list."""
    waits = 0
    if run.state is RunState.RUNNING:
        nodes = list_nodes(looking.tx, run.id)
        waits = sum(one.waits_for == "person:" or one.state.value == "asking" for one in nodes)
    return RunLineView(
        id=run.id,
        workflow=run.workflow,
        version=run.version,
        state=run.state.value,
        by=looking.person_view(run.by),
        at=run.at,
        started_at=run.started_at,
        ended_at=run.ended_at,
        code=run.code,
        message=run.message,
        waits=waits,
    )


def run_view(looking: Looking, run: Run) -> RunView:
    """A run and its steps."""
    workflow = workflow_of_run(looking.tx, run)
    who = speaker_of(looking)
    return RunView(
        id=run.id,
        workflow=run.workflow,
        version=run.version,
        digest=run.digest,
        state=run.state.value,
        verdict=run.verdict,
        is_over=RUN.is_final(run.state),
        inputs=dict(run.inputs),
        outputs=dict(run.outputs),
        by=looking.person_view(run.by),
        at=run.at,
        deadline_at=run.deadline_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
        cancel_asked_at=run.cancel_asked_at,
        code=run.code,
        message=run.message,
        group=run.group,
        again=run.again,
        parent=run.parent,
        trigger=run.trigger,
        nodes=[
            _node_view(looking, run, workflow, one, who) for one in list_nodes(looking.tx, run.id)
        ],
    )


def plan_view(name: str, number: int, workflow: Workflow, inputs: dict[str, Any]) -> RunPlanView:
    """What a run would do."""
    return RunPlanView(
        workflow=name,
        version=number,
        digest=workflow.digest.text,
        inputs=inputs,
        steps=[*in_order(workflow.steps)],
        finally_=[*in_order(workflow.finally_)],
    )


def speaker_of(looking: Looking) -> Speaker:
    """Who looks, as runs ask for people."""
    return Speaker(looking.person.id, looking.person.name, frozenset(looking.person.roles))


def _node_view(
    looking: Looking, run: Run, workflow: Workflow, node: Node, who: Speaker
) -> NodeView:
    step = workflow.all_steps[node.step]
    actions = actions_for(run, node, step.uses, required=step.required)
    asked = None
    if actions:
        inputs = node.inputs or {}
        is_failure = node.state.value == "asking"
        asked = AskedView(
            actions=[*actions],
            message=node.message if is_failure else str(inputs.get("message", "")),
            by=[*(step.ask.by if step.ask else ("operator",))] if is_failure else inputs["by"],
            form=dict(inputs.get("form", {})) if actions == ("answer",) else {},
            why_not=why_not(run, node, step.uses, step.ask, who),
            claimed_by=looking.person_view(node.claimed_by) if node.claimed_by else None,
        )
    return NodeView(
        key=node.key,
        step=node.step,
        uses=step.uses,
        section=node.section,
        item=None if node.item == SINGLE else node.item,
        item_value=node.item_value,
        purpose=node.purpose,
        state=node.state.value,
        needs=[*step.needs],
        attempts=node.attempts,
        inputs=None if node.inputs is None else dict(node.inputs),
        outputs=dict(node.outputs),
        summary="" if asked and node.state.value == "asking" else node.summary,
        code=node.code,
        message=node.message,
        waits_for=node.waits_for,
        look_at=node.look_at,
        deadline_at=node.deadline_at,
        started_at=node.started_at,
        ended_at=node.ended_at,
        asked=asked,
    )
