"""The turns of targets, one after the other: of a deployment, and of a take-down."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from stella.deployment.facts import TargetFailed, TargetReady
from stella.deployment.lifecycle import TARGET_DEPLOYMENT, TargetEvent, TargetState
from stella.deployment.store import TargetDeployment, list_target_deployments, update_target
from stella.kernel import time_text
from stella.promotion.close import Ending
from stella.record.transaction import Tx

_EVENTS = {
    Ending.SUCCEEDED: TargetEvent.SUCCEED,
    Ending.FAILED: TargetEvent.FAIL,
    Ending.ERRORED: TargetEvent.BREAK,
}


def next_target(tx: Tx, whole: str) -> bool:
    """Give the first pending target of ``whole`` its turn; whether there was one.

    One after the other, so that what fails on the first has touched no other.
    """
    for one in list_target_deployments(tx, whole):
        if one.state is TargetState.PENDING:
            state = TARGET_DEPLOYMENT.next(one.state, TargetEvent.RELEASE)
            update_target(tx, replace(one, state=state))
            tx.add(TargetReady(one.id, whole, one.target, one.purpose))
            return True
    return False


def end_target(
    tx: Tx,
    found: TargetDeployment,
    environment: str,
    ending: Ending,
    *,
    code: str,
    message: str,
    running: Sequence[dict[str, Any]],
) -> TargetDeployment:
    """How it stands now that it has ended so. That it did not succeed is a fact; success is told by who
    knows what it was.
    """
    ended = replace(
        found,
        state=TARGET_DEPLOYMENT.next(found.state, _EVENTS[ending]),
        ended_at=time_text(tx.now),
        code=code or None,
        message=message or None,
        running=tuple(running),
    )
    update_target(tx, ended)
    if ending is not Ending.SUCCEEDED:
        tx.add(
            TargetFailed(
                ended.id,
                ended.deployment,
                environment,
                ended.target,
                ended.purpose,
                ending.value,
                ended.code or "",
                ended.message or "",
            )
        )
    return ended
