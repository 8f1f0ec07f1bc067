"""Deployments: how far each target is, what was made for it, what its agent prints."""

from typing import Any

from stella.api.views.base import PersonView, View, person_view
from stella.api.views.evidence import EvidenceRef, evidence_ref
from stella.api.views.looking import Looking
from stella.api.views.releases import ReleaseRef, release_ref
from stella.deployment.lifecycle import DeploymentState, StepState, TargetState
from stella.deployment.step_store import StepRun, list_steps
from stella.deployment.store import (
    Deployment,
    TargetDeployment,
    find_deployment,
    list_artifacts,
    list_target_deployments,
)
from stella.evidence.store import list_evidence
from stella.release.store import find_release


class RunningView(View):
    """One container as the agent saw it."""

    component: str | None
    name: str
    image: str
    digest: str | None
    state: str
    healthy: bool | None


class TargetView(View):
    """One target's part. purpose: "deploy", "undo" or "take_down"."""

    target: str
    connector: str
    agent: str
    state: TargetState
    purpose: str
    started_at: str | None
    ended_at: str | None
    code: str | None
    message: str | None
    running: list[RunningView]


class StepRunView(View):
    """One step of a deployment. phase: "before" or "after" its targets. purpose: "run", or "undo" where
    it is taken back. inputs: their digest; they stand in the plan. message: why it did not pass, or
    what troubled the last attempt.
    """

    name: str
    phase: str
    purpose: str
    step: str
    plugin: str
    version: str
    inputs: str
    state: StepState
    attempts: int
    attempts_max: int
    started_at: str | None
    ended_at: str | None
    code: str | None
    message: str | None
    summary: str | None
    outputs: dict[str, Any]


class ArtifactView(View):
    """A generated file. target: None for what belongs to the whole."""

    name: str
    target: str | None
    digest: str
    size: int


class DeploymentView(View):
    """A deployment as the API shows it."""

    id: str
    promotion: str
    release: ReleaseRef
    environment: str
    state: DeploymentState
    started_at: str
    ended_at: str | None
    requested_by: PersonView
    rollback: bool
    simulated: bool
    previous: ReleaseRef | None
    plan: str
    record: str
    targets: list[TargetView]
    steps: list[StepRunView]
    artifacts: list[ArtifactView]
    evidence: list[EvidenceRef]


class LogLineView(View):
    """One line that an agent printed. seq: its place in the deployment's log."""

    seq: int
    target: str
    at: str
    line: str


def deployment_view(looking: Looking, deployment: Deployment) -> DeploymentView:
    """A deployment with its targets and artifacts."""
    tx = looking.tx
    before = looking.once(find_deployment, deployment.previous) if deployment.previous else None
    return DeploymentView(
        id=deployment.id,
        promotion=deployment.promotion,
        release=release_ref(looking.once(find_release, deployment.release)),
        environment=deployment.environment,
        state=deployment.state,
        started_at=deployment.started_at,
        ended_at=deployment.ended_at,
        requested_by=person_view(deployment.requested_by),
        rollback=deployment.rollback,
        simulated=deployment.simulated,
        previous=release_ref(looking.once(find_release, before.release)) if before else None,
        plan=deployment.plan,
        record=deployment.record,
        targets=[target_part(one) for one in list_target_deployments(tx, deployment.id)],
        steps=[_step(one) for one in list_steps(tx, deployment.id)],
        artifacts=[
            ArtifactView(name=one.name, target=one.target or None, digest=one.digest, size=one.size)
            for one in list_artifacts(tx, deployment.id)
        ],
        evidence=[evidence_ref(one) for one in list_evidence(tx, subject=deployment.id)],
    )


def running_view(one: dict[str, Any]) -> RunningView:
    """A container as an agent reported it."""
    return RunningView.model_validate({name: one.get(name) for name in RunningView.model_fields})


def _step(one: StepRun) -> StepRunView:
    return StepRunView(
        name=one.name,
        phase=one.phase,
        purpose=one.purpose,
        step=one.step,
        plugin=one.plugin,
        version=one.version,
        inputs=one.inputs,
        state=one.state,
        attempts=one.attempts,
        attempts_max=one.attempts_max,
        started_at=one.started_at,
        ended_at=one.ended_at,
        code=one.code,
        message=one.message,
        summary=one.summary,
        outputs=one.outputs,
    )


def target_part(one: TargetDeployment) -> TargetView:
    """One target's part, of a deployment or a take-down."""
    return TargetView(
        target=one.target,
        connector=one.connector,
        agent=one.agent,
        state=one.state,
        purpose=one.purpose,
        started_at=one.started_at,
        ended_at=one.ended_at,
        code=one.code,
        message=one.message,
        running=[running_view(item) for item in one.running],
    )
