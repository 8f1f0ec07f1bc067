"""A target of a take-down has ended: the next one's turn, or the whole's end."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from stella.deployment.facts import (
    TakeDownErrored,
    TakeDownFailed,
    TakeDownSucceeded,
    TargetTakenDown,
)
from stella.deployment.lifecycle import (
    TAKE_DOWN,
    TARGET_DEPLOYMENT,
    TakeDownEvent,
    TargetState,
)
from stella.deployment.store import (
    find_target,
    list_deployments,
    list_target_deployments,
)
from stella.deployment.take_down.begun import begun_in
from stella.deployment.take_down.store import TakeDown, find_take_down, update_take_down
from stella.deployment.turns import end_target, next_target
from stella.environment.emptied import Emptied, note_emptied
from stella.kernel import time_text
from stella.plugin.refusals import StillRuns
from stella.promotion.close import Ending
from stella.record.transaction import Tx

_ENDED: dict[
    TakeDownEvent, type[TakeDownSucceeded] | type[TakeDownFailed] | type[TakeDownErrored]
] = {
    TakeDownEvent.SUCCEED: TakeDownSucceeded,
    TakeDownEvent.FAIL: TakeDownFailed,
    TakeDownEvent.BREAK: TakeDownErrored,
}


def finish_removal(
    tx: Tx,
    target_deployment_id: str,
    ending: Ending,
    *,
    code: str = "",
    message: str = "",
    running: Sequence[dict[str, Any]] = (),
) -> TakeDown:
    """A target has ended so; what follows. A second call changes nothing.

    The others get their turn however it ended: what can go goes, and asked for again the rest does.
    """
    take_down = find_take_down(tx, find_target(tx, target_deployment_id).deployment, lock=True)
    found = find_target(tx, target_deployment_id)
    if TARGET_DEPLOYMENT.is_final(found.state):
        return take_down
    if ending is Ending.SUCCEEDED and running:
        names = ", ".join(str(one.get("name")) for one in running[:5])
        ending, code, message = Ending.FAILED, StillRuns.code, f"{names} is still there"
    place = take_down.environment
    ended = end_target(tx, found, place, ending, code=code, message=message, running=running)
    if ending is Ending.SUCCEEDED:
        tx.add(TargetTakenDown(ended.id, take_down.id, place, ended.target))
    return take_down if next_target(tx, take_down.id) else _close(tx, take_down)


def _close(tx: Tx, take_down: TakeDown) -> TakeDown:
    """The last turn is over: so is the whole. Only where nothing is left anywhere, it is emptied."""
    states = {one.state for one in list_target_deployments(tx, take_down.id)}
    if states == {TargetState.SUCCEEDED}:
        event = TakeDownEvent.SUCCEED
    else:
        event = TakeDownEvent.BREAK if TargetState.ERRORED in states else TakeDownEvent.FAIL
    at = time_text(tx.now)
    ended = replace(take_down, state=TAKE_DOWN.next(take_down.state, event), ended_at=at)
    update_take_down(tx, ended)
    if event is TakeDownEvent.SUCCEED and not begun_in(tx, ended.environment):
        newest = list_deployments(tx, environment=ended.environment, limit=1)
        last = newest[0].id if newest else ""
        note_emptied(tx, Emptied(ended.id, ended.environment, last, at))
    tx.add(_ENDED[event](ended.id, ended.environment, ended.release))
    return ended
