"""A node's turn: it is done, or begins to wait; and what was waited for wakes it."""

from collections.abc import Callable
from dataclasses import dataclass

from stella.app.carrying import ServerStops, Work
from stella.app.runs.acts.act import MESSAGE_MAX, act_out, refuse_unallowed, with_error
from stella.app.runs.acts.table import ACTS, how_it_stands
from stella.deployment.plan import PlannedStep, planned_plugin
from stella.identity import Permission
from stella.kernel import Digest, Json, StellaError, parse_time
from stella.plugin.contract.core import Capability, Need
from stella.plugin.contract.step import StepCall
from stella.plugin.order import PluginReference
from stella.record import StoredFact, Tx
from stella.record.errors import DatabaseUnusable
from stella.workflow.definition.kinds import StepKind, Way
from stella.workflow.errors import NotAskedNow
from stella.workflow.run.advance import next_in_group
from stella.workflow.run.lifecycle import NodeState
from stella.workflow.run.model import UNDO, Node, NodeEnding, Run
from stella.workflow.run.nodes import begin_node, end_node, goes_on, kind_of, time_of, wait_for
from stella.workflow.run.request import request_run
from stella.workflow.run.store import find_run, nodes_waiting_for


@dataclass(frozen=True, slots=True)
class _Begun:
    run: Run
    node: Node
    kind: StepKind


def take_node(work: Work, fact: StoredFact) -> None:
    """Let an attempt begin, and do it as its type says."""
    with work.because(fact) as tx:
        found = begin_node(tx, fact.subject)
        if found is None:
            return
        run, node = found
        begun = _Begun(run, node, kind_of(tx, run, node))
        if begun.kind.way in _WAITS:
            _attempt(tx, work, begun, _WAITS[begun.kind.way])
            return
    if begun.kind.way is Way.ACT:
        _act(work, fact, begun)
    else:
        _call(work, fact, begun)


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
    part = tx.connection.begin_nested()
    added = len(tx.added)
    try:
        do(tx, work, begun)
        part.commit()
    except StellaError as refusal:
        part.rollback()
        del tx.added[added:]
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
    child = request_run(
        tx,
        work.kinds(),
        str(inputs["workflow"]),
        dict(inputs.get("inputs", {})),
        parent=begun.node,
        depth=begun.run.depth + 1,
        by=begun.run.by,
        roles=begun.run.roles,
    )
    wait_for(tx, begun.run, begun.node, f"run:{child.id}")


_WAITS = {Way.WAIT: _wait, Way.ASK: _ask, Way.CHILD: _child}


def _act(work: Work, fact: StoredFact, begun: _Begun) -> None:
    act = ACTS[begun.kind.name]
    try:
        with work.database.read(fact.tenant) as tx:
            roles = refuse_unallowed(tx, begun.run, act.needs, begun.kind.name)
        inputs = begun.node.inputs or {}
        prepared = act.prepare(work, roles, inputs) if act.prepare else None
    except StellaError as refusal:
        with work.because(fact) as tx:
            end_node(tx, begun.node.id, with_error(refusal))
        return

    def do(tx: Tx, work: Work, begun: _Begun) -> None:
        found = act_out(act, tx, work, (begun.run, begun.node), prepared)
        if isinstance(found, str):
            wait_for(tx, begun.run, begun.node, found)
            # It may have come to its end already: a scan that another asked for.
            how = how_it_stands(tx, found)
            if how is not None:
                end_node(tx, begun.node.id, how)
        else:
            end_node(tx, begun.node.id, found)

    with work.database.transaction(actor=begun.run.by, cause=fact.id, tenant=fact.tenant) as tx:
        if goes_on(tx, begun.node):
            _attempt(tx, work, begun, do)


def _call(work: Work, fact: StoredFact, begun: _Begun) -> None:
    try:
        with work.database.read(fact.tenant) as tx:
            roles = refuse_unallowed(tx, begun.run, Permission.WORKFLOW_RUN, begun.kind.name)
        how = _said_by_plugin(work, begun, roles)
    except NotAskedNow as refusal:
        how = with_error(refusal)
    if how.state is not NodeState.SUCCEEDED and work.stopping.is_set():
        raise ServerStops  # the plugin ended because the server does
    with work.because(fact) as tx:
        end_node(tx, begun.node.id, how)


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
