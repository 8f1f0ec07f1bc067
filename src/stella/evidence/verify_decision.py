"""Checks of a decision: that it was signed, about this plan, and rests on the documents here."""

from msgspec import UNSET

from stella.evidence import names
from stella.evidence.reading import DoesNotHold, Reading, expect, same_json
from stella.evidence.verify_oncall import check_rosters_here
from stella.evidence.verify_tested import check_tested, tested_here
from stella.kernel import Digest, MalformedDigest, digest_of
from stella.promotion.decide import outcome_of
from stella.promotion.gates.broken_glass import broken_glass
from stella.promotion.gates.waived import counts
from stella.promotion.model import ApprovalInput, ScanInput, document
from stella.trust import (
    APPROVAL,
    CYCLONEDX,
    GATE_DECISION,
    BadSignature,
    MalformedEnvelope,
    Statement,
    WrongStatement,
    verify_bundle,
)
from stella.vex import Weighing, parse_weighing
from stella.vex.errors import MalformedWeighing


def check_decision(reading: Reading) -> str:
    """The record is what was signed, about its own plan, and answers the input beside it."""
    decision, given = reading.decision, reading.given
    statement = _statement(
        reading, names.DECISION_BUNDLE, ("evidence",), decision.plan_digest, GATE_DECISION
    )
    expect(
        reading.json(names.DECISION_RECORD),
        statement.predicate,
        "the signed decision",
        names.DECISION_BUNDLE,
    )
    place = names.DECISION_RECORD
    expect(given.promotion, decision.promotion, "the promotion", place)
    expect(document(given.release), document(decision.release), "the release", place)
    expect(given.environment.name, decision.environment, "the environment", place)
    expect(document(given.requested_by), document(decision.requested_by), "who asked", place)
    expect(given.now, decision.decided_at, "the time of the decision", place)
    expect(given.simulated, decision.simulated, "whether it was simulated", place)
    expect(given.simulated, reading.packet.manifest.simulated, "simulated", names.MANIFEST)
    if reading.packet.manifest.kind == "promotion":
        expect(given.promotion, reading.packet.manifest.subject, "the subject", names.MANIFEST)
    _check_waivers(reading)
    _check_outcome(reading)
    by = "" if decision.break_glass is UNSET else " by break-glass, though gates did not"
    return f"{decision.outcome.value}{by}, signed by the key {statement.key_id[:12]}"


def _check_outcome(reading: Reading) -> None:
    """It follows from the gates, or from a break-glass of the input's that counted for this plan."""
    decision, given = reading.decision, reading.given
    place, gates = names.DECISION_RECORD, outcome_of(decision.gates)
    if decision.break_glass is UNSET:
        if decision.proof is not UNSET:  # what was recorded before is what its gates made of it
            expect(gates.value, decision.outcome.value, "the outcome", place)
        return
    glass = broken_glass(given, decision.plan_digest, decision.gates)
    if glass != decision.break_glass:
        raise DoesNotHold(f"the break-glass {decision.break_glass.id} did not count", place)
    if decision.proof is UNSET:
        raise DoesNotHold("a break-glass without the proof of it", place)
    expect("pass", decision.outcome.value, "the outcome", place)


def _check_waivers(reading: Reading) -> None:
    """Each waiver that let something pass is one of the input's, and counted then and there."""
    decision, given = reading.decision, reading.given
    known = {} if given.waivers is UNSET else {one.id: one for one in given.waivers}
    used = () if decision.waivers is UNSET else decision.waivers
    for one in used:
        if known.get(one.id) != one:
            raise DoesNotHold(f"the input does not know the waiver {one.id}", names.DECISION_RECORD)
        if not counts(one, given):
            raise DoesNotHold(f"the waiver {one.id} did not count", names.DECISION_RECORD)
    named = {
        reason.waiver
        for gate in decision.gates
        for reason in gate.reasons
        if reason.waiver is not UNSET
    }
    expect(sorted(named), sorted(one.id for one in used), "its waivers", names.DECISION_RECORD)


def check_plan(reading: Reading) -> str:
    """The plan's digest follows from its six parts, the release's from its components."""
    decision, given = reading.decision, reading.given
    place = names.DECISION_RECORD
    inputs = decision.inputs
    expect(digest_of(document(inputs)).text, decision.plan_digest, "the plan digest", place)
    components = {one.name: one.digest for one in given.release.components}
    expect(digest_of(components).text, given.release.digest, "the release digest", place)
    expect(given.release.digest, inputs.release_digest, "the plan's release", place)
    expect(given.environment.name, inputs.environment, "the plan's environment", place)
    expect(given.environment.configuration, inputs.configuration, "its configuration", place)
    expect(given.policy, inputs.policy, "the plan's policy", place)
    expect(given.deployment_plan, inputs.deployment_plan, "the deployment plan", place)
    return f"{decision.plan_digest} over release {given.release.digest}"


