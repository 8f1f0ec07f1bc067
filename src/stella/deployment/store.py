"""The tables of deployments, their targets and the artifacts made for them."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, select

from stella.deployment.errors import UnknownArtifact, UnknownDeployment
from stella.deployment.lifecycle import DeploymentState, TargetState
from stella.environment.emptied import emptied_after
from stella.kernel import Remedy
from stella.promotion.model import Person, person_of, person_text
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx

deployment = Table(
    "deployment",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("promotion", String(40), nullable=False, unique=True),
    Column("release", String(40), nullable=False),
    Column("environment", String(80), nullable=False),
    Column("state", String(20), nullable=False),
    Column("plan", String(71), nullable=False),
    Column("record", String(71), nullable=False),
    Column("previous", String(40)),
    Column("requested_by", Text, nullable=False),
    Column("rollback", Boolean, nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("started_at", String(27), nullable=False),
    Column("ended_at", String(27)),
    Index(None, "environment", "state"),
)

target_deployment = Table(
    "target_deployment",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("deployment", String(40), nullable=False),
    Column("position", Integer, nullable=False),
    Column("target", String(80), nullable=False),
    Column("purpose", String(20), nullable=False),
    Column("connector", String(80), nullable=False),
    Column("agent", String(80), nullable=False),
    Column("plan", String(71), nullable=False),
    Column("sticker", String(71)),
    Column("state", String(20), nullable=False),
    Column("order", String(40)),
    Column("started_at", String(27)),
    Column("ended_at", String(27)),
    Column("code", String(40)),
    Column("message", Text),
    Column("running", Text, nullable=False),
    Column("project", String(80)),
    Index(None, "deployment"),
    Index(None, "order"),
    Index(None, "tenant", "agent", "project"),
)

artifact = Table(
    "artifact",
    metadata,
    Column("deployment", String(40), primary_key=True),
    Column("target", String(80), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("digest", String(71), nullable=False),
    Column("size", Integer, nullable=False),
    Index(None, "digest"),
)


@dataclass(frozen=True, slots=True)
class Deployment:
    """One release on its way into one environment. plan, record: digests of documents.

    previous: the deployment whose release ran there before, None where nothing did.
    """

    id: str
    promotion: str
    release: str
    environment: str
    state: DeploymentState
    plan: str
    record: str
    previous: str | None
    requested_by: Person
    rollback: bool
    simulated: bool
    started_at: str
    ended_at: str | None = None


@dataclass(frozen=True, slots=True)
class TargetDeployment:
    """One target's part. purpose: "deploy" or "undo", or "take_down". plan: digest of its plan.

    deployment: or the take-down that it is a part of.
    order: the agent's order; project: the one that it names, None until there is an order.
    running: what the agent saw run afterwards, as it reported it.
    """

    id: str
    deployment: str
    position: int
    target: str
    purpose: str
    connector: str
    agent: str
    plan: str
    state: TargetState
    sticker: str | None = None
    order: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    code: str | None = None
    message: str | None = None
    running: tuple[dict[str, Any], ...] = ()
    project: str | None = None


@dataclass(frozen=True, slots=True)
class Artifact:
    """A generated file. target: "" for what belongs to the whole deployment. size in bytes."""

    deployment: str
    target: str
    name: str
    digest: str
    size: int


def insert_deployment(tx: Tx, value: Deployment) -> None:
    """A new row."""
    tx.connection.execute(deployment.insert(), {"tenant": tx.tenant, **_deployment_columns(value)})


def update_deployment(tx: Tx, value: Deployment) -> None:
    """The row of ``value.id`` as ``value`` says."""
    tx.connection.execute(
        deployment.update().where(deployment.c.tenant == tx.tenant, deployment.c.id == value.id),
        _deployment_columns(value),
    )


def find_deployment(tx: Tx, deployment_id: str, *, lock: bool = False) -> Deployment:
    """Raises UnknownDeployment."""
    query = select(deployment).where(
        deployment.c.tenant == tx.tenant, deployment.c.id == deployment_id
    )
    row = tx.row(query.with_for_update() if lock else query)
    if row is None:
        raise UnknownDeployment(
            f"there is no deployment {deployment_id[:60]!r}",
            remedy=Remedy("List them.", command="stella deploy list"),
            deployment=deployment_id[:60],
        )
    return _deployment(row)


def list_deployments(
    tx: Tx,
    *,
    environment: str | None = None,
    states: frozenset[DeploymentState] | None = None,
    release: str | None = None,
    after: str | None = None,
    ended_by: str | None = None,
    limit: int = 100,
) -> tuple[Deployment, ...]:
    """The newest first. after: the last id of the page before. ended_by: a time, for "as of"."""
    query = select(deployment).where(deployment.c.tenant == tx.tenant)
    if environment is not None:
        query = query.where(deployment.c.environment == environment)
    if states is not None:
        query = query.where(deployment.c.state.in_(sorted(state.value for state in states)))
    if release is not None:
        query = query.where(deployment.c.release == release)
    if after is not None:
        query = query.where(deployment.c.id < after)
    if ended_by is not None:
        query = query.where(deployment.c.ended_at <= ended_by)
    rows = tx.rows(query.order_by(deployment.c.id.desc()).limit(limit))
    return tuple(_deployment(row) for row in rows)


def list_open_deployments(tx: Tx) -> tuple[Deployment, ...]:
    """Those that have not ended."""
    query = select(deployment).where(
        deployment.c.tenant == tx.tenant,
        deployment.c.state.in_((DeploymentState.RUNNING.value, DeploymentState.UNDOING.value)),
    )
    return tuple(_deployment(row) for row in tx.rows(query.order_by(deployment.c.id)))


def current_deployment(tx: Tx, environment: str, at: str | None = None) -> Deployment | None:
    """The last deployment that succeeded there (up to the time ``at``): what should run now.

    None also where it was taken down since.
    """
    found = list_deployments(
        tx,
        environment=environment,
        states=frozenset({DeploymentState.SUCCEEDED}),
        ended_by=at,
        limit=1,
    )
    if not found or found[0].id <= emptied_after(tx, environment, at):
        return None
    return found[0]


def insert_target(tx: Tx, value: TargetDeployment) -> None:
    """A new row."""
    tx.connection.execute(
        target_deployment.insert(), {"tenant": tx.tenant, **_target_columns(value)}
    )


def update_target(tx: Tx, value: TargetDeployment) -> None:
    """The row of ``value.id`` as ``value`` says."""
    tx.connection.execute(
        target_deployment.update().where(
            target_deployment.c.tenant == tx.tenant, target_deployment.c.id == value.id
        ),
        _target_columns(value),
    )


def find_target(tx: Tx, target_deployment_id: str) -> TargetDeployment:
    """Raises UnknownDeployment."""
    row = tx.row(
        select(target_deployment).where(
            target_deployment.c.tenant == tx.tenant,
            target_deployment.c.id == target_deployment_id,
        )
    )
    if row is None:
        raise UnknownDeployment(
            f"there is no target deployment {target_deployment_id[:60]!r}",
            remedy=Remedy("List deployments.", command="stella deploy list"),
        )
    return _target(row)


def list_target_deployments(tx: Tx, deployment_id: str) -> tuple[TargetDeployment, ...]:
    """In the order of their turns."""
    query = select(target_deployment).where(
        target_deployment.c.tenant == tx.tenant, target_deployment.c.deployment == deployment_id
    )
    return tuple(_target(row) for row in tx.rows(query.order_by(target_deployment.c.position)))


def put_artifact(tx: Tx, value: Artifact) -> None:
    """A new row; artifacts never change."""
    tx.connection.execute(artifact.insert(), {"tenant": tx.tenant, **columns_of(value)})


def list_artifacts(tx: Tx, deployment_id: str) -> tuple[Artifact, ...]:
    """By target and name."""
    query = (
        select(artifact)
        .where(artifact.c.tenant == tx.tenant, artifact.c.deployment == deployment_id)
        .order_by(artifact.c.target, artifact.c.name)
    )
    return tuple(_artifact(row) for row in tx.rows(query))


def find_artifact(tx: Tx, digest: str) -> Artifact:
    """Raises UnknownArtifact."""
    row = tx.row(
        select(artifact).where(artifact.c.tenant == tx.tenant, artifact.c.digest == digest).limit(1)
    )
    if row is None:
        raise UnknownArtifact(
            f"no deployment made an artifact {digest[:80]}",
            remedy=Remedy("Take the digest from a deployment.", command="stella deploy show ID"),
        )
    return _artifact(row)


def _deployment_columns(value: Deployment) -> dict[str, Any]:
    return columns_of(value, state=value.state.value, requested_by=person_text(value.requested_by))


def _deployment(row: Any) -> Deployment:
    values = fields_of(row)
    values["state"] = DeploymentState(values["state"])
    values["requested_by"] = person_of(values["requested_by"])
    return Deployment(**values)


def _target_columns(value: TargetDeployment) -> dict[str, Any]:
    running = json.dumps(list(value.running), sort_keys=True)
    return columns_of(value, state=value.state.value, running=running)


def _target(row: Any) -> TargetDeployment:
    values = fields_of(row)
    values["state"] = TargetState(values["state"])
    values["running"] = tuple(json.loads(values["running"]))
    return TargetDeployment(**values)


def _artifact(row: Any) -> Artifact:
    return Artifact(**fields_of(row))
