"""Take-downs: what goes away on which target, how far it is, and what is against it."""

from typing import Any

import msgspec

from stella.api.views.base import PersonView, View, person_view
from stella.api.views.deployments import ArtifactView, TargetView, target_part
from stella.api.views.evidence import EvidenceRef, evidence_ref
from stella.api.views.looking import Looking
from stella.api.views.releases import ReleaseRef, release_ref
from stella.deployment.lifecycle import TakeDownState
from stella.deployment.store import list_artifacts, list_target_deployments
from stella.deployment.take_down.begin import Foreseen
from stella.deployment.take_down.plan import TakeDownPlan, TakenTarget, read_take_down_plan
from stella.deployment.take_down.store import TakeDown
from stella.evidence.store import list_evidence
from stella.kernel import Digest
from stella.release.store import find_release


class RemovalActionView(View):
    """One step on the host. argv: empty where the agent does it itself."""

    verb: str
    subject: str
    argv: list[str]


class RemovalView(View):
    """What goes away on one target. deployment: the last that began something there.

    components: name -> digest, of that deployment. reach: the way to the host from the agent, null where
    that is the agent's own.
    """

    target: str
    deployment: str
    release: str
    version: str
    connector: str
    agent: str
    project: str
    components: dict[str, str]
    actions: list[RemovalActionView]
    reach: dict[str, Any] | None


class ForeseenView(View):
    """What a take-down would do now. against: why it may not be, empty where it may."""

    environment: str
    plan_digest: str
    targets: list[RemovalView]
    against: list[str]


class TakeDownView(View):
    """A take-down as the API shows it. ends_at: the end of the environment that began it.

    release: what ran there; null where no deployment had succeeded.
    """

    id: str
    environment: str
    state: TakeDownState
    release: ReleaseRef | None
    requested_by: PersonView
    reason: str
    plan_digest: str
    started_at: str
    ended_at: str | None
    ends_at: str | None
    simulated: bool
    planned: list[RemovalView]
    targets: list[TargetView]
    artifacts: list[ArtifactView]
    evidence: list[EvidenceRef]


def foreseen_view(environment: str, foreseen: Foreseen) -> ForeseenView:
    """What would go, and what is against it."""
    return ForeseenView(
        environment=environment,
        plan_digest=foreseen.digest,
        targets=_removals(foreseen.plan),
        against=list(foreseen.against),
    )


def take_down_view(looking: Looking, value: TakeDown) -> TakeDownView:
    """A take-down with its targets and artifacts."""
    tx = looking.tx
    release = looking.once(find_release, value.release) if value.release else None
    return TakeDownView(
        id=value.id,
        environment=value.environment,
        state=value.state,
        release=release_ref(release) if release else None,
        requested_by=person_view(value.requested_by),
        reason=value.reason,
        plan_digest=value.plan,
        started_at=value.started_at,
        ended_at=value.ended_at,
        ends_at=value.ends_at,
        simulated=value.simulated,
        planned=_removals(read_take_down_plan(looking.blobs.get(Digest(value.plan)))),
        targets=[target_part(one) for one in list_target_deployments(tx, value.id)],
        artifacts=[
            ArtifactView(name=one.name, target=one.target or None, digest=one.digest, size=one.size)
            for one in list_artifacts(tx, value.id)
        ],
        evidence=[evidence_ref(one) for one in list_evidence(tx, subject=value.id)],
    )


def _removals(plan: TakeDownPlan) -> list[RemovalView]:
    return [_removal(one) for one in plan.targets]


def _removal(one: TakenTarget) -> RemovalView:
    return RemovalView(
        target=one.target,
        deployment=one.deployment,
        release=one.release.name,
        version=one.release.version,
        connector=one.connector,
        agent=one.agent,
        project=one.project,
        components={service.component: service.digest for service in one.services},
        actions=[
            RemovalActionView(verb=action.verb, subject=action.subject, argv=list(action.argv))
            for action in one.actions
        ],
        reach=None if one.reach is msgspec.UNSET else one.reach,
    )
