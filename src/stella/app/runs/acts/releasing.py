"""Steps about releases: made, scanned, judged, asked for, taken back."""

from collections.abc import Mapping
from typing import Any

from stella.app.carrying import Work
from stella.app.runs.acts.act import MESSAGE_MAX, OUT, TEXT, Act, Found, Inputs
from stella.finding.facts import ImageScanned
from stella.finding.lifecycle import ScanState
from stella.finding.scan import request_scan
from stella.finding.store import Scan, scan_by_id, scan_of_platform
from stella.identity import Permission
from stella.kernel import Json
from stella.promotion.evaluate import preview_promotion
from stella.promotion.lifecycle import PROMOTION, State
from stella.promotion.model import GateState
from stella.promotion.request import (
    deployable,
    promotable,
    request_promotion,
    request_rollback,
)
from stella.promotion.store import find_promotion
from stella.record import Tx, last_fact
from stella.release.create import create_release, resolve_components
from stella.workflow.definition.kinds import StepKind, Way, object_schema
from stella.workflow.definition.model import DAY_S
from stella.workflow.errors import WaitedForFailed
from stella.workflow.run.lifecycle import NodeState
from stella.workflow.run.model import NodeEnding, Run

_REASONS_SHOWN = 5


def _promote(tx: Tx, work: Work, run: Run, inputs: Inputs, prepared: Any) -> Found:
    del prepared
    made = request_promotion(
        tx,
        work.proving.person_of(tx, run.by),
        release=str(inputs["release"]),
        environment=str(inputs["environment"]),
        reason=str(inputs.get("reason", "")) or f"{run.workflow}, {run.id}",
        change_ticket=str(inputs.get("changeTicket", "")),
    )
    if not inputs.get("wait", True):
        outputs = {"promotion": made.id, "state": made.state.value, "deployment": ""}
        return NodeEnding(NodeState.SUCCEEDED, summary=f"{made.id} is asked for", outputs=outputs)
    return f"promotion:{made.id}"


def how_promotion_stands(tx: Tx, subject: str) -> NodeEnding | None:
    """What became of a promotion; None while it goes on."""
    found = find_promotion(tx, subject)
    if not PROMOTION.is_final(found.state):
        return None
    outputs = {
        "promotion": found.id,
        "state": found.state.value,
        "deployment": found.deployment or "",
    }
    if found.state is State.DEPLOYED:
        summary = f"{found.id} is deployed in {found.environment}"
        return NodeEnding(NodeState.SUCCEEDED, summary=summary, outputs=outputs)
    state = NodeState.ERRORED if found.state is State.ERRORED else NodeState.FAILED
    message = f"{found.id} into {found.environment} is {found.state.value} (stella why {found.id})"
    return NodeEnding(state, WaitedForFailed.code, message)


def _resolve(work: Work, roles: frozenset[str], inputs: Inputs) -> Any:
    return resolve_components(
        lambda host: work.registry_for(host, roles), dict(inputs["components"])
    )


def _create(tx: Tx, work: Work, run: Run, inputs: Inputs, prepared: Any) -> Found:
    del run
    made = create_release(
        tx,
        work.blobs,
        name=str(inputs["name"]),
        version=str(inputs["version"]),
        components=prepared,
        channel=str(inputs.get("channel", "")),
    )
    outputs = {"release": made.id, "digest": made.digest}
    return NodeEnding(
        NodeState.SUCCEEDED, summary=f"{made.name} {made.version} is {made.id}", outputs=outputs
    )


def _scan(tx: Tx, work: Work, run: Run, inputs: Inputs, prepared: Any) -> Found:
    del work, run, prepared
    return f"scan:{request_scan(tx, str(inputs['image']), 'workflow').id}"


def how_scan_stands(tx: Tx, subject: str) -> NodeEnding | None:
    """What became of a scan; None while it goes on."""
    found = scan_by_id(tx, subject) or _scan_since(tx, subject)
    if found is None or found.state is ScanState.PENDING:
        return None
    if found.state is not ScanState.DONE:
        message = f"{found.reference} could not be scanned (stella scan {found.reference})"
        return NodeEnding(NodeState.ERRORED, WaitedForFailed.code, message)
    outputs: dict[str, Json] = {"image": found.image or "", "counts": dict(found.counts or {})}
    return NodeEnding(NodeState.SUCCEEDED, summary=f"{found.reference} is scanned", outputs=outputs)


def _scan_since(tx: Tx, subject: str) -> Scan | None:
    """The scan that took the place of one that had ended: another was asked for of the same platform."""
    fact = last_fact(tx, ImageScanned.__name__, subject)
    return None if fact is None else scan_of_platform(tx, str(fact.data["platform_digest"]))


