"""A target or a step has ended: the next one's turn, the whole's end, or the way back."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from stella.deployment.facts import (
    DeploymentErrored,
    DeploymentFailed,
    DeploymentSucceeded,
    DeploymentUndoing,
    TargetDeployed,
)
from stella.deployment.lifecycle import (
    DEPLOYMENT,
    TARGET_DEPLOYMENT,
    DeploymentEvent,
    DeploymentState,
    StepState,
    TargetEvent,
    TargetState,
)
from stella.deployment.step_store import find_step, list_steps
from stella.deployment.steps import (
    AFTER,
    BEFORE,
    UNDO,
    StepEnding,
    cancel_steps,
    end_step,
    make_undoing,
    next_step,
)
from stella.deployment.store import (
    Deployment,
    TargetDeployment,
    find_deployment,
    find_target,
    insert_target,
    list_target_deployments,
    update_deployment,
    update_target,
)
from stella.deployment.turns import end_target, next_target
from stella.kernel import time_text
from stella.promotion.close import Ending
from stella.record.transaction import Tx

_ENDED: dict[
    DeploymentEvent, type[DeploymentSucceeded] | type[DeploymentFailed] | type[DeploymentErrored]
] = {
    DeploymentEvent.SUCCEED: DeploymentSucceeded,
    DeploymentEvent.FAIL: DeploymentFailed,
    DeploymentEvent.BREAK: DeploymentErrored,
}


def go_on(tx: Tx, deployment: Deployment) -> Deployment:
    """The next turn of a deployment in which nothing has gone wrong: the steps before, the targets,
    the steps after; or its end.
    """
    if next_step(tx, deployment, BEFORE) or next_target(tx, deployment.id):
        return deployment
    return deployment if next_step(tx, deployment, AFTER) else _close(tx, deployment)


def finish_step(tx: Tx, step_id: str, how: StepEnding) -> Deployment:
    """A step has ended so; what follows for the deployment. A second call changes nothing.

    One that did not pass ends the deployment as a target that failed does: nothing that is still to
    come happens, what steps did is taken back, and targets go back to what ran before. One that
    cannot be taken back hinders no other.
    """
    deployment = find_deployment(tx, find_step(tx, step_id).deployment, lock=True)
    if end_step(tx, step_id, how) is None:
        return deployment
    if deployment.state is DeploymentState.UNDOING:
        return _go_back(tx, deployment)
    return go_on(tx, deployment) if how.ending is Ending.SUCCEEDED else _turn_back(tx, deployment)


def order_target(tx: Tx, target_deployment_id: str, order: str, project: str) -> None:
    """Its order, of that project, is with the agent. A second call changes nothing."""
    found = find_target(tx, target_deployment_id)
    if found.state is TargetState.READY:
        state = TARGET_DEPLOYMENT.next(found.state, TargetEvent.ORDER)
        update_target(tx, replace(found, state=state, order=order, project=project))


def take_target(tx: Tx, target_deployment_id: str) -> None:
    """The agent has begun. News that comes late changes nothing."""
    found = find_target(tx, target_deployment_id)
    if found.state is TargetState.ORDERED:
        state = TARGET_DEPLOYMENT.next(found.state, TargetEvent.TAKE)
        update_target(tx, replace(found, state=state, started_at=time_text(tx.now)))


def finish_target(
    tx: Tx,
    target_deployment_id: str,
    ending: Ending,
    *,
    code: str = "",
    message: str = "",
    running: Sequence[dict[str, Any]] = (),
) -> Deployment:
    """A target has ended so; what follows for the deployment. A second call changes nothing."""
    deployment_id = find_target(tx, target_deployment_id).deployment
    deployment = find_deployment(tx, deployment_id, lock=True)
    found = find_target(tx, target_deployment_id)
    if TARGET_DEPLOYMENT.is_final(found.state):
        return deployment
    place = deployment.environment
    ended = end_target(tx, found, place, ending, code=code, message=message, running=running)
    if ending is Ending.SUCCEEDED:
        tx.add(TargetDeployed(ended.id, deployment.id, place, ended.target, ended.purpose))
    if deployment.state is DeploymentState.UNDOING:
        return _go_back(tx, deployment)
    return go_on(tx, deployment) if ending is Ending.SUCCEEDED else _turn_back(tx, deployment)


def _turn_back(tx: Tx, deployment: Deployment) -> Deployment:
    """Those still to come never come; steps are taken back, and what succeeded goes back to what ran before.

    The way back is an order like any other, from the plan of the deployment before. Where nothing
    ran before there is nothing to go back to: what was started stays, and the record says so.
    """
    cancel_steps(tx, deployment)
    targets = list_target_deployments(tx, deployment.id)
    for one in targets:
        if one.state is TargetState.PENDING:
            state = TARGET_DEPLOYMENT.next(one.state, TargetEvent.CANCEL)
            update_target(tx, replace(one, state=state))
    previous = find_deployment(tx, deployment.previous) if deployment.previous else None
    before = {one.target: one for one in _deployed(tx, previous)} if previous else {}
    back = [
        before[one.target]
        for one in reversed(targets)
        if one.state is TargetState.SUCCEEDED and one.target in before
    ]
    steps = make_undoing(tx, deployment)
    if not back and not steps:
        return _close(tx, deployment)
    for number, old in enumerate(back):
        insert_target(
            tx,
            TargetDeployment(
                id=tx.new_id("tdp"),
                deployment=deployment.id,
                position=len(targets) + number,
                target=old.target,
                purpose="undo",
                connector=old.connector,
                agent=old.agent,
                plan=old.plan,
                state=TARGET_DEPLOYMENT.start,
                sticker=old.sticker,
            ),
        )
    undoing = replace(deployment, state=DEPLOYMENT.next(deployment.state, DeploymentEvent.UNDO))
    update_deployment(tx, undoing)
    names = tuple(old.target for old in back)
    tx.add(DeploymentUndoing(deployment.id, deployment.environment, names, steps))
    return _go_back(tx, undoing)


def _go_back(tx: Tx, deployment: Deployment) -> Deployment:
    """The next turn of the way back, which is the way there from its end; or the end of it."""
    is_going = (
        next_step(tx, deployment, AFTER, UNDO)
        or next_target(tx, deployment.id)
        or next_step(tx, deployment, BEFORE, UNDO)
    )
    return deployment if is_going else _close(tx, deployment)


def _deployed(tx: Tx, deployment: Deployment) -> list[TargetDeployment]:
    return [one for one in list_target_deployments(tx, deployment.id) if one.purpose == "deploy"]


def _close(tx: Tx, deployment: Deployment) -> Deployment:
    """The last turn is over: so is the whole."""
    states = {one.state for one in list_target_deployments(tx, deployment.id)}
    steps = {one.state for one in list_steps(tx, deployment.id)}
    is_good = states == {TargetState.SUCCEEDED} and steps <= {StepState.PASSED}
    if is_good and deployment.state is DeploymentState.RUNNING:
        event = DeploymentEvent.SUCCEED
    elif TargetState.ERRORED in states or StepState.ERRORED in steps:
        event = DeploymentEvent.BREAK
    else:
        event = DeploymentEvent.FAIL
    ended = replace(
        deployment,
        state=DEPLOYMENT.next(deployment.state, event),
        ended_at=time_text(tx.now),
    )
    update_deployment(tx, ended)
    tx.add(_ENDED[event](ended.id, ended.promotion, ended.environment, ended.release))
    return ended
