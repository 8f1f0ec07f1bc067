"""A node's turn: it is done, or begins to wait; and what was waited for wakes it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from stella.app.carrying import ServerStops, Work
from stella.app.runs.acts.act import MESSAGE_MAX, act_out, refuse_unallowed, with_error
from stella.app.runs.acts.listening import WAITED
from stella.app.runs.acts.table import ACTS, how_it_stands
from stella.deployment.plan import PlannedStep, planned_plugin
from stella.identity import Permission
from stella.kernel import Digest, Json, Remedy, StellaError, parse_time, time_text
from stella.plugin.contract.core import Capability, Need
from stella.plugin.contract.step import StepCall
from stella.plugin.order import PluginReference
from stella.record import StoredFact, Tx, claim_pending, last_fact
from stella.record.errors import DatabaseUnusable
from stella.workflow.definition.kinds import StepKind, Way
from stella.workflow.errors import NotAskedNow, RightlessTrigger
from stella.workflow.run.advance import next_in_group
from stella.workflow.run.facts import NodeReady
from stella.workflow.run.lifecycle import NodeState
from stella.workflow.run.model import UNDO, Node, NodeEnding, Run
from stella.workflow.run.nodes import begin_node, end_node, goes_on, kind_of, time_of, wait_for
from stella.workflow.run.request import request_run
from stella.workflow.run.store import find_run, nodes_cut_off, nodes_waiting_for

_AGAIN = timedelta(seconds=15)
"""After it what happened is looked through once more: it may have come while the step began to wait."""
_TOGETHER = 20
"""So many steps at most begin in one transaction, where each is done there and then."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """An attempt that is to be made outside of the transaction it began in. turn: the fact by which."""

    turn: StoredFact
    run: Run
    node: Node
    kind: StepKind


def take_node(work: Work, fact: StoredFact) -> None:
    """Let an attempt begin, do it as its type says, and go on with what has its turn by that.

    So one durable run does the steps that follow each other: each begins in the transaction in which
    the one before it ends. Whatever else has its turn then is begun by a run of its own.
    """
    with work.because(fact) as tx:
        begun = _walk(tx, work, fact, fact.id) or _resumed(tx, work, fact.id)
    while begun is not None:
        begun = (_act if begun.kind.way is Way.ACT else _call)(work, begun, fact.id)


def _walk(tx: Tx, work: Work, turn: StoredFact | None, taker: str) -> _Begun | None:
    """Begin what has its turn, and what follows it, as long as that is done here and now."""
    for number in range(_TOGETHER):
        if turn is None:
            return None
        mine, added = replace(tx, actor="system", cause=turn.id), len(tx.added)
        found = begin_node(mine, turn.subject, taker)
        if found is not None:
            run, node = found
            begun = _Begun(turn, run, node, kind_of(mine, run, node))
            if begun.kind.way not in _WAITS:
                return begun
            _attempt(mine, work, begun, _WAITS[begun.kind.way])
        turn = None if number == _TOGETHER - 1 else _next(mine, added)
    return None


def _next(tx: Tx, added: int) -> StoredFact | None:
    """What has its turn since so many facts were there: this durable run takes the first of it."""
    ready = (one for one in tx.added[added:] if one.kind == NodeReady.__name__)
    return next((one for one in ready if claim_pending(tx, one.id)), None)


def _resumed(tx: Tx, work: Work, taker: str) -> _Begun | None:
    """What this durable run had begun when the server ended."""
    for node in nodes_cut_off(tx, taker):
        turn = last_fact(tx, NodeReady.__name__, node.id)
        begun = _walk(tx, work, turn, taker)
        if begun is not None:
            return begun
    return None


def wake_by_promotion(work: Work, fact: StoredFact) -> None:
    """A promotion has ended: what waits for it goes on."""
    _wake(work, fact, "promotion")


def wake_by_scan(work: Work, fact: StoredFact) -> None:
    """A scan has ended: what waits for it goes on."""
    _wake(work, fact, "scan")


def wake_by_message(work: Work, fact: StoredFact) -> None:
    """A message was taken, or given up: what waits for that goes on."""
    _wake(work, fact, "message")


def _wake(work: Work, fact: StoredFact, what: str) -> None:
    with work.database.read(fact.tenant) as tx:
        waiting = nodes_waiting_for(tx, f"{what}:{fact.subject}")
    for node in waiting:
        with work.because(fact) as tx:
            how = how_it_stands(tx, node.waits_for)
            if how is not None:
                end_node(tx, node.id, how, waited_for=node.waits_for)


def begin_next_run(work: Work, fact: StoredFact) -> None:
    """A run has ended: the next of its group begins. One may end at once; its fact lets another begin."""
    with work.because(fact) as tx:
        next_in_group(tx, find_run(tx, fact.subject))


def wake_parent(work: Work, fact: StoredFact) -> None:
    """A run has ended: the step of another that waits for it goes on."""
    parent = str(fact.data.get("parent", ""))
    if not parent:
        return
    with work.because(fact) as tx:
        end_node(tx, parent, _of_run(find_run(tx, fact.subject)), waited_for=f"run:{fact.subject}")


def _of_run(run: Run) -> NodeEnding:
    if run.verdict == NodeState.SUCCEEDED.value:
        outputs: dict[str, Json] = {"run": run.id, "outputs": dict(run.outputs)}
        return NodeEnding(NodeState.SUCCEEDED, summary=f"{run.id} went well", outputs=outputs)
    state = NodeState.FAILED if run.verdict == NodeState.FAILED.value else NodeState.ERRORED
    return NodeEnding(
        state, run.code, f"{run.id} is {run.state.value}: {run.message}"[:MESSAGE_MAX]
    )


def _attempt(tx: Tx, work: Work, begun: _Begun, do: Callable[[Tx, Work, _Begun], None]) -> None:
    """In a part of the transaction: what it refuses leaves nothing of what it had begun."""
    try:
        with tx.part():
            do(tx, work, begun)
    except StellaError as refusal:
        end_node(tx, begun.node.id, with_error(refusal))


def _wait(tx: Tx, work: Work, begun: _Begun) -> None:
    del work
    until = time_of(begun.node.inputs or {}, tx.now)
    if parse_time(until) <= tx.now:
        end_node(tx, begun.node.id, NodeEnding(NodeState.SUCCEEDED, outputs={"until": until}))
    else:
        wait_for(tx, begun.run, begun.node, f"time:{until}", until)


def _ask(tx: Tx, work: Work, begun: _Begun) -> None:
    del work
    wait_for(tx, begun.run, begun.node, "person:")


def _child(tx: Tx, work: Work, begun: _Begun) -> None:
    inputs = begun.node.inputs or {}
    refuse_unallowed(tx, begun.run, Permission.WORKFLOW_RUN, begun.kind.name)
    name, follows = str(inputs["workflow"]), begun.run.follows
    if follows and name not in follows:
        raise RightlessTrigger(
            f"no rights were lent to the trigger {begun.run.trigger} for the workflow {name[:80]}",
            remedy=Remedy("Lend them anew.", f"stella trigger lend {begun.run.trigger}"),
            trigger=begun.run.trigger,
            workflow=name[:80],
        )
    child = request_run(
        tx,
        work.kinds(),
        name,
        dict(inputs.get("inputs", {})),
        version=follows.get(name),
        trigger=begun.run.trigger,
        follows=follows,
        parent=begun.node,
        depth=begun.run.depth + 1,
        by=begun.run.by,
        roles=begun.run.roles,
    )
    wait_for(tx, begun.run, begun.node, f"run:{child.id}")


_WAITS = {Way.WAIT: _wait, Way.ASK: _ask, Way.CHILD: _child}


def _act(work: Work, begun: _Begun, taker: str) -> _Begun | None:
    act = ACTS[begun.kind.name]
    try:
        with work.database.read(begun.turn.tenant) as tx:
            roles = refuse_unallowed(tx, begun.run, act.needs, begun.kind.name)
        inputs = begun.node.inputs or {}
        prepared = act.prepare(work, roles, inputs) if act.prepare else None
    except StellaError as refusal:
        return _end(work, begun, with_error(refusal), taker)

    def do(tx: Tx, work: Work, begun: _Begun) -> None:
        found = act_out(act, tx, work, (begun.run, begun.node), prepared)
        if isinstance(found, str):
            again = time_text(tx.now + _AGAIN) if found.startswith(WAITED) else None
            wait_for(tx, begun.run, begun.node, found, again)
            # It may have come to its end already: a scan that another asked for.
            how = how_it_stands(tx, found)
            if how is not None:
                end_node(tx, begun.node.id, how)
        else:
            end_node(tx, begun.node.id, found)

    turn = begun.turn
    with work.database.transaction(actor=begun.run.by, cause=turn.id, tenant=turn.tenant) as tx:
        if goes_on(tx, begun.node):
            _attempt(tx, work, begun, do)
        return _walk(tx, work, _next(tx, 0), taker)


def _call(work: Work, begun: _Begun, taker: str) -> _Begun | None:
    try:
        with work.database.read(begun.turn.tenant) as tx:
            roles = refuse_unallowed(tx, begun.run, Permission.WORKFLOW_RUN, begun.kind.name)
        how = _said_by_plugin(work, begun, roles)
    except NotAskedNow as refusal:
        how = with_error(refusal)
    if how.state is not NodeState.SUCCEEDED and work.stopping.is_set():
        raise ServerStops  # the plugin ended because the server does
    return _end(work, begun, how, taker)


def _end(work: Work, begun: _Begun, how: NodeEnding, taker: str) -> _Begun | None:
    with work.because(begun.turn) as tx:
        end_node(tx, begun.node.id, how)
        return _walk(tx, work, _next(tx, 0), taker)


def _said_by_plugin(work: Work, begun: _Begun, roles: frozenset[str]) -> NodeEnding:
    node, run = begun.node, begun.run
    undo = node.purpose == UNDO
    key = node.key.removesuffix(" (undo)")
    call = StepCall(
        run=run.id,
        node=key,
        key=f"{run.id}:{key}",
        attempt=node.attempts,
        inputs=dict(node.inputs or {}),
        subject={"workflow": run.workflow, "startedBy": run.by},
    )
    left_s = (parse_time(node.deadline_at or "") - work.database.now()).total_seconds()
    try:
        result = work.call_step(
            _planned(begun), call, undo=undo, roles=roles, limit_s=max(1.0, left_s)
        )
    except DatabaseUnusable:
        raise  # which says nothing about the step
    except StellaError as refusal:
        return with_error(refusal)
    return NodeEnding(NodeState.SUCCEEDED, summary=result.summary, outputs=result.outputs)


def _planned(begun: _Begun) -> PlannedStep:
    """The step as plans have it, by what was pinned when the run was asked for."""
    pin = begun.kind.pin
    wheel = None
    if "wheel" in pin:
        granted: dict[str, list[str]] = dict(pin["granted"])  # type: ignore[arg-type]
        wheel = PluginReference(
            str(pin["plugin"]),
            str(pin["version"]),
            Digest(str(pin["wheel"])),
            tuple(Need(Capability(name), tuple(hosts)) for name, hosts in granted.items()),
        )
    return PlannedStep(
        phase="run",
        name=begun.node.key,
        step=begun.kind.name,
        plugin=str(pin["plugin"]),
        version=str(pin["version"]),
        attempts_max=begun.kind.attempts_max,
        inputs=dict(begun.node.inputs or {}),
        plugin_wheel=planned_plugin(wheel),
    )