def check_documents(reading: Reading) -> str:
    """Every document that the input names by digest is here, and is that document."""
    given = reading.given
    reading.expect_digest(names.POLICY_BUNDLE, given.policy, "the policy")
    configuration = given.environment.configuration
    reading.expect_digest(names.CONFIGURATION, configuration, "the configuration")
    reading.expect_digest(names.DEPLOYMENT_PLAN, given.deployment_plan, "the deployment plan")
    _check_release_manifest(reading)
    count = 4
    if given.running is not UNSET:
        reading.expect_digest(names.RUNNING_BEFORE, given.running, "what ran there")
        count += 1
    elif reading.has(names.RUNNING_BEFORE):
        raise DoesNotHold("the decision does not know it", names.RUNNING_BEFORE)
    if given.environment.lifecycle is not UNSET:
        document_of = given.environment.lifecycle.document
        reading.expect_digest(names.LIFECYCLE, document_of, "the lifecycle")
        count += 1
    elif reading.has(names.LIFECYCLE):
        raise DoesNotHold("the decision does not know it", names.LIFECYCLE)
    for scan in _scans(reading):
        platform = _digest(scan.digest, names.DECISION_INPUT)
        if scan.sbom is not None:
            reading.expect_digest(names.sbom_entry(platform), scan.sbom, "the SBOM")
            count += 1
        if scan.findings is not None:
            _check_findings(reading, scan, platform)
            count += 2
        count += _check_weighing(reading, scan, platform)
        count += _check_reached(reading, scan, platform)
    _refuse_strangers(reading, names.REACHED, ".json", _linked(reading))
    count += check_tested(reading) + check_rosters_here(reading)
    _refuse_strangers(reading, names.TESTS, ".json", tested_here(reading))
    known = {Digest(one).hex for one in _weighed(reading)}
    _refuse_strangers(reading, names.VEX_DOCUMENTS, ".json", known)
    return f"{count} documents"


def _check_weighing(reading: Reading, scan: ScanInput, platform: Digest) -> int:
    """The record of what was weighed is about this image, and each document of it is here."""
    if scan.vex is UNSET or scan.matched is UNSET:
        return 0
    place = names.matched_entry(platform)
    reading.expect_digest(place, scan.matched, "the findings before VEX")
    expect(scan.digest, reading.object(place).get("image"), "the image of the findings", place)
    place = names.weighing_entry(platform)
    reading.expect_digest(place, scan.vex, "what was weighed")
    record = _weighing(reading, place)
    expect(scan.digest, record.image, "the image that was weighed", place)
    for one in record.documents:
        entry = names.vex_document_entry(Digest(one.digest))
        reading.expect_digest(entry, one.digest, "a VEX document")
    return 2 + len(record.documents)


def _check_reached(reading: Reading, scan: ScanInput, platform: Digest) -> int:
    """What the findings say of reachability rests on this image's programs."""
    if scan.reached is UNSET:
        return 0
    place = names.reached_entry(platform)
    reading.expect_digest(place, scan.reached, "what is linked in it")
    expect(scan.digest, reading.object(place).get("image"), "the image that it is linked in", place)
    return 1


def _linked(reading: Reading) -> set[str]:
    return {scan.digest[7:] for scan in _scans(reading) if scan.reached is not UNSET}


def _weighed(reading: Reading) -> set[str]:
    """The digests of all VEX documents that some image's record names."""
    found: set[str] = set()
    for scan in _scans(reading):
        if scan.vex is not UNSET:
            place = names.weighing_entry(_digest(scan.digest, names.DECISION_INPUT))
            found |= {one.digest for one in _weighing(reading, place).documents}
    return found


def _weighing(reading: Reading, place: str) -> Weighing:
    try:
        return parse_weighing(reading.content(place))
    except MalformedWeighing as error:
        raise DoesNotHold(str(error), place) from error


def _check_findings(reading: Reading, scan: ScanInput, platform: Digest) -> None:
    name = names.findings_entry(platform)
    assert scan.findings is not None
    reading.expect_digest(name, scan.findings, "the findings")
    found = reading.object(name)
    expect(scan.digest, found.get("image"), "the image of the findings", name)
    expect(scan.snapshot, found.get("snapshot"), "the snapshot of the findings", name)
    snapshot = _digest(scan.snapshot or "", names.DECISION_INPUT)
    place = names.slice_entry(snapshot, platform)
    reading.expect_digest(place, str(scan.advisories), "the slice of advisories")


