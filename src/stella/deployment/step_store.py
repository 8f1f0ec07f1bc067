"""The table of the steps of deployments."""

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Index, Integer, String, Table, Text, and_, or_, select

from stella.deployment.errors import UnknownDeployment
from stella.deployment.lifecycle import DeploymentState, StepState
from stella.deployment.store import deployment
from stella.kernel import Remedy
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx

deployment_step = Table(
    "deployment_step",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("deployment", String(40), nullable=False),
    Column("position", Integer, nullable=False),
    Column("phase", String(10), nullable=False),
    Column("purpose", String(10), nullable=False),
    Column("name", String(80), nullable=False),
    Column("step", String(80), nullable=False),
    Column("plugin", String(80), nullable=False),
    Column("version", String(80), nullable=False),
    Column("inputs", String(71), nullable=False),
    Column("attempts_max", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("started_at", String(27)),
    Column("ended_at", String(27)),
    Column("code", String(40)),
    Column("message", Text),
    Column("summary", Text),
    Column("outputs", Text, nullable=False),
    Index(None, "deployment", "position"),
    Index(None, "plugin", "version", "state"),
)


@dataclass(frozen=True, slots=True)
class StepRun:
    """One step of a deployment. phase: "before" or "after" its targets. purpose: "run", or "undo" to
    take back what the step of that name did. inputs: their digest; they stand in the plan.
    attempts: begun so far.

    code, message: why it did not pass, or the last attempt's trouble. summary, outputs: of one that
    passed.
    """

    id: str
    deployment: str
    position: int
    phase: str
    name: str
    step: str
    plugin: str
    version: str
    inputs: str
    attempts_max: int
    state: StepState
    purpose: str = "run"
    attempts: int = 0
    started_at: str | None = None
    ended_at: str | None = None
    code: str | None = None
    message: str | None = None
    summary: str | None = None
    outputs: dict[str, Any] = field(default_factory=dict)


def insert_step(tx: Tx, value: StepRun) -> None:
    """A new row."""
    tx.connection.execute(deployment_step.insert(), {"tenant": tx.tenant, **_step_columns(value)})


def update_step(tx: Tx, value: StepRun) -> None:
    """The row of ``value.id`` as ``value`` says."""
    tx.connection.execute(
        deployment_step.update().where(
            deployment_step.c.tenant == tx.tenant, deployment_step.c.id == value.id
        ),
        _step_columns(value),
    )


def find_step(tx: Tx, step_id: str) -> StepRun:
    """Raises UnknownDeployment."""
    row = tx.row(
        select(deployment_step).where(
            deployment_step.c.tenant == tx.tenant, deployment_step.c.id == step_id
        )
    )
    if row is None:
        raise UnknownDeployment(
            f"there is no step {step_id[:60]!r} of a deployment",
            remedy=Remedy("List deployments.", command="stella deploy list"),
        )
    return _step(row)


def list_steps(tx: Tx, deployment_id: str) -> tuple[StepRun, ...]:
    """In the order of their turns."""
    query = select(deployment_step).where(
        deployment_step.c.tenant == tx.tenant, deployment_step.c.deployment == deployment_id
    )
    return tuple(_step(row) for row in tx.rows(query.order_by(deployment_step.c.position)))


def list_open_steps(tx: Tx, plugin: str, version: str | None = None) -> tuple[StepRun, ...]:
    """Steps that this plugin brings (in this version), and that have not ended or may be taken back."""
    is_open = deployment_step.c.state.in_((StepState.QUEUED.value, StepState.RUNNING.value))
    under_way = select(deployment.c.id).where(
        deployment.c.tenant == tx.tenant,
        deployment.c.state.in_((DeploymentState.RUNNING.value, DeploymentState.UNDOING.value)),
    )
    may_go_back = and_(deployment_step.c.deployment.in_(under_way), deployment_step.c.attempts > 0)
    query = select(deployment_step).where(
        deployment_step.c.tenant == tx.tenant,
        deployment_step.c.plugin == plugin,
        or_(is_open, may_go_back),
    )
    if version is not None:
        query = query.where(deployment_step.c.version == version)
    return tuple(_step(row) for row in tx.rows(query.order_by(deployment_step.c.id)))


def _step_columns(value: StepRun) -> dict[str, Any]:
    outputs = json.dumps(value.outputs, sort_keys=True)
    return columns_of(value, state=value.state.value, outputs=outputs)


def _step(row: Any) -> StepRun:
    values = fields_of(row)
    values["state"] = StepState(values["state"])
    values["outputs"] = json.loads(values["outputs"])
    return StepRun(**values)
