"""The tables of workflows, their versions, runs and nodes."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Index, Integer, String, Table, Text, delete, func, select

from stella.kernel import Remedy, time_text
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import AnySelect, Tx
from stella.workflow.definition.model import Workflow, workflow_of
from stella.workflow.errors import UnknownRun, UnknownWorkflow
from stella.workflow.run.lifecycle import RUN, NodeState, RunState
from stella.workflow.run.model import Node, Run

_JSON = ("inputs", "outputs", "pins", "roles", "follows")
_KEPT_MAX = 512
_BY_DIGEST: dict[str, Workflow] = {}
_OPEN = tuple(state.value for state in RunState if not RUN.is_final(state))

workflow = Table(
    "workflow",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("version", Integer, nullable=False),
)

workflow_version = Table(
    "workflow_version",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("digest", String(71), nullable=False),
    Column("spec", Text, nullable=False),
    Column("by", String(80), nullable=False),
    Column("at", String(27), nullable=False),
)

workflow_run = Table(
    "workflow_run",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("workflow", String(80), nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", String(71), nullable=False),
    Column("state", String(20), nullable=False),
    Column("verdict", String(20), nullable=False),
    Column("inputs", Text, nullable=False),
    Column("outputs", Text, nullable=False),
    Column("pins", Text, nullable=False),
    Column("group", String(200), nullable=False),
    Column("parent", String(40), nullable=False),
    Column("depth", Integer, nullable=False),
    Column("again", String(40), nullable=False),
    Column("trigger", String(80), nullable=False),
    Column("follows", Text, nullable=False),
    Column("by", String(80), nullable=False),
    Column("roles", Text, nullable=False),
    Column("at", String(27), nullable=False),
    Column("deadline_at", String(27), nullable=False),
    Column("started_at", String(27)),
    Column("ended_at", String(27)),
    Column("cancel_asked_at", String(27)),
    Column("code", String(40), nullable=False),
    Column("message", Text, nullable=False),
    Index(None, "state", "group"),
    Index(None, "workflow", "id"),
    Index(None, "parent"),
)

workflow_node = Table(
    "workflow_node",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("run", String(40), nullable=False),
    Column("position", Integer, nullable=False),
    Column("step", String(40), nullable=False),
    Column("section", String(10), nullable=False),
    Column("item", Integer, nullable=False),
    Column("purpose", String(10), nullable=False),
    Column("state", String(20), nullable=False),
    Column("item_value", Text, nullable=False),
    Column("inputs", Text),
    Column("outputs", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("earlier", Integer, nullable=False),
    Column("summary", Text, nullable=False),
    Column("code", String(40), nullable=False),
    Column("message", Text, nullable=False),
    Column("waits_for", String(120), nullable=False),
    Column("look_at", String(27)),
    Column("deadline_at", String(27)),
    Column("claimed_by", String(80), nullable=False),
    Column("taken_by", String(40), nullable=False),
    Column("started_at", String(27)),
    Column("ended_at", String(27)),
    Index(None, "run", "position"),
    Index(None, "look_at"),
    Index(None, "waits_for"),
    Index(None, "taken_by"),
)


# ---------------------------------------------------------------- workflows


def list_workflows(tx: Tx) -> dict[str, int]:
    """Name -> the version that new runs follow."""
    query = select(workflow).where(workflow.c.tenant == tx.tenant).order_by(workflow.c.name)
    return {row["name"]: row["version"] for row in tx.rows(query)}


def find_workflow(tx: Tx, name: str, version: int | None = None) -> tuple[int, Workflow]:
    """That version, or the one that new runs follow. Raises UnknownWorkflow."""
    wanted = version if version is not None else list_workflows(tx).get(name)
    row = None if wanted is None else version_row(tx, name, wanted)
    if row is None or wanted is None:
        which = f"version {version} of " if version is not None else ""
        raise UnknownWorkflow(
            f"there is no {which}workflow {name[:80]!r}",
            remedy=Remedy("Apply one, or list them.", "stella workflow list"),
            workflow=name[:80],
        )
    return wanted, workflow_of(json.loads(row["spec"]))


def workflow_of_run(tx: Tx, run: Run) -> Workflow:
    """The version that it follows. Read once a process: what has a digest never changes."""
    known = _BY_DIGEST.get(run.digest)
    if known is None:
        _, known = find_workflow(tx, run.workflow, run.version)
        if len(_BY_DIGEST) >= _KEPT_MAX:
            _BY_DIGEST.clear()
        _BY_DIGEST[run.digest] = known
    return known


def version_row(tx: Tx, name: str, version: int) -> Any:
    """digest, spec (text), by, at; None where there is no such version."""
    table = workflow_version.c
    return tx.row(
        select(workflow_version).where(
            table.tenant == tx.tenant, table.name == name, table.version == version
        )
    )


def list_versions(tx: Tx, name: str) -> Sequence[Any]:
    """version, digest, by, at; the newest first."""
    table = workflow_version.c
    query = select(table.version, table.digest, table.by, table.at)
    where = (table.tenant == tx.tenant, table.name == name)
    return tx.rows(query.where(*where).order_by(table.version.desc()))


def put_version(tx: Tx, name: str, value: Workflow) -> int:
    """New runs follow it from now on; its number."""
    table = workflow_version.c
    last = select(func.max(table.version)).where(table.tenant == tx.tenant, table.name == name)
    number = int(tx.connection.execute(last).scalar() or 0) + 1
    tx.connection.execute(
        workflow_version.insert(),
        {
            "tenant": tx.tenant,
            "name": name,
            "version": number,
            "digest": value.digest.text,
            "spec": json.dumps(value.spec()),  # steps in the order in which they were written
            "by": tx.actor,
            "at": time_text(tx.now),
        },
    )
    tx.put(workflow, {"name": name}, {"version": number})
    return number


def hold_workflow(tx: Tx, name: str) -> None:
    """Nobody else changes it until this transaction ends."""
    query = select(workflow.c.name).where(workflow.c.tenant == tx.tenant, workflow.c.name == name)
    tx.row(query.with_for_update())


def drop_workflow(tx: Tx, name: str) -> None:
    """New runs of it are refused; its versions stay, for the runs that there were."""
    where = (workflow.c.tenant == tx.tenant, workflow.c.name == name)
    tx.connection.execute(delete(workflow).where(*where))


# ---------------------------------------------------------------- runs


# A run that a transaction holds is read once in it, with its nodes: nobody else changes them meanwhile.


def _nodes_of(run_id: str) -> str:
    return f"nodes of {run_id}"


def insert_run(tx: Tx, value: Run) -> None:
    """A new row."""
    tx.connection.execute(workflow_run.insert(), {"tenant": tx.tenant, **_run_columns(value)})
    tx.held |= {value.id: value, _nodes_of(value.id): {}}


def update_run(tx: Tx, value: Run) -> None:
    """The row of ``value.id`` as ``value`` says."""
    where = (workflow_run.c.tenant == tx.tenant, workflow_run.c.id == value.id)
    tx.connection.execute(workflow_run.update().where(*where), _run_columns(value))
    if value.id in tx.held:
        tx.held[value.id] = value


def find_run(tx: Tx, run_id: str, *, lock: bool = False) -> Run:
    """lock: until this transaction ends. Raises UnknownRun."""
    held: Run | None = tx.held.get(run_id)
    if held is not None:
        return held
    query: AnySelect = select(workflow_run).where(
        workflow_run.c.tenant == tx.tenant, workflow_run.c.id == run_id
    )
    row = tx.row(query.with_for_update() if lock else query)
    if row is None:
        raise UnknownRun(
            f"there is no run {run_id[:60]!r}",
            remedy=Remedy("List runs.", "stella run list"),
            run=run_id[:60],
        )
    found = _run(row)
    if lock:
        tx.held[run_id] = found
    return found


def list_runs(
    tx: Tx,
    *,
    of: str | None = None,
    state: str | None = None,
    before: str | None = None,
    limit: int = 100,
) -> tuple[Run, ...]:
    """The newest first. of: a workflow. before: an id, those that are older."""
    table = workflow_run.c
    query = select(workflow_run).where(table.tenant == tx.tenant)
    if of is not None:
        query = query.where(table.workflow == of)
    if state is not None:
        query = query.where(table.state == state)
    if before is not None:
        query = query.where(table.id < before)
    return tuple(map(_run, tx.rows(query.order_by(table.id.desc()).limit(limit))))


def open_runs(tx: Tx, *, of: str | None = None, group: str | None = None) -> tuple[Run, ...]:
    """Those that have not ended, the oldest first."""
    table = workflow_run.c
    query = select(workflow_run).where(table.tenant == tx.tenant, table.state.in_(_OPEN))
    if of is not None:
        query = query.where(table.workflow == of)
    if group is not None:
        query = query.where(table.group == group)
    return tuple(map(_run, tx.rows(query.order_by(table.id))))


def overdue_runs(tx: Tx, limit: int) -> tuple[str, ...]:
    """Ids of those that had to be done by now, and whose end nobody asked for yet."""
    table = workflow_run.c
    query = select(table.id).where(
        table.state.in_((RunState.QUEUED.value, RunState.RUNNING.value)),
        table.deadline_at <= time_text(tx.now),
        table.cancel_asked_at.is_(None),
    )
    return tuple(row["id"] for row in tx.rows(query.order_by(table.id).limit(limit)))


# ---------------------------------------------------------------- nodes


def insert_nodes(tx: Tx, values: Sequence[Node]) -> None:
    """New rows."""
    rows = [{"tenant": tx.tenant, **_node_columns(one)} for one in values]
    if rows:
        tx.connection.execute(workflow_node.insert(), rows)
    for one in values:
        nodes = tx.held.get(_nodes_of(one.run))
        if nodes is not None:
            nodes[one.id] = one


def update_node(tx: Tx, value: Node) -> None:
    """The row of ``value.id`` as ``value`` says."""
    where = (workflow_node.c.tenant == tx.tenant, workflow_node.c.id == value.id)
    tx.connection.execute(workflow_node.update().where(*where), _node_columns(value))
    nodes = tx.held.get(_nodes_of(value.run))
    if nodes is not None:
        nodes[value.id] = value


def find_node(tx: Tx, node_id: str) -> Node:
    """Raises UnknownRun."""
    for nodes in tx.held.values():
        if isinstance(nodes, dict) and node_id in nodes:
            found: Node = nodes[node_id]
            return found
    row = tx.row(
        select(workflow_node).where(
            workflow_node.c.tenant == tx.tenant, workflow_node.c.id == node_id
        )
    )
    if row is None:
        raise UnknownRun(
            f"there is no step {node_id[:60]!r} of a run",
            remedy=Remedy("List runs.", "stella run list"),
            node=node_id[:60],
        )
    return _node(row)


def list_nodes(tx: Tx, run_id: str) -> tuple[Node, ...]:
    """Of a run, in the order in which they were made."""
    held: dict[str, Node] | None = tx.held.get(_nodes_of(run_id))
    if held is not None:
        return tuple(sorted(held.values(), key=lambda one: one.position))
    table = workflow_node.c
    query = select(workflow_node).where(table.tenant == tx.tenant, table.run == run_id)
    found = tuple(map(_node, tx.rows(query.order_by(table.position))))
    if run_id in tx.held:
        tx.held[_nodes_of(run_id)] = {one.id: one for one in found}
    return found


def due_nodes(tx: Tx, limit: int) -> tuple[str, ...]:
    """Ids of those that are to be looked at by now."""
    table = workflow_node.c
    query = select(table.id).where(table.look_at <= time_text(tx.now))
    return tuple(row["id"] for row in tx.rows(query.order_by(table.look_at, table.id).limit(limit)))


def nodes_waiting_for(tx: Tx, what: str) -> tuple[Node, ...]:
    """Those that wait for it, ``KIND:ID``."""
    table = workflow_node.c
    query = select(workflow_node).where(
        table.tenant == tx.tenant,
        table.waits_for == what,
        table.state == NodeState.WAITING.value,
    )
    return tuple(map(_node, tx.rows(query.order_by(table.id))))


def nodes_cut_off(tx: Tx, taker: str) -> tuple[Node, ...]:
    """Those that the durable run of that fact had begun when it was ended."""
    table = workflow_node.c
    query = select(workflow_node).where(
        table.tenant == tx.tenant,
        table.taken_by == taker,
        table.state == NodeState.RUNNING.value,
    )
    return tuple(map(_node, tx.rows(query.order_by(table.id))))


def _run_columns(value: Run) -> dict[str, Any]:
    texts = {name: _text(getattr(value, name)) for name in _JSON}
    return columns_of(value, state=value.state.value, **texts)


def _run(row: Any) -> Run:
    held = fields_of(row)
    texts = {name: json.loads(held[name]) for name in _JSON}
    texts["roles"] = tuple(texts["roles"])
    return Run(**held | texts | {"state": RunState(held["state"])})


def _node_columns(value: Node) -> dict[str, Any]:
    inputs = None if value.inputs is None else _text(value.inputs)
    return columns_of(
        value,
        state=value.state.value,
        item_value=_text(value.item_value),
        inputs=inputs,
        outputs=_text(value.outputs),
    )


def _node(row: Any) -> Node:
    held = fields_of(row)
    texts = {name: json.loads(held[name]) for name in ("item_value", "outputs")}
    texts["inputs"] = None if held["inputs"] is None else json.loads(held["inputs"])
    return Node(**held | texts | {"state": NodeState(held["state"])})


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
