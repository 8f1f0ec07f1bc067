"""Workflows as documents: each change is a version of its own, and what runs follow stays as it was."""

from collections.abc import Iterable, Mapping

from stella.kernel import Json
from stella.kernel.change import Change, changed
from stella.record.owners import forget_owner
from stella.record.transaction import Tx
from stella.workflow.definition.kinds import SUB_WORKFLOW, Kinds
from stella.workflow.definition.model import KIND
from stella.workflow.definition.read import read_workflow
from stella.workflow.run.facts import WorkflowApplied, WorkflowDeleted
from stella.workflow.run.store import (
    drop_workflow,
    find_workflow,
    hold_workflow,
    list_workflows,
    open_runs,
    put_version,
)


def apply_workflow(tx: Tx, name: str, spec: Mapping[str, Json], kinds: Kinds) -> Change:
    """Make a workflow, or its next version. Raises MalformedWorkflow with every fault."""
    value = read_workflow(name, spec, kinds)
    hold_workflow(tx, name)
    before = find_workflow(tx, name)[1].spec() if name in list_workflows(tx) else None
    change = changed(KIND, name, before, value.spec())
    if change.change != "unchanged":
        number = put_version(tx, name, value)
        tx.add(WorkflowApplied(name, change.change, number, value.digest.text))
    return change


def delete_workflow(tx: Tx, name: str) -> None:
    """No new run of it begins; who may be asked is asked before."""
    find_workflow(tx, name)
    drop_workflow(tx, name)
    forget_owner(tx, KIND, name)
    tx.add(WorkflowDeleted(name))


def why_busy(tx: Tx, name: str) -> Iterable[str]:
    """Why it cannot end: runs of it that have not."""
    return [f"{one.id} is {one.state.value}" for one in open_runs(tx, of=name)]


def naming(tx: Tx, name: str) -> Iterable[str]:
    """The workflows that start it."""
    return [
        other
        for other, number in list_workflows(tx).items()
        if other != name
        and any(
            step.uses == SUB_WORKFLOW.name and step.inputs.get("workflow") == name
            for step in find_workflow(tx, other, number)[1].all_steps.values()
        )
    ]


def specs(tx: Tx) -> dict[str, Mapping[str, Json]]:
    """All of them, as documents have them."""
    return {
        name: find_workflow(tx, name, number)[1].spec()
        for name, number in list_workflows(tx).items()
    }


def workflows_using(tx: Tx, step_types: frozenset[str]) -> list[str]:
    """The workflows of which new runs would have a step of one of these types."""
    return [
        name
        for name, number in list_workflows(tx).items()
        if any(
            step.uses in step_types
            for step in find_workflow(tx, name, number)[1].all_steps.values()
        )
    ]


def runs_pinning(tx: Tx, plugin: str, version: str | None = None) -> list[str]:
    """The runs that have not ended and go on with that plugin (in that version)."""
    return [
        run.id
        for run in open_runs(tx)
        if any(
            pin["pin"].get("plugin") == plugin and version in {None, pin["pin"].get("version")}
            for pin in run.pins.values()
        )
    ]
