"""Makes the moves that follow in a run, in the transaction of what they follow from."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from stella.kernel import StellaError, digest_of, time_text
from stella.record.hold import hold_words
from stella.record.transaction import Tx
from stella.workflow.definition.model import Order
from stella.workflow.run import moves
from stella.workflow.run.facts import (
    NodeEnded,
    NodeReady,
    RunCancelled,
    RunErrored,
    RunFailed,
    RunStarted,
    RunSucceeded,
)
from stella.workflow.run.lifecycle import NODE, RUN, NodeEvent, NodeState, RunEvent, RunState
from stella.workflow.run.model import UNDO, Node, Run
from stella.workflow.run.moves import Close, End, Finish, Judge, Move, Picture, Spread, Turn
from stella.workflow.run.store import (
    find_run,
    insert_nodes,
    list_nodes,
    open_runs,
    update_node,
    update_run,
    workflow_of_run,
)
from stella.workflow.run.values import rendered

_ENDS: Mapping[str, tuple[RunEvent, type[Any]]] = {
    moves.SUCCEEDED: (RunEvent.SUCCEED, RunSucceeded),
    moves.FAILED: (RunEvent.FAIL, RunFailed),
    moves.ERRORED: (RunEvent.BREAK, RunErrored),
    moves.CANCELLED: (RunEvent.CANCEL, RunCancelled),
}


def advance(tx: Tx, run_id: str) -> Run:
    """Let everything follow that follows now. The run's row is held until this transaction ends."""
    run = find_run(tx, run_id, lock=True)
    workflow = workflow_of_run(tx, run)
    while True:
        picture = Picture(workflow, run, list_nodes(tx, run.id))
        following = moves.moves_of(picture)
        if not following:
            return run
        for move in following:
            run = _make(tx, picture, run, move)
        if RUN.is_final(run.state):
            return run


def make_nodes(tx: Tx, run: Run, kept: Sequence[Node] = ()) -> None:
    """A node for each step of a run. kept: of a run before, whose steps are not done again."""
    workflow = workflow_of_run(tx, run)
    sections = (("steps", workflow.steps), ("finally", workflow.finally_))
    there = {one.step for one in kept}
    named = [(section, name) for section, steps in sections for name in steps if name not in there]
    held = [
        replace(one, id=tx.new_id("nod"), run=run.id, attempts=0, earlier=0, started_at=None)
        for one in kept
    ]
    made = [
        Node(id=tx.new_id("nod"), run=run.id, position=0, step=name, section=section)
        for section, name in named
    ]
    insert_nodes(tx, [replace(one, position=at) for at, one in enumerate((*held, *made))])


def begin_run(tx: Tx, run: Run) -> Run:
    """Its turn has come: what needs nothing begins."""
    begun = replace(run, state=RUN.next(run.state, RunEvent.BEGIN), started_at=time_text(tx.now))
    update_run(tx, begun)
    tx.add(RunStarted(run.id, run.workflow))
    return advance(tx, run.id)


def hold_group(tx: Tx, group: str) -> None:
    """Nobody else begins a run of it, until this transaction ends."""
    hold_words(tx, (f"run group {group}",))


def next_in_group(tx: Tx, run: Run) -> None:
    """Let the run begin that waits for the end of this one. One that ends at once lets no other begin:
    that is what its own end is for.
    """
    if not run.group:
        return
    hold_group(tx, run.group)
    waiting = [one for one in open_runs(tx, group=run.group) if one.id != run.id]
    if any(one.state is not RunState.QUEUED for one in waiting) or not waiting:
        return
    workflow = workflow_of_run(tx, run)
    newest = workflow.concurrency is not None and workflow.concurrency.order is Order.NEWEST
    begin_run(tx, find_run(tx, waiting[-1 if newest else 0].id, lock=True))


def close_node(
    tx: Tx,
    node: Node,
    event: NodeEvent,
    *,
    code: str = "",
    message: str = "",
    summary: str = "",
    outputs: Mapping[str, Any] | None = None,
) -> Node:
    """It has ended, with its fact."""
    ended = replace(
        node,
        state=NODE.next(node.state, event),
        code=code,
        message=message,
        summary=summary,
        outputs=dict(outputs) if outputs is not None else node.outputs,
        waits_for="",
        look_at=None,
        claimed_by="",
        ended_at=time_text(tx.now),
    )
    update_node(tx, ended)
    tx.add(
        NodeEnded(
            ended.id,
            ended.run,
            ended.step,
            ended.item,
            ended.purpose,
            ended.state.value,
            ended.attempts,
            digest_of(ended.outputs).text,
            code,
            message,
        )
    )
    return ended


