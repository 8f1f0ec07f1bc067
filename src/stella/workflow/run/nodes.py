"""One node: how an attempt begins, what it waits for, and how it ends."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from stella.kernel import Remedy, StellaError, digest_of, parse_time, time_text
from stella.record.transaction import Tx
from stella.workflow.definition.kinds import StepKind
from stella.workflow.definition.model import Ask, OnFailure, Retry, Step
from stella.workflow.errors import ImpossibleInputs, StepTimedOut
from stella.workflow.run.advance import advance, close_node, give_turn
from stella.workflow.run.facts import NodeStarted, NodeWaits
from stella.workflow.run.lifecycle import NODE, NodeEvent, NodeState, RunState
from stella.workflow.run.model import UNDO, Node, NodeEnding, Run
from stella.workflow.run.request import give_up
from stella.workflow.run.store import find_node, find_run, list_nodes, update_node, workflow_of_run
from stella.workflow.run.values import data_of, rendered
from stella.workflow.schemas import value_faults

# A server that ends meanwhile is no fault of the step; one that always ends by it is.
CUT_OFF_MAX = 3
# What runs is ended by who calls it, and says so better than we do.
_MARGIN = timedelta(seconds=30)
_EVENTS = {
    NodeState.SUCCEEDED: NodeEvent.PASS,
    NodeState.FAILED: NodeEvent.FAIL,
    NodeState.ERRORED: NodeEvent.BREAK,
}


def begin_node(tx: Tx, node_id: str, taker: str) -> tuple[Run, Node] | None:
    """Another attempt begins: the run and the node as they are then. None where its turn is over.

    taker: the fact whose durable run does it. One that this had begun already was cut off; by its key,
    what it did is not done twice. One that another has begun is that one's.
    """
    run, found = _held(tx, node_id)
    if found.state is NodeState.RUNNING and found.taken_by not in {"", taker}:
        return None
    if found.state not in {NodeState.READY, NodeState.RUNNING}:
        return None
    step, kind = step_of(tx, run, found), kind_of(tx, run, found)
    begun = replace(
        found,
        state=NODE.next(found.state, NodeEvent.BEGIN)
        if found.state is NodeState.READY
        else found.state,
        attempts=found.attempts + 1,
        taken_by=taker,
        started_at=found.started_at or time_text(tx.now),
        deadline_at=found.deadline_at
        or time_text(tx.now + timedelta(seconds=step.timeout_s or kind.timeout_s)),
    )
    begun = replace(begun, look_at=_later(begun.deadline_at, _MARGIN))
    if begun.tries > _attempts_max(step, kind) + CUT_OFF_MAX:
        update_node(tx, begun)
        end_node(tx, node_id, _cut_off(begun))
        return None
    try:
        begun = replace(begun, inputs=_inputs(tx, run, begun, step, kind))
        inputs = digest_of(begun.inputs or {}).text
    except StellaError as refusal:
        update_node(tx, begun)
        end_node(tx, node_id, NodeEnding(NodeState.ERRORED, refusal.code, refusal.told))
        return None
    update_node(tx, begun)
    if begun.attempts == 1:
        tx.add(
            NodeStarted(
                begun.id,
                run.id,
                begun.step,
                begun.purpose,
                inputs,
                str(kind.pin.get("plugin", "")),
                str(kind.pin.get("version", "")),
            )
        )
    return run, begun


def wait_for(tx: Tx, run: Run, node: Node, what: str, until: str | None = None) -> Node:
    """It waits for that, ``KIND:ID``, or until a time; at the latest until its deadline."""
    waiting = replace(
        node,
        state=NODE.next(node.state, NodeEvent.WAIT),
        waits_for=what,
        look_at=until or node.deadline_at,
    )
    update_node(tx, waiting)
    tx.add(NodeWaits(node.id, run.id, run.workflow, node.step, what))
    return waiting


def look_later(tx: Tx, node_id: str, at: str | None) -> None:
    """What a waiting node waits for is not there: it is looked at again then."""
    _, node = _held(tx, node_id)
    if node.state is NodeState.WAITING:
        update_node(tx, replace(node, look_at=at))


def goes_on(tx: Tx, node: Node) -> bool:
    """Whether that attempt of it is still to be made, now that time has passed; held from here on.

    Where the end of its run was asked for meanwhile, it ends as cancelled.
    """
    run, found = _held(tx, node.id)
    if (found.state, found.attempts) != (NodeState.RUNNING, node.attempts):
        return False
    if run.cancel_asked_at is not None and run.state is RunState.RUNNING:
        close_node(tx, found, NodeEvent.CANCEL)
        advance(tx, run.id)
        return False
    return True


def end_node(tx: Tx, node_id: str, how: NodeEnding, *, waited_for: str = "") -> None:
    """An attempt ended so: it is over, or is tried again, or somebody is asked. And what follows.

    Nothing where it was over already: the first word counts. waited_for: nothing, too, where it does
    not wait for that any more.
    """
    run, node = _held(tx, node_id)
    if node.state not in {NodeState.RUNNING, NodeState.WAITING}:
        return
    if waited_for and node.waits_for != waited_for:
        return
    step, kind = step_of(tx, run, node), kind_of(tx, run, node)
    is_given_up = run.cancel_asked_at is not None and run.state is RunState.RUNNING
    if how.state is NodeState.SUCCEEDED:
        outputs = {} if node.purpose == UNDO else how.outputs
        close_node(tx, node, NodeEvent.PASS, summary=how.summary, outputs=outputs)
    elif not is_given_up and _goes_again(step, kind, node, how):
        update_node(
            tx,
            replace(
                node,
                state=NODE.next(node.state, NodeEvent.RETRY),
                code=how.code,
                message=how.message,
                waits_for="",
                look_at=_later(time_text(tx.now), _pause(step.retry or Retry(), node)),
                deadline_at=None,
            ),
        )
    elif not is_given_up and step.on_failure is OnFailure.ASK and node.purpose != UNDO:
        _ask(tx, run, node, step.ask or Ask(), how)
    else:
        close_node(
            tx, node, _EVENTS[how.state], code=how.code, message=how.message, summary=how.summary
        )
    advance(tx, run.id)


def look_at_node(tx: Tx, node_id: str) -> None:
    """Its time has come: it is tried again, or what it waited for is there, or it took too long."""
    run, node = _held(tx, node_id)
    if node.look_at is None or node.look_at > time_text(tx.now):
        return
    if node.state is NodeState.RETRYING:
        give_turn(tx, node, NodeEvent.AGAIN)
    elif node.state is NodeState.ASKING:
        step = step_of(tx, run, node)
        settle_asked(tx, node, (step.ask or Ask()).otherwise)
        advance(tx, run.id)
    elif node.state is NodeState.WAITING and node.waits_for.startswith("time:"):
        until = node.waits_for.removeprefix("time:")
        end_node(tx, node_id, NodeEnding(NodeState.SUCCEEDED, outputs={"until": until}))
    elif node.state in {NodeState.WAITING, NodeState.RUNNING}:
        _give_up_child(tx, node)
        end_node(tx, node_id, _timed_out(node))


def _give_up_child(tx: Tx, node: Node) -> None:
    """Nobody waits any more for the run that it started."""
    kind, _, child = node.waits_for.partition(":")
    if kind != "run":
        return
    run = find_run(tx, child, lock=True)
    if run.cancel_asked_at is None and run.state in {RunState.QUEUED, RunState.RUNNING}:
        why = "the step that waited for it took too long"
        give_up(tx, replace(run, cancel_asked_at=time_text(tx.now), message=why))


def settle_asked(tx: Tx, node: Node, action: str) -> None:
    """What was said of a node that went wrong: retry, skip, or fail."""
    if action == "retry":
        # A person's word begins the count anew, of attempts and of those that were cut off.
        give_turn(tx, replace(node, deadline_at=None, earlier=node.attempts), NodeEvent.AGAIN)
    elif action == "skip":
        close_node(tx, node, NodeEvent.SKIP, code=node.code, message=node.message)
    else:
        is_verdict = node.summary == NodeState.FAILED.value
        event = NodeEvent.FAIL if is_verdict else NodeEvent.BREAK
        close_node(tx, node, event, code=node.code, message=node.message)


def step_of(tx: Tx, run: Run, node: Node) -> Step:
    """As the run's version of the workflow has it."""
    return workflow_of_run(tx, run).all_steps[node.step]


