"""Steps that look at what runs."""

from collections.abc import Mapping
from typing import Any

from stella.app.carrying import Work
from stella.app.runs.acts.act import MESSAGE_MAX, TEXT, Act, Found, Inputs
from stella.deployment.drift import Drift, Health, Observed, observe
from stella.deployment.plan import PlannedTarget, read_plan
from stella.deployment.store import current_deployment, list_target_deployments
from stella.environment.store import find_environment
from stella.fleet.presence import reported_running
from stella.identity import Permission
from stella.kernel import Digest, Json
from stella.record import Tx
from stella.release.store import find_release
from stella.workflow.definition.kinds import StepKind, Way, object_schema
from stella.workflow.errors import WaitedForFailed
from stella.workflow.run.lifecycle import NodeState
from stella.workflow.run.model import NodeEnding, Run

_OUT = {"type": "string"}


def _verify(tx: Tx, work: Work, run: Run, inputs: Inputs, prepared: Any) -> Found:
    """Whether what hosts report is what was deployed. What has not been reported is no pass."""
    del run, prepared
    environment = find_environment(tx, str(inputs["environment"])).name
    found = current_deployment(tx, environment)
    if found is None:
        return _ending(NodeState.FAILED, f"nothing was deployed in {environment}")
    release = find_release(tx, found.release)
    outputs: dict[str, Json] = {
        "release": release.id,
        "name": release.name,
        "version": release.version,
        "deployment": found.id,
    }
    if "release" in inputs and find_release(tx, str(inputs["release"])).digest != release.digest:
        words = f"{release.name} {release.version} was deployed in {environment}, and no other"
        return _ending(NodeState.FAILED, words)
    plan = read_plan(work.blobs.get(Digest(found.plan)))
    ends = {one.target: one.ended_at or "" for one in list_target_deployments(tx, found.id)}
    seen = [
        (target.target, one)
        for target in plan.targets
        for one in observe(target, _reported(tx, target, ends.get(target.target, "")))
    ]
    unlike = [
        words
        for target, one in seen
        if one.drift is not Drift.NONE or _is_ill(one)
        for words in (_words(target, one),)
    ]
    if not unlike:
        count = f"{len(seen)} container{'s' if len(seen) != 1 else ''}"
        summary = f"{release.name} {release.version} runs in {environment}, {count}"
        return NodeEnding(NodeState.SUCCEEDED, summary=summary, outputs=outputs)
    is_known = any(one.drift is Drift.DRIFTED or _is_ill(one) for _, one in seen)
    state = NodeState.FAILED if is_known else NodeState.ERRORED
    return _ending(state, f"{environment}: {'; '.join(unlike)}")


def _reported(tx: Tx, target: PlannedTarget, since: str) -> list[dict[str, Any]] | None:
    """What was reported before the deployment had ended there says nothing of it."""
    return reported_running(tx, target.agent, target.project, since=since)


def _is_ill(one: Observed) -> bool:
    return one.drift is Drift.NONE and one.health is Health.UNHEALTHY


def _words(target: str, one: Observed) -> str:
    return f"{one.component} on {target}: {one.detail or 'it is unhealthy'}"


def _ending(state: NodeState, words: str) -> NodeEnding:
    return NodeEnding(
        state, WaitedForFailed.code, words[:MESSAGE_MAX], retry_may_help=state is NodeState.ERRORED
    )


LOOKING: Mapping[str, Act] = {
    "verify": Act(
        StepKind(
            "verify",
            Way.ACT,
            "Verify",
            "Compares what hosts report, by digest, with what was deployed in an environment.",
            object_schema(("environment",), environment=TEXT, release=TEXT),
            object_schema((), release=_OUT, name=_OUT, version=_OUT, deployment=_OUT),
            attempts_max=5,  # agents report each half minute
        ),
        Permission.VIEW,
        _verify,
    ),
}
"""Step type -> how it is done."""