def close_run(tx: Tx, run: Run, verdict: str) -> Run:
    """It has ended so, with its fact."""
    event, fact = _ENDS[verdict]
    ended = replace(
        run, state=RUN.next(run.state, event), verdict=verdict, ended_at=time_text(tx.now)
    )
    update_run(tx, ended)
    tx.add(fact(ended.id, ended.workflow, ended.code, ended.message, ended.parent))
    return ended


def give_turn(tx: Tx, node: Node, event: NodeEvent = NodeEvent.RELEASE) -> None:
    """Its turn has come, or comes again."""
    update_node(tx, replace(node, state=NODE.next(node.state, event), look_at=None, claimed_by=""))
    tx.add(NodeReady(node.id, node.run, node.step, node.purpose))


def _make(tx: Tx, picture: Picture, run: Run, move: Move) -> Run:
    if isinstance(move, Turn):
        give_turn(tx, move.node)
    elif isinstance(move, Close):
        close_node(
            tx,
            move.node,
            move.event,
            code=move.code,
            message=move.message,
            outputs=move.outputs,
        )
    elif isinstance(move, Spread):
        _spread(tx, picture, move)
    elif isinstance(move, Judge):
        return _judge(tx, picture, run, move)
    elif isinstance(move, Finish):
        return _finish(tx, picture, run)
    else:
        return _end(tx, picture, run, move)
    return run


def _spread(tx: Tx, picture: Picture, move: Spread) -> None:
    begun = replace(
        move.node,
        state=NODE.next(move.node.state, NodeEvent.BEGIN),
        started_at=time_text(tx.now),
    )
    update_node(tx, begun)
    after = len(picture.nodes)
    made = [
        Node(
            id=tx.new_id("nod"),
            run=begun.run,
            position=after + number,
            step=begun.step,
            section=begun.section,
            item=number,
            item_value=value,
        )
        for number, value in enumerate(move.items)
    ]
    insert_nodes(tx, made)


def _judge(tx: Tx, picture: Picture, run: Run, move: Judge) -> Run:
    code, message = (run.code, run.message) if run.cancel_asked_at else _why(picture)
    is_well = move.verdict == moves.SUCCEEDED
    judged = replace(
        run,
        verdict=move.verdict,
        code="" if is_well else code,
        message="" if is_well else message,
    )
    if not move.undo:
        return _finish(tx, picture, judged)
    judged = replace(judged, state=RUN.next(run.state, RunEvent.UNDO))
    update_run(tx, judged)
    after = len(picture.nodes)
    made = [
        replace(
            one,
            id=tx.new_id("nod"),
            position=after + number,
            purpose=UNDO,
            state=NodeState.QUEUED,
            attempts=0,
            earlier=0,
            code="",
            message="",
            summary="",
            started_at=None,
            ended_at=None,
            deadline_at=None,
        )
        for number, one in enumerate(move.undo)
    ]
    insert_nodes(tx, made)
    return judged


def _why(picture: Picture) -> tuple[str, str]:
    """The code and the words of what went wrong first."""
    steps = picture.workflow.all_steps
    wrong = [
        one
        for one in picture.single.values()
        if one.state in {NodeState.FAILED, NodeState.ERRORED}
        and moves.went_wrong(one, steps[one.step])
    ]
    if not wrong:
        return "", ""
    first = min(wrong, key=lambda one: (one.ended_at or "", one.position))
    return first.code, f"{first.key}: {first.message}"[:1000]


def _finish(tx: Tx, picture: Picture, run: Run) -> Run:
    if picture.workflow.finally_:
        finishing = replace(run, state=RUN.next(run.state, RunEvent.FINISH))
        update_run(tx, finishing)
        return finishing
    return _end(tx, picture, run, End(moves.last_word(picture, run.verdict)))


def _end(tx: Tx, picture: Picture, run: Run, move: End) -> Run:
    verdict, outputs, code, message = move.verdict, {}, run.code, run.message
    if verdict == moves.SUCCEEDED:
        try:
            outputs = rendered(picture.workflow.outputs, picture.data)
        except StellaError as refusal:
            verdict, code, message = moves.ERRORED, refusal.code, str(refusal)
    elif not code and not run.cancel_asked_at:
        code, message = _why(picture)
    return close_run(tx, replace(run, outputs=outputs, code=code, message=message), verdict)