def kind_of(tx: Tx, run: Run, node: Node) -> StepKind:
    """The type of its step, as it was when the run was asked for."""
    return run.kind(step_of(tx, run, node).uses)


def time_of(inputs: Mapping[str, Any], now: datetime) -> str:
    """Until when a wait lasts, RFC 3339. Raises what a text that is no time does."""
    if "seconds" in inputs:
        return time_text(now + timedelta(seconds=int(inputs["seconds"])))
    return time_text(parse_time(str(inputs["until"])))


def _held(tx: Tx, node_id: str) -> tuple[Run, Node]:
    """The node as it is once its run is held, and nobody else moves it until this transaction ends."""
    run = find_run(tx, find_node(tx, node_id).run, lock=True)
    list_nodes(tx, run.id)  # from here on they are at hand
    return run, find_node(tx, node_id)


def _inputs(tx: Tx, run: Run, node: Node, step: Step, kind: StepKind) -> dict[str, Any]:
    """What it is given: of the first attempt, for all of them. Raises ExpressionFailed, ImpossibleInputs."""
    if node.inputs is not None:
        return dict(node.inputs)
    found: dict[str, Any] = rendered(step.inputs, data_of(run, list_nodes(tx, run.id), node))
    faults = value_faults("with", found, kind.input_schema)
    if faults:
        raise ImpossibleInputs(
            f"{kind.name} does not take that: {'; '.join(faults[:5])}",
            remedy=Remedy("Look at what its expressions gave.", f"stella run show {run.id}"),
            reasons=faults[:20],
        )
    return found