def _check_release_manifest(reading: Reading) -> None:
    name, given = names.RELEASE_MANIFEST, reading.given
    manifest = reading.object(name)
    try:
        components = {one["name"]: one["digest"] for one in manifest["components"]}
        said = manifest["releaseDigest"]
    except (KeyError, TypeError):
        detail = "it names no releaseDigest, or no components with name and digest"
        raise DoesNotHold(detail, name) from None
    wanted = {one.name: one.digest for one in given.release.components}
    expect(wanted, components, "the set of components", name)
    expect(given.release.digest, said, "the release digest", name)
    channel = None if given.release.channel is UNSET else given.release.channel
    expect(channel, manifest.get("channel"), "the channel", name)


def check_sboms(reading: Reading) -> str:
    """Each SBOM is what was signed about that platform image."""
    count = 0
    for scan in _scans(reading):
        if scan.sbom is None:
            continue
        platform = _digest(scan.digest, names.DECISION_INPUT)
        name = names.sbom_bundle_entry(platform)
        reading.expect_digest(name, str(scan.sbom_bundle), "the signed SBOM")
        statement = _statement(reading, name, ("sbom", "evidence"), scan.digest, CYCLONEDX)
        if not same_json(statement.predicate, reading.json(names.sbom_entry(platform))):
            raise DoesNotHold("what was signed is not the SBOM beside it", name)
        count += 1
    _refuse_strangers(reading, names.SBOMS, ".cdx.json", {s.digest[7:] for s in _scans(reading)})
    return f"{count} signed" if count else "no image was scanned"


def check_approvals(reading: Reading) -> str:
    """Each approval is signed, by whom and for which plan the decision says."""
    approvals = reading.given.approvals
    for approval in approvals:
        _check_approval(reading, approval)
    known = {approval.id for approval in approvals}
    _refuse_strangers(reading, names.APPROVALS, names.BUNDLE_SUFFIX, known)
    bound = reading.decision.plan_digest
    for counted in reading.decision.approvals:
        plan = next((a.plan_digest for a in approvals if a.id == counted.id), None)
        if counted.rule is not None:
            expect(bound, plan, f"the plan of {counted.id}", names.DECISION_RECORD)
    counting = sum(counted.rule is not None for counted in reading.decision.approvals)
    if not approvals:
        return "none was given"
    return f"{len(approvals)} signed, {counting} count for {bound[:19]}"


def _check_approval(reading: Reading, approval: ApprovalInput) -> None:
    name = names.approval_entry(approval.id)
    reading.expect_digest(name, approval.bundle, "the approval")
    statement = _statement(reading, name, ("evidence",), approval.plan_digest, APPROVAL)
    said = statement.predicate
    if not isinstance(said, dict) or "by" not in said:
        raise DoesNotHold("it does not say by whom", name)
    by = said["by"].get("id") if isinstance(said["by"], dict) else said["by"]
    expect(approval.by.id, by, "who approved", name)
    absent = None if approval.stands_for is UNSET else approval.stands_for.id
    stands_for = said.get("standsFor")
    expect(
        absent,
        stands_for.get("id") if isinstance(stands_for, dict) else stands_for,
        "for whom it was given",
        name,
    )
    proven_at = None if approval.proven_at is UNSET else approval.proven_at
    expect(proven_at, said.get("provenAt"), "when its giver proved who they are", name)
    on_call = None if approval.on_call is UNSET else [document(one) for one in approval.on_call]
    expect(on_call, said.get("onCall"), "by which schedules its giver was on call", name)
    known = document(approval)
    assert isinstance(known, dict)
    for field in ("id", "at", "comment", "planDigest"):
        if field in said:
            expect(known[field], said[field], f"its {field}", name)


def _statement(
    reading: Reading, name: str, purposes: tuple[str, ...], subject: str, predicate_type: str
) -> Statement:
    """The statement in an entry. Raises DoesNotHold with the entry's name."""
    try:
        return verify_bundle(
            reading.content(name),
            reading.keys(*purposes),
            subject=Digest(subject),
            predicate_type=predicate_type,
        )
    except (BadSignature, MalformedEnvelope, WrongStatement, MalformedDigest) as error:
        raise DoesNotHold(str(error), name) from error


def _scans(reading: Reading) -> list[ScanInput]:
    return [scan for component in reading.given.release.components for scan in component.scans]


def _digest(text: str, place: str) -> Digest:
    try:
        return Digest(text)
    except MalformedDigest as error:
        raise DoesNotHold(str(error), place) from error


def _refuse_strangers(reading: Reading, folder: str, ending: str, known: set[str]) -> None:
    for name in reading.packet.under(folder):
        if name.endswith(ending) and name.removesuffix(ending) not in known:
            raise DoesNotHold("the decision does not know it", folder + name)
