"""Close the packet of a take-down: what was taken away, by whose word, and what was left."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from stella.deployment.store import (
    Artifact,
    TargetDeployment,
    list_artifacts,
    list_target_deployments,
)
from stella.deployment.take_down.decide import TakeDownInput
from stella.deployment.take_down.plan import read_take_down_plan
from stella.deployment.take_down.store import TakeDown, find_take_down
from stella.evidence import names
from stella.evidence.collect import told_entries
from stella.evidence.keep import Proving, keep_packet
from stella.evidence.packet import PacketKind
from stella.evidence.store import Kept
from stella.kernel import Digest, Json, canonical_json
from stella.promotion.model import document
from stella.record.read import facts_about, facts_before
from stella.record.transaction import StoredFact, Tx
from stella.trust import TAKE_DOWN, sign_statement


def keep_take_down_packet(
    tx: Tx, take_down_id: str, logs: Mapping[str, bytes], proving: Proving
) -> Kept | None:
    """Close the packet of an ended take-down; None where this cause closed it already.

    logs: target -> what its execution printed.
    """
    if tx.has_caused("EvidenceSealed", take_down_id):
        return None
    value = find_take_down(tx, take_down_id)
    targets = list_target_deployments(tx, value.id)
    orders = [one.order for one in targets if one.order is not None]
    facts = list(facts_about(tx, [value.id, *(one.id for one in targets), *orders]))
    facts += _relied_on(tx, value, facts, proving)
    entries = {
        **_documents(tx, value, targets, logs, proving),
        **told_entries(tx, facts, proving.person_of),
        names.TRUSTED_ROOT: proving.root.to_json(),
    }
    return keep_packet(
        tx, PacketKind.TAKE_DOWN, value.id, value.environment, entries=entries, proving=proving
    )


def _relied_on(
    tx: Tx, value: TakeDown, facts: list[StoredFact], proving: Proving
) -> Iterator[StoredFact]:
    """How the environment was applied last by then, and that each deployment that is taken away began."""
    begun = next(one for one in facts if one.kind == "TakeDownStarted")
    kind = "EnvironmentApplied"
    yield from facts_before(tx, begun.position, limit=1, subject=value.environment, kind=kind)
    plan = read_take_down_plan(proving.blobs.get(Digest(value.plan)))
    deployments = sorted({one.deployment for one in plan.targets})
    yield from (one for one in facts_about(tx, deployments) if one.kind == "DeploymentStarted")


def _documents(
    tx: Tx,
    value: TakeDown,
    targets: tuple[TargetDeployment, ...],
    logs: Mapping[str, bytes],
    proving: Proving,
) -> dict[str, bytes]:
    """What it was decided by and what was done, signed; artifacts and logs."""
    blobs, artifacts = proving.blobs, list_artifacts(tx, value.id)
    said = _said(value, targets, artifacts)
    given = blobs.get(Digest(value.input))
    snapshot = msgspec.json.decode(given, type=TakeDownInput).environment.configuration
    entries = {
        names.TAKE_DOWN_INPUT: given,
        names.TAKE_DOWN_RECORD: blobs.get(Digest(value.record)),
        names.TAKE_DOWN_PLAN: blobs.get(Digest(value.plan)),
        names.CONFIGURATION: blobs.get(Digest(snapshot)),
        names.TAKE_DOWN: canonical_json(said),
        names.TAKE_DOWN_BUNDLE: sign_statement(
            proving.signer,
            subject_name=names.TAKE_DOWN_PLAN,
            subject=Digest(value.plan),
            predicate_type=TAKE_DOWN,
            predicate=said,
        ),
    }
    for one in artifacts:
        entries[names.removal_entry(one.target, one.name)] = blobs.get(Digest(one.digest))
    for target, log in logs.items():
        entries[names.log_entry(target)] = log
    return entries


def _said(
    value: TakeDown, targets: tuple[TargetDeployment, ...], artifacts: tuple[Artifact, ...]
) -> dict[str, Json]:
    return {
        "schema": 1,
        "id": value.id,
        "environment": value.environment,
        "state": value.state.value,
        "deployment": value.deployment,
        "release": value.release,
        "plan": value.plan,
        "input": value.input,
        "record": value.record,
        "requestedBy": document(value.requested_by),
        "reason": value.reason,
        "simulated": value.simulated,
        "startedAt": value.started_at,
        "endsAt": value.ends_at,
        "endedAt": value.ended_at,
        "targets": [_target(one) for one in targets],
        "artifacts": [
            {"target": one.target, "name": one.name, "digest": one.digest, "size": one.size}
            for one in artifacts
        ],
    }


def _target(one: TargetDeployment) -> dict[str, Any]:
    return {
        "target": one.target,
        "connector": one.connector,
        "agent": one.agent,
        "order": one.order,
        "state": one.state.value,
        "startedAt": one.started_at,
        "endedAt": one.ended_at,
        "code": one.code,
        "message": one.message,
        "running": [dict(item) for item in one.running],
    }