def _attempts_max(step: Step, kind: StepKind) -> int:
    return step.retry.attempts if step.retry else kind.attempts_max


def _goes_again(step: Step, kind: StepKind, node: Node, how: NodeEnding) -> bool:
    if node.tries >= _attempts_max(step, kind):
        return False
    return how.state.value in step.retry.of if step.retry else how.retry_may_help


def _pause(retry: Retry, node: Node) -> timedelta:
    """How long until the next attempt. Between a half and all of it, the same for the same attempt."""
    whole = min(retry.wait_max_s, retry.wait_s * retry.growth ** (node.tries - 1))
    drawn = hashlib.sha256(f"{node.id}:{node.attempts}".encode()).digest()[0]
    return timedelta(seconds=whole * (256 + drawn) / 512)


def _ask(tx: Tx, run: Run, node: Node, ask: Ask, how: NodeEnding) -> None:
    asking = replace(
        node,
        state=NODE.next(node.state, NodeEvent.ASK),
        code=how.code,
        message=how.message,
        summary=how.state.value,
        waits_for="",
        look_at=_later(time_text(tx.now), timedelta(hours=ask.hours)),
    )
    update_node(tx, asking)
    tx.add(NodeWaits(node.id, run.id, run.workflow, node.step, "asking"))


def _timed_out(node: Node) -> NodeEnding:
    what = f" (it waited for {node.waits_for})" if node.waits_for else ""
    return NodeEnding(
        NodeState.ERRORED, StepTimedOut.code, f"it was not done by {node.deadline_at}{what}"
    )


def _cut_off(node: Node) -> NodeEnding:
    message = f"{node.tries - 1} attempts began and none ended"
    return NodeEnding(NodeState.ERRORED, StepTimedOut.code, message)


def _later(at: str | None, span: timedelta) -> str:
    assert at is not None, "a node that runs has a deadline"
    return time_text(parse_time(at) + span)
