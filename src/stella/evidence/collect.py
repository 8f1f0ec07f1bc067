"""Gather what a packet holds: the documents, the statements, the facts, the people."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import select

from stella.blob import Blobs
from stella.deployment.step_store import StepRun, list_steps
from stella.deployment.steps import RUN, UNDO
from stella.deployment.store import (
    Artifact,
    Deployment,
    TargetDeployment,
    list_artifacts,
    list_target_deployments,
)
from stella.evidence import names
from stella.evidence.collect_relied import relied_facts
from stella.evidence.verify_facts import PacketFact, facts_bytes
from stella.kernel import Digest, Json, canonical_json
from stella.promotion.assemble import PersonOf
from stella.promotion.gates.oncall import rosters_named
from stella.promotion.known.tested import tests_relied_on
from stella.promotion.model import Decision, DecisionInput, ScanInput, document
from stella.promotion.store import Promotion
from stella.record.chain import GENESIS
from stella.record.read import facts_about
from stella.record.tables import fact as fact_table
from stella.record.transaction import StoredFact, Tx
from stella.release.store import find_release
from stella.trust import DEPLOYMENT, Signer, TrustRoot, sign_statement
from stella.vex import parse_weighing

Entries = dict[str, bytes]


def promotion_entries(
    tx: Tx,
    promotion: Promotion,
    blobs: Blobs,
    root: TrustRoot,
    person_of: PersonOf,
    *,
    also: Sequence[str] = (),
) -> Entries:
    """What a promotion's decision rests on, whatever it was. What was never decided has no decision.

    also: further subjects whose facts belong to it.
    """
    entries = _decision(promotion, blobs) if promotion.record else {}
    release = find_release(tx, promotion.release)
    entries[names.RELEASE_MANIFEST] = blobs.get(Digest(release.manifest))
    entries[names.TRUSTED_ROOT] = root.to_json()
    deployment = [promotion.deployment] if promotion.deployment else []
    subjects = [promotion.id, release.id, *deployment, *also]
    facts = list(facts_about(tx, subjects))
    if promotion.record:
        given = msgspec.json.decode(entries[names.DECISION_INPUT], type=DecisionInput)
        decision = msgspec.json.decode(entries[names.DECISION_RECORD], type=Decision)
        facts += relied_facts(tx, given, decision, before=_place_of_decision(facts, promotion))
    return entries | told_entries(tx, facts, person_of)


def _place_of_decision(facts: Iterable[StoredFact], promotion: Promotion) -> int | None:
    """Where the decision stands in the chain; None where that is not told."""
    for one in facts:
        if one.kind == "GatesDecided" and one.data.get("record") == promotion.record:
            return one.position
    return None


def deployment_entries(
    tx: Tx,
    deployment: Deployment,
    blobs: Blobs,
    signer: Signer,
    logs: Mapping[str, bytes],
) -> Entries:
    """What was carried out, signed: outcomes, artifacts, logs, what ran afterwards."""
    targets = list_target_deployments(tx, deployment.id)
    release = find_release(tx, deployment.release)
    artifacts = list_artifacts(tx, deployment.id)
    said: dict[str, Json] = {
        "schema": 1,
        "id": deployment.id,
        "promotion": deployment.promotion,
        "environment": deployment.environment,
        "state": deployment.state.value,
        "release": {
            "id": release.id,
            "name": release.name,
            "version": release.version,
            "digest": release.digest,
        },
        "plan": deployment.plan,
        "record": deployment.record,
        "previous": deployment.previous,
        "requestedBy": document(deployment.requested_by),
        "rollback": deployment.rollback,
        "simulated": deployment.simulated,
        "startedAt": deployment.started_at,
        "endedAt": deployment.ended_at,
        "targets": [_target(one) for one in targets],
        "artifacts": [{"target": one.target or None, **_file(one)} for one in artifacts],
    }
    steps = list_steps(tx, deployment.id)
    for key, purpose in (("steps", RUN), ("stepsUndone", UNDO)):
        if taken := [_step(one) for one in steps if one.purpose == purpose]:
            said[key] = taken
    entries = {
        names.DEPLOYMENT: canonical_json(said),
        names.DEPLOYMENT_BUNDLE: sign_statement(
            signer,
            subject_name=f"{release.name} {release.version}",
            subject=Digest(release.digest),
            predicate_type=DEPLOYMENT,
            predicate=said,
        ),
    }
    for one in artifacts:
        content = blobs.get(Digest(one.digest))
        entries[names.artifact_entry(one.target or None, one.name)] = content
    for target, log in logs.items():
        entries[names.log_entry(target)] = log
    for ended in targets:  # the last word about a target wins
        entries[names.running_entry(ended.target)] = canonical_json(list(ended.running))
    return entries


def _decision(promotion: Promotion, blobs: Blobs) -> Entries:
    assert promotion.input is not None, "a judged promotion has an input"
    assert promotion.record is not None, "a judged promotion has a record"
    assert promotion.bundle is not None, "a judged promotion has a signed record"
    entries = {
        names.DECISION_INPUT: blobs.get(Digest(promotion.input)),
        names.DECISION_RECORD: blobs.get(Digest(promotion.record)),
        names.DECISION_BUNDLE: blobs.get(Digest(promotion.bundle)),
    }
    given = msgspec.json.decode(entries[names.DECISION_INPUT], type=DecisionInput)
    entries[names.POLICY_BUNDLE] = blobs.get(Digest(given.policy))
    entries[names.CONFIGURATION] = blobs.get(Digest(given.environment.configuration))
    entries[names.DEPLOYMENT_PLAN] = blobs.get(Digest(given.deployment_plan))
    if given.running is not msgspec.UNSET:
        entries[names.RUNNING_BEFORE] = blobs.get(Digest(given.running))
    if given.environment.lifecycle is not msgspec.UNSET:
        entries[names.LIFECYCLE] = blobs.get(Digest(given.environment.lifecycle.document))
    entries |= _rosters(given, blobs)
    for approval in given.approvals:
        entries[names.approval_entry(approval.id)] = blobs.get(Digest(approval.bundle))
    entries |= _tested(given, blobs)
    for component in given.release.components:
        for scan in component.scans:
            platform = Digest(scan.digest)
            for name, digest in (
                (names.sbom_entry(platform), scan.sbom),
                (names.sbom_bundle_entry(platform), scan.sbom_bundle),
                (names.findings_entry(platform), scan.findings),
            ):
                if digest is not None:
                    entries[name] = blobs.get(Digest(digest))
            if scan.advisories is not None and scan.snapshot is not None:
                name = names.slice_entry(Digest(scan.snapshot), platform)
                entries[name] = blobs.get(Digest(scan.advisories))
            if scan.reached is not msgspec.UNSET:
                entries[names.reached_entry(platform)] = blobs.get(Digest(scan.reached))
            entries |= _weighed(scan, blobs)
    return entries


def _rosters(given: DecisionInput, blobs: Blobs) -> Entries:
    """All that said who was on call, now and when each approval was given."""
    digests = {Digest(one.document) for one in rosters_named(given)}
    return {names.on_call_entry(digest): blobs.get(digest) for digest in digests}


def _tested(given: DecisionInput, blobs: Blobs) -> Entries:
    """The statements of test results that the policy was told of."""
    digests = {Digest(one.document) for one in tests_relied_on(given)}
    return {names.test_result_entry(digest): blobs.get(digest) for digest in digests}


def _weighed(scan: ScanInput, blobs: Blobs) -> Entries:
    """What was weighed for the image: the record of it, each document, the findings before."""
    if scan.vex is msgspec.UNSET or scan.matched is msgspec.UNSET:
        return {}
    platform = Digest(scan.digest)
    record = blobs.get(Digest(scan.vex))
    entries = {
        names.matched_entry(platform): blobs.get(Digest(scan.matched)),
        names.weighing_entry(platform): record,
    }
    for one in parse_weighing(record).documents:
        digest = Digest(one.digest)
        entries[names.vex_document_entry(digest)] = blobs.get(digest)
    return entries


def told_entries(tx: Tx, found: Iterable[StoredFact], person_of: PersonOf) -> Entries:
    """The facts as they stand in the chain, each once, and the people in them."""
    sealed = {one.position: one for one in found if one.position is not None}
    facts = [sealed[position] for position in sorted(sealed)]
    actors = sorted({one.actor for one in facts})
    people = [document(person_of(tx, actor)) for actor in actors]
    return {
        names.FACTS: facts_bytes(_chained(tx, facts)),
        names.PEOPLE: canonical_json(people),
    }


def _chained(tx: Tx, facts: Iterable[StoredFact]) -> list[PacketFact]:
    """Each fact with the hash that stands before it, so that its own can be computed again."""
    listed = list(facts)
    before = [one.position - 1 for one in listed if one.position is not None]
    rows = tx.rows(
        select(fact_table.c.position, fact_table.c.hash).where(
            fact_table.c.tenant == tx.tenant, fact_table.c.position.in_(before)
        )
    )
    hashes: dict[int, str] = {0: GENESIS, **{row["position"]: row["hash"] for row in rows}}
    return [_packet_fact(one, hashes) for one in listed]


def _packet_fact(one: StoredFact, hashes: Mapping[int, str]) -> PacketFact:
    assert one.position is not None, "only sealed facts go into a packet"
    assert one.hash is not None, "a sealed fact has a hash"
    return PacketFact(
        id=one.id,
        tenant=one.tenant,
        kind=one.kind,
        subject=one.subject,
        actor=one.actor,
        cause=one.cause,
        at=one.at,
        data=one.data,
        position=one.position,
        previous=hashes[one.position - 1],
        hash=one.hash,
    )


def _file(one: Artifact) -> dict[str, Json]:
    return {"name": one.name, "digest": one.digest, "size": one.size}


def _step(one: StepRun) -> dict[str, Any]:
    return {
        "name": one.name,
        "phase": one.phase,
        "step": one.step,
        "plugin": one.plugin,
        "version": one.version,
        "inputs": one.inputs,
        "state": one.state.value,
        "attempts": one.attempts,
        "startedAt": one.started_at,
        "endedAt": one.ended_at,
        "code": one.code,
        "message": one.message,
        "summary": one.summary,
        "outputs": dict(one.outputs),
    }


def _target(one: TargetDeployment) -> dict[str, Any]:
    return {
        "target": one.target,
        "purpose": one.purpose,
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