def _roll_back(tx: Tx, work: Work, run: Run, inputs: Inputs, prepared: Any) -> Found:
    del prepared
    made = request_rollback(
        tx,
        work.proving.person_of(tx, run.by),
        environment=str(inputs["environment"]),
        reason=str(inputs["reason"]),
        release=str(inputs["release"]) if "release" in inputs else None,
        change_ticket=str(inputs.get("changeTicket", "")),
    )
    return f"promotion:{made.id}"


def _gate(tx: Tx, work: Work, run: Run, inputs: Inputs, prepared: Any) -> Found:
    """What the gates would say of a promotion now; what waits for people or a time is no objection."""
    del prepared
    environment = str(inputs["environment"])
    release = promotable(tx, str(inputs["release"]))
    deployable(tx, environment)
    decision, _ = preview_promotion(
        tx, work.proving.person_of(tx, run.by), release, environment, work.deciding
    )
    gates = [one for one in decision.gates if one.state in {GateState.BLOCKED, GateState.UNKNOWN}]
    outputs: dict[str, Json] = {
        "outcome": decision.outcome.value,
        "planDigest": decision.plan_digest,
        "gates": [one.name for one in gates],
    }
    into = f"{release.name} {release.version} into {environment}"
    if decision.outcome in {GateState.PASS, GateState.WAITING}:
        summary = f"nothing speaks against {into}"
        return NodeEnding(NodeState.SUCCEEDED, summary=summary, outputs=outputs)
    reasons = [reason.message for one in gates for reason in one.reasons][:_REASONS_SHOWN]
    message = f"{into} is {decision.outcome.value}: {'; '.join(reasons)}"
    if decision.outcome is GateState.BLOCKED:
        return NodeEnding(NodeState.FAILED, WaitedForFailed.code, message[:MESSAGE_MAX])
    return NodeEnding(
        NodeState.ERRORED, WaitedForFailed.code, message[:MESSAGE_MAX], retry_may_help=True
    )


_PROMOTED = object_schema((), promotion=OUT, state=OUT, deployment=OUT)

RELEASING: Mapping[str, Act] = {
    "promote": Act(
        StepKind(
            "promote",
            Way.ACT,
            "Promote",
            "Asks for a release in an environment, and waits until it is deployed there.",
            object_schema(
                ("release", "environment"),
                release=TEXT,
                environment=TEXT,
                reason={"type": "string", "maxLength": 1000},
                changeTicket={"type": "string", "maxLength": 200},
                wait={"type": "boolean", "default": True},
            ),
            _PROMOTED,
            timeout_s=7 * DAY_S,
        ),
        Permission.PROMOTION_REQUEST,
        _promote,
    ),
    "create-release": Act(
        StepKind(
            "create-release",
            Way.ACT,
            "Create release",
            "Resolves each image reference to a digest, once, and seals the set.",
            object_schema(
                ("name", "version", "components"),
                name=TEXT,
                version=TEXT,
                components={"type": "object", "additionalProperties": TEXT, "minProperties": 1},
                channel=TEXT,
            ),
            object_schema((), release=OUT, digest=OUT),
            attempts_max=3,
        ),
        Permission.RELEASE_CREATE,
        _create,
        _resolve,
    ),
    "scan": Act(
        StepKind(
            "scan",
            Way.ACT,
            "Scan",
            "Scans an image, and waits for what is found.",
            object_schema(("image",), image=TEXT),
            object_schema(
                (),
                image=OUT,
                counts={"type": "object", "additionalProperties": {"type": "integer"}},
            ),
        ),
        Permission.IMAGE_SCAN,
        _scan,
    ),
    "rollback": Act(
        StepKind(
            "rollback",
            Way.ACT,
            "Roll back",
            "Asks for what ran before, or an earlier release, and waits until it is deployed again.",
            object_schema(
                ("environment", "reason"),
                environment=TEXT,
                reason={"type": "string", "minLength": 1, "maxLength": 1000},
                release=TEXT,
                changeTicket={"type": "string", "maxLength": 200},
            ),
            _PROMOTED,
            timeout_s=7 * DAY_S,
        ),
        Permission.DEPLOYMENT_OPERATE,
        _roll_back,
    ),
    "gate": Act(
        StepKind(
            "gate",
            Way.ACT,
            "Gate",
            "Asks what the gates would say of a release in an environment. Nothing is asked for.",
            object_schema(("release", "environment"), release=TEXT, environment=TEXT),
            object_schema((), outcome=OUT, planDigest=OUT, gates={"type": "array", "items": OUT}),
            attempts_max=3,
        ),
        Permission.PROMOTION_REQUEST,
        _gate,
    ),
}
"""Step type -> how it is done."""
