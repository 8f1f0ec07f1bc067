"""Ask for a run, ask for its end, or run again what did not succeed."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from stella.kernel import Json, Remedy, digest_of, time_text
from stella.record.transaction import Tx
from stella.workflow.definition.check import faults_of
from stella.workflow.definition.graph import ancestors
from stella.workflow.definition.kinds import APPROVAL, MANUAL_INPUT, Kinds, StepKind
from stella.workflow.definition.model import Workflow
from stella.workflow.definition.read import malformed
from stella.workflow.errors import MalformedWorkflow, NotAskedNow, UnknownRun
from stella.workflow.run.advance import advance, begin_run, close_run, hold_group, make_nodes
from stella.workflow.run.facts import RunCancelAsked, RunRequested
from stella.workflow.run.lifecycle import RUN, NodeState, RunState
from stella.workflow.run.model import DEPTH_MAX, UNDO, Node, Run
from stella.workflow.run.model import RUN as DONE
from stella.workflow.run.moves import CANCELLED, ERRORED
from stella.workflow.run.store import (
    find_node,
    find_run,
    find_workflow,
    insert_run,
    list_nodes,
    open_runs,
    update_run,
)
from stella.workflow.run.values import data_of, filled_inputs, rendered

REASON_CHARACTERS_MAX = 1000
_WORDS_OF_PEOPLE = frozenset({APPROVAL.name, MANUAL_INPUT.name})


def request_run(
    tx: Tx,
    kinds: Kinds,
    name: str,
    inputs: Mapping[str, Json],
    *,
    version: int | None = None,
    parent: Node | None = None,
    depth: int = 0,
    by: str | None = None,
    roles: tuple[str, ...] = (),
    trigger: str = "",
    follows: Mapping[str, int] | None = None,
) -> Run:
    """Ask for a run of a workflow; it begins at once, or when its group lets it.

    kinds: the types of steps there are now, which the run goes on with. parent: the node of another
    run that waits for it. by: for whom, where that is not who asks; roles: theirs, of which its steps
    have no more. trigger: the name of the one that asks;
    follows: workflow -> the version for which rights were lent to it, also of those that runs start.

    Raises UnknownWorkflow, ImpossibleInputs, MalformedWorkflow where a type of step is gone or changed
    so that the workflow cannot run any more.
    """
    workflow, number = _runnable(tx, kinds, name, version)
    filled = filled_inputs(workflow, inputs)
    if depth > DEPTH_MAX:
        raise MalformedWorkflow(
            f"the workflow {name[:80]!r} would be run by a run of a run, more than {DEPTH_MAX} deep",
            remedy=Remedy("Let workflows not start each other in a circle."),
            workflow=name[:80],
        )
    run = replace(
        _made(tx, kinds, workflow, name, number),
        inputs=filled,
        by=by or tx.actor,
        roles=roles,
        trigger=trigger,
        follows=dict(follows or {}),
        parent=parent.id if parent else "",
        depth=depth,
    )
    run = replace(run, group=_group(workflow, run, _groups_above(tx, parent)))
    return _start(tx, run)


def cancel_run(tx: Tx, run_id: str, reason: str) -> Run:
    """Nothing new begins in it; what runs may end, then it is taken back what says so.

    Twice is once. Raises UnknownRun, NotAskedNow where it has ended.
    """
    run = find_run(tx, run_id, lock=True)
    if run.cancel_asked_at is not None and run.state is RunState.RUNNING:
        return advance(tx, run.id)
    if run.state not in {RunState.QUEUED, RunState.RUNNING}:
        raise NotAskedNow(
            f"the run is {run.state.value} already",
            remedy=Remedy("See how it went.", f"stella run show {run.id}"),
            run=run.id,
            state=run.state.value,
        )
    asked = replace(run, cancel_asked_at=time_text(tx.now), message=reason[:REASON_CHARACTERS_MAX])
    tx.add(RunCancelAsked(run.id, run.workflow, asked.message))
    return give_up(tx, asked)


def give_up(tx: Tx, run: Run) -> Run:
    """Its end was asked for: by a person, or by the clock (then it has a code)."""
    update_run(tx, run)
    for child in _children(tx, run):
        if child.cancel_asked_at is None:
            give_up(tx, replace(child, cancel_asked_at=time_text(tx.now), message=run.message))
    if run.state is RunState.QUEUED:
        # One of its group runs still: nobody's turn comes by this.
        return close_run(tx, run, ERRORED if run.code else CANCELLED)
    return advance(tx, run.id)


def run_again(
    tx: Tx, kinds: Kinds, run_id: str, *, roles: tuple[str, ...], since: str | None = None
) -> Run:
    """A new run with the same inputs, by the same version, that keeps what went well before.

    roles: of who asks. since: a step from which everything is done anew; None: what did not succeed, and
    what follows it.
    Raises UnknownRun, NotAskedNow where the run has not ended, or went well and no step is named.
    """
    before = find_run(tx, run_id)
    if not RUN.is_final(before.state) or (before.state is RunState.SUCCEEDED and since is None):
        raise NotAskedNow(
            f"the run is {before.state.value}",
            remedy=Remedy(
                "Name a step to begin from, of a run that has ended.",
                "stella run retry RUN --from STEP",
            ),
            run=before.id,
            state=before.state.value,
        )
    workflow, _ = _runnable(tx, kinds, before.workflow, before.version)
    if since is not None and since not in workflow.steps:
        raise UnknownRun(
            f"the run has no step {since[:60]!r}",
            remedy=Remedy("See its steps.", f"stella run show {before.id}"),
            run=before.id,
            step=since[:60],
        )
    run = replace(
        _made(tx, kinds, workflow, before.workflow, before.version),
        inputs=before.inputs,
        roles=roles,
        again=before.id,
    )
    run = replace(run, group=_group(workflow, run, frozenset()))
    kept = _kept(workflow, list_nodes(tx, before.id), since)
    return _start(tx, run, kept)


def _start(tx: Tx, run: Run, kept: tuple[Node, ...] = ()) -> Run:
    insert_run(tx, run)
    tx.add(
        RunRequested(
            run.id,
            run.workflow,
            run.version,
            run.digest,
            digest_of(run.inputs).text,
            run.parent,
            run.trigger,
        )
    )
    make_nodes(tx, run, kept)
    if run.group:
        hold_group(tx, run.group)
    is_alone = not run.group or {one.id for one in open_runs(tx, group=run.group)} == {run.id}
    return begin_run(tx, run) if is_alone else run


def _runnable(tx: Tx, kinds: Kinds, name: str, version: int | None) -> tuple[Workflow, int]:
    """That version, or the one that new runs follow, of a workflow that has not ended.

    Raises UnknownWorkflow, MalformedWorkflow where it cannot run with the types that there are now.
    """
    number, workflow = find_workflow(tx, name)
    if version is not None:
        number, workflow = find_workflow(tx, name, version)
    faults = tuple(faults_of(workflow, kinds))
    if faults:
        raise malformed(name, faults)
    return workflow, number


def _made(tx: Tx, kinds: Kinds, workflow: Workflow, name: str, version: int) -> Run:
    """A new run of it, by who asks, without inputs and without a group."""
    return Run(
        id=tx.new_id("run"),
        workflow=name,
        version=version,
        digest=workflow.digest.text,
        state=RUN.start,
        inputs={},
        by=tx.actor,
        at=time_text(tx.now),
        deadline_at=time_text(tx.now + timedelta(seconds=workflow.timeout_s)),
        pins=_pins(workflow, kinds),
    )


def _pins(workflow: Workflow, kinds: Kinds) -> dict[str, Any]:
    used = sorted({step.uses for step in workflow.all_steps.values()})
    return {name: _pin(kinds[name]) for name in used}


def _pin(kind: StepKind) -> dict[str, Any]:
    return {**asdict(kind), "way": kind.way.value, "description": ""}


def _groups_above(tx: Tx, parent: Node | None) -> frozenset[str]:
    """The groups of the runs that wait for this one: their turn is its own."""
    found = set()
    while parent is not None:
        run = find_run(tx, parent.run)
        found.add(run.group)
        parent = find_node(tx, run.parent) if run.parent else None
    return frozenset(found)


def _group(workflow: Workflow, run: Run, above: frozenset[str]) -> str:
    if workflow.concurrency is None:
        return ""
    group = str(rendered(workflow.concurrency.group, data_of(run, ())))[:200]
    return "" if group in above else group


def _children(tx: Tx, run: Run) -> list[Run]:
    """The runs that nodes of it wait for."""
    waiting = [
        one.waits_for.removeprefix("run:")
        for one in list_nodes(tx, run.id)
        if one.state is NodeState.WAITING and one.waits_for.startswith("run:")
    ]
    found = [find_run(tx, one, lock=True) for one in waiting]
    return [one for one in found if one.state in {RunState.QUEUED, RunState.RUNNING}]


def _kept(workflow: Workflow, nodes: tuple[Node, ...], since: str | None) -> tuple[Node, ...]:
    """The nodes of steps that are not done again."""
    well = {NodeState.SUCCEEDED, NodeState.SKIPPED}
    anew = {since} if since is not None else set()
    # What was taken back is there no more, and a person's word was for the run that asked for it.
    anew |= {one.step for one in nodes if one.purpose == UNDO}
    anew |= {name for name, step in workflow.steps.items() if step.uses in _WORDS_OF_PEOPLE}
    anew |= {
        one.step
        for one in nodes
        if one.section == "steps" and one.purpose == DONE and one.state not in well
    }
    anew |= {name for name in workflow.steps if anew & ancestors(workflow.steps, name)}
    return tuple(
        one
        for one in nodes
        if one.section == "steps" and one.purpose == DONE and one.step not in anew
    )
