"""Make, change and end triggers."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from stella.kernel import Json, Remedy, digest_of, time_text
from stella.kernel.change import Change, changed
from stella.record.owners import forget_owner
from stella.record.transaction import Tx
from stella.workflow.definition.check import Fault, faults_of
from stella.workflow.definition.kinds import Kinds
from stella.workflow.definition.model import Workflow
from stella.workflow.errors import WorkflowInUse
from stella.workflow.run.apply import apply_workflow, delete_workflow, why_busy
from stella.workflow.run.apply import naming as workflows_naming
from stella.workflow.run.store import find_workflow, hold_workflow, list_workflows
from stella.workflow.trigger.facts import TriggerApplied, TriggerDeleted
from stella.workflow.trigger.lend import faults_of_lending, is_person, lent_by, reached
from stella.workflow.trigger.model import KIND, Events, KnownTrigger
from stella.workflow.trigger.read import faults_of_trigger, malformed, parse_trigger
from stella.workflow.trigger.schedule import next_after
from stella.workflow.trigger.store import drop_trigger, find_trigger, list_triggers, put_trigger


def apply_trigger(
    tx: Tx, name: str, spec: Mapping[str, Json], *, events: Events, roles: frozenset[str]
) -> Change:
    """Make or change a trigger. Whoever applies it lends it these roles with that; a repository or a
    job, whose rights end with it, lends none: somebody does afterwards.

    Raises MalformedTrigger with every fault.
    """
    value = parse_trigger(name, spec)
    before = {one.name: one for one in list_triggers(tx)}.get(name)
    change = changed(KIND, name, before.trigger.spec() if before else None, value.spec())
    if change.change == "unchanged":
        return change
    faults = tuple(faults_of_trigger(value, events, _workflow(tx, value.workflow)))
    if faults:
        raise malformed(name, faults)
    made = timed(tx, KnownTrigger(name, value, tx.actor, (), ""), before)
    # For a workflow that changed since rights were lent, somebody looks first.
    is_seen = before is None or before.trigger.workflow != value.workflow or _is_as_lent(tx, before)
    put_trigger(tx, lent_by(tx, made, roles) if is_person(tx) and is_seen else made)
    tx.add(TriggerApplied(name, change.change, digest_of(value.spec()).text))
    return change


def apply_lent_workflow(
    tx: Tx, name: str, spec: Mapping[str, Json], *, kinds: Kinds, roles: frozenset[str]
) -> Change:
    """As ``apply_workflow``. Whoever changes what their own rights were lent for lends them anew with
    that, where they ask with as many. Raises MalformedWorkflow.
    """
    mine = [one for one in list_triggers(tx) if one.by == tx.actor and roles.issuperset(one.roles)]
    valid = [one.name for one in mine if is_person(tx) and not any(faults_of_lending(tx, one))]
    change = apply_workflow(tx, name, spec, kinds)
    for one in valid if change.change != "unchanged" else ():
        known = find_trigger(tx, one, lock=True)
        put_trigger(tx, lent_by(tx, known, frozenset(known.roles)))
    return change


def _is_as_lent(tx: Tx, known: KnownTrigger) -> bool:
    """Whether the workflows that it comes to are those that rights were lent for, if they were."""
    return not known.roles or all(
        known.lent.get(one.name) == one.digest for one in reached(tx, known)
    )


def timed(tx: Tx, known: KnownTrigger, before: KnownTrigger | None) -> KnownTrigger:
    """As it stands once it is applied: changed now, with the next time of its schedule. One that has
    come and was not answered yet stays.
    """
    schedule, now = known.trigger.on.schedule, time_text(tx.now)
    was_on = before is not None and before.trigger.enabled and known.trigger.enabled
    if before is not None and was_on and before.trigger.on.schedule == schedule:
        return replace(known, changed_at=now, next_at=before.next_at, set_at=before.set_at)
    found = next_after(schedule, tx.now) if schedule and known.trigger.enabled else None
    return replace(
        known,
        changed_at=now,
        next_at=time_text(found) if found else None,
        set_at=now if found else None,
    )


def delete_trigger(tx: Tx, name: str) -> None:
    """It starts no more runs. Raises UnknownTrigger."""
    find_trigger(tx, name)
    drop_trigger(tx, name)
    forget_owner(tx, KIND, name)
    tx.add(TriggerDeleted(name))


def trigger_faults(tx: Tx, known: KnownTrigger, events: Events, kinds: Kinds) -> tuple[Fault, ...]:
    """What keeps it from starting runs now: its workflow may have changed since it was applied."""
    trigger = known.trigger
    workflow = _workflow(tx, trigger.workflow)
    faults = [*faults_of_trigger(trigger, events, workflow), *faults_of_lending(tx, known)]
    if workflow is not None and any(faults_of(workflow, kinds)):
        faults.append(Fault("workflow", f"{trigger.workflow} cannot run any more"))
    return tuple(faults)


def naming_workflow(tx: Tx, name: str) -> Iterator[str]:
    """What starts runs of a workflow."""
    yield from (f"Workflow {one} starts it" for one in workflows_naming(tx, name))
    for one in list_triggers(tx):
        if one.trigger.workflow == name:
            yield f"Trigger {one.name} starts it"


def delete_unused_workflow(tx: Tx, name: str) -> None:
    """End a workflow. Raises UnknownWorkflow, WorkflowInUse with every reason."""
    find_workflow(tx, name)
    hold_workflow(tx, name)
    reasons = [*naming_workflow(tx, name), *why_busy(tx, name)]
    if reasons:
        raise WorkflowInUse(
            f"the workflow {name} is in use: {'; '.join(reasons[:5])}",
            remedy=Remedy("End those first.", "stella run list --workflow NAME"),
            workflow=name,
            reasons=reasons[:20],
        )
    delete_workflow(tx, name)


def trigger_specs(tx: Tx) -> dict[str, Mapping[str, Json]]:
    """All of them, as documents have them."""
    return {one.name: one.trigger.spec() for one in list_triggers(tx)}


def _workflow(tx: Tx, name: str) -> Workflow | None:
    return find_workflow(tx, name)[1] if name in list_workflows(tx) else None
