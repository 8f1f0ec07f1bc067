"""The steps of a deployment: whose turn it is, how one began, how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from stella.deployment.facts import StepEnded, StepReady, StepStarted
from stella.deployment.lifecycle import STEP_RUN, DeploymentState, StepEvent, StepState
from stella.deployment.plan import DeploymentPlan, PlannedStep
from stella.deployment.step_store import StepRun, find_step, insert_step, list_steps, update_step
from stella.deployment.store import Deployment, find_deployment
from stella.kernel import digest_of, time_text
from stella.plugin.contract.step import StepCall, StepResult
from stella.promotion.close import Ending
from stella.record.transaction import Tx

BEFORE, AFTER = "before", "after"
RUN, UNDO = "run", "undo"
# A server that ends meanwhile is no fault of the step; one that always ends by it is.
_CUT_OFF_MAX = 3
_WHILE = {RUN: DeploymentState.RUNNING, UNDO: DeploymentState.UNDOING}
_EVENTS = {
    Ending.SUCCEEDED: StepEvent.PASS,
    Ending.FAILED: StepEvent.FAIL,
    Ending.ERRORED: StepEvent.BREAK,
}


@dataclass(frozen=True, slots=True)
class StepEnding:
    """How an attempt ended. code, message: why it did not pass; summary, outputs: where it did."""

    ending: Ending
    code: str = ""
    message: str = ""
    summary: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    retry_may_help: bool = False


class CallStep(Protocol):
    """Calls a step of a deployment or a run, or takes back what it did.

    roles: of who started the run, for the integrations that it uses; None where the server does.
    limit_s: how long it is waited for, where that is less than its plugin's own limit.
    """

    def __call__(
        self,
        planned: PlannedStep,
        call: StepCall,
        *,
        undo: bool = False,
        roles: frozenset[str] | None = None,
        limit_s: float | None = None,
    ) -> StepResult:
        """Raises StepFailed, and what else a step refuses with."""
        ...


def make_steps(tx: Tx, deployment: str, plan: DeploymentPlan) -> None:
    """A row for each step of the plan; none has its turn yet."""
    for position, one in enumerate(plan.steps):
        insert_step(
            tx,
            StepRun(
                id=tx.new_id("stp"),
                deployment=deployment,
                position=position,
                phase=one.phase,
                name=one.name,
                step=one.step,
                plugin=one.plugin,
                version=one.version,
                inputs=digest_of(one.inputs).text,
                attempts_max=one.attempts_max,
                state=STEP_RUN.start,
            ),
        )


def next_step(tx: Tx, deployment: Deployment, phase: str, purpose: str = RUN) -> bool:
    """Give the first step of the phase that is still queued its turn; whether there was one."""
    for one in list_steps(tx, deployment.id):
        is_meant = (one.phase, one.purpose) == (phase, purpose)
        if is_meant and one.state is StepState.QUEUED:
            tx.add(StepReady(one.id, deployment.id, one.name, one.phase, one.purpose))
            return True
    return False


def make_undoing(tx: Tx, deployment: Deployment) -> tuple[str, ...]:
    """A row to take back each step that began, the last one first; their names.

    Also one that did not pass: what it did before that is a part of what it would have done.
    """
    taken = list_steps(tx, deployment.id)
    begun = [one for one in reversed(taken) if one.attempts and one.purpose == RUN]
    for number, one in enumerate(begun):
        insert_step(
            tx,
            StepRun(
                id=tx.new_id("stp"),
                deployment=deployment.id,
                position=len(taken) + number,
                phase=one.phase,
                name=one.name,
                step=one.step,
                plugin=one.plugin,
                version=one.version,
                inputs=one.inputs,
                attempts_max=one.attempts_max,
                state=STEP_RUN.start,
                purpose=UNDO,
            ),
        )
    return tuple(one.name for one in begun)


def cancel_steps(tx: Tx, deployment: Deployment) -> None:
    """Those whose turn has not come never get it."""
    for one in list_steps(tx, deployment.id):
        if one.state is StepState.QUEUED:
            update_step(tx, replace(one, state=STEP_RUN.next(one.state, StepEvent.CANCEL)))


def is_worn_out(step: StepRun) -> bool:
    """Whether too many attempts of it began and were never heard of again."""
    return step.attempts >= step.attempts_max + _CUT_OFF_MAX


def begin_step(tx: Tx, step_id: str) -> StepRun | None:
    """Another attempt begins: the step as it is then. None where it has ended, or never comes.

    One that was running already was cut off: by its key, what it did is not done twice.
    """
    deployment = find_deployment(tx, find_step(tx, step_id).deployment, lock=True)
    found = find_step(tx, step_id)
    if deployment.state is not _WHILE[found.purpose] or STEP_RUN.is_final(found.state):
        return None
    is_first = found.state is StepState.QUEUED
    begun = replace(
        found,
        state=STEP_RUN.next(found.state, StepEvent.BEGIN) if is_first else found.state,
        attempts=found.attempts + 1,
        started_at=found.started_at or time_text(tx.now),
    )
    update_step(tx, begun)
    if is_first:
        tx.add(
            StepStarted(
                begun.id,
                begun.deployment,
                begun.name,
                begun.plugin,
                begun.version,
                begun.inputs,
                begun.purpose,
            )
        )
    return begun


def note_trouble(tx: Tx, step_id: str, code: str, message: str) -> None:
    """The last attempt errored, and there will be another."""
    found = find_step(tx, step_id)
    if found.state is StepState.RUNNING:
        update_step(tx, replace(found, code=code, message=message))


def end_step(tx: Tx, step_id: str, how: StepEnding) -> StepRun | None:
    """It has ended so; None where it had ended already."""
    found = find_step(tx, step_id)
    if STEP_RUN.is_final(found.state):
        return None
    is_passed = how.ending is Ending.SUCCEEDED
    ended = replace(
        found,
        state=STEP_RUN.next(found.state, _EVENTS[how.ending]),
        ended_at=time_text(tx.now),
        code=None if is_passed else how.code or None,
        message=None if is_passed else how.message or None,
        summary=how.summary or None,
        outputs=dict(how.outputs),
    )
    update_step(tx, ended)
    environment = find_deployment(tx, ended.deployment).environment
    tx.add(
        StepEnded(
            ended.id,
            ended.deployment,
            environment,
            ended.name,
            ended.phase,
            ended.state.value,
            ended.attempts,
            ended.code or "",
            ended.message or "",
            ended.purpose,
        )
    )
    return ended
