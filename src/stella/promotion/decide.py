"""May it go? A pure function of documents, so that it can be replayed from evidence alone."""

from collections.abc import Mapping
from typing import Any

import msgspec

from stella.kernel import Json, Outcome, Remedy, canonical_json, digest_of
from stella.policy import (
    Ask,
    PolicyBundle,
    evaluate,
    gate_input,
    read_states,
    verdict_digest,
)
from stella.policy.engine import ask as ask_policy
from stella.promotion.errors import DocumentMissing
from stella.promotion.gates.approvals import judge_approvals
from stella.promotion.gates.automatic import automatic_gates
from stella.promotion.gates.broken_glass import broken_glass
from stella.promotion.gates.phases import Phased, lifecycle_gate, read_lifecycle
from stella.promotion.gates.plain import end_gates, freeze_gate, order_gate, origin_gates
from stella.promotion.gates.policy_gate import policy_gate
from stella.promotion.gates.soak import soak_gates
from stella.promotion.gates.start_window import start_gates
from stella.promotion.gates.unblock import smallest_change
from stella.promotion.gates.waived import Waived, apply_waivers
from stella.promotion.gates.worsened import rules_not_asked
from stella.promotion.model import (
    Decision,
    DecisionInput,
    Gate,
    GateState,
    PlanInputs,
    document,
)
from stella.sbom import Traits, traits_of_sbom

Documents = Mapping[str, bytes]
"""Digest text -> content of each document that a decision input names."""

_WORST_FIRST = (GateState.BLOCKED, GateState.UNKNOWN, GateState.WAITING)


def decide(
    given: DecisionInput, documents: Documents, bundle: PolicyBundle, *, ask: Ask = ask_policy
) -> Decision:
    """Judge every gate and bind the answer to a plan.

    The order of the gates is that of the questions a person would ask: is it wanted at all, has it
    been where it had to be, may it come from there, is it good enough, is now a good time, do people
    stand behind it.
    ask: how policies are asked.
    """
    assert bundle.digest.text == given.policy, (bundle.digest, given.policy)
    findings = findings_of(given, documents)
    states = [read_states(content) for content in findings.values()]
    traits = traits_of(given, documents)

    def asked(about: Mapping[str, bytes]) -> Waived:
        said = evaluate(bundle, policy_input(given, about, traits), ask=ask)
        return apply_waivers(given, said)

    waived = asked(findings)
    inputs = PlanInputs(
        release_digest=given.release.digest,
        environment=given.environment.name,
        configuration=given.environment.configuration,
        policy=given.policy,
        verdict=verdict_digest(waived.result, states, waivers=[one.id for one in waived.used]).text,
        deployment_plan=given.deployment_plan,
    )
    plan_digest = digest_of(document(inputs)).text
    running = None if given.running is msgspec.UNSET else _document(documents, given.running)
    not_asked = rules_not_asked(given, findings, running)
    approvals = judge_approvals(
        given, plan_digest, not_asked, lambda digest: _document(documents, digest)
    )
    way = _way(given, documents)
    gates = (
        *end_gates(given),
        *automatic_gates(given),
        way.gate,
        *soak_gates(given),
        *origin_gates(given),
        policy_gate(waived),
        *start_gates(given),
        freeze_gate(given),
        approvals.gate,
    )
    is_told = given.says_what_unblocks is True and waived.result.outcome is not Outcome.PASS
    outcome = outcome_of(gates)
    broken = broken_glass(given, plan_digest, gates)
    return Decision(
        promotion=given.promotion,
        release=given.release,
        environment=given.environment.name,
        plan_digest=plan_digest,
        inputs=inputs,
        gates=gates,
        outcome=outcome if broken is msgspec.UNSET else GateState.PASS,
        approvals=approvals.counted,
        requested_by=given.requested_by,
        requested_at=given.requested_at,
        decided_at=given.now,
        rollback=given.rollback,
        simulated=given.simulated,
        waivers=waived.used or msgspec.UNSET,
        unblock=smallest_change(given, findings, waived, asked) if is_told else msgspec.UNSET,
        proof=given.proof,
        break_glass=broken,
        hotfix=way.hotfix,
    )


def _way(given: DecisionInput, documents: Documents) -> Phased:
    """Has it been where it had to be? By its lifecycle, or by the order of environments."""
    asked = given.environment.lifecycle
    if asked is msgspec.UNSET:
        return Phased(order_gate(given))
    return lifecycle_gate(given, asked, read_lifecycle(_document(documents, asked.document)))


def record_of(decision: Decision) -> bytes:
    """The decision record: ``release.evidence.json``, byte for byte what is signed and replayed."""
    return canonical_json(document(decision))


def outcome_of(gates: tuple[Gate, ...]) -> GateState:
    """The worst state among the gates; only all of them passing is a pass."""
    states = {gate.state for gate in gates}
    return next((state for state in _WORST_FIRST if state in states), GateState.PASS)


def findings_of(given: DecisionInput, documents: Documents) -> dict[str, bytes]:
    """Platform image digest -> its findings document, JSON; images without one are left out.

    Raises DocumentMissing where a document that is named is not there.
    """
    found: dict[str, bytes] = {}
    for component in given.release.components:
        for scan in component.scans:
            if scan.findings is not None:
                found[scan.digest] = _document(documents, scan.findings)
    return found


def traits_of(given: DecisionInput, documents: Documents) -> dict[str, Traits]:
    """Platform image digest -> what its bill of materials says of the image itself, where it does.

    Raises DocumentMissing where a document that is named is not there.
    """
    found: dict[str, Traits] = {}
    for component in given.release.components:
        for scan in component.scans:
            if scan.sbom is not None:
                traits = traits_of_sbom(_document(documents, scan.sbom))
                found.update({} if traits is None else {scan.digest: traits})
    return found


def policy_input(
    given: DecisionInput, findings: Mapping[str, bytes], traits: Mapping[str, Traits]
) -> Json:
    """The exact document the policy is asked about, to be encoded by ``msgspec``.

    findings: JSON that has been read once; it is put in as it stands, not encoded again. traits: an
    image without them has no ``image`` at all, as in the days before there were any.
    """
    components: list[dict[str, Any]] = [
        {
            "name": component.name,
            "reference": component.reference,
            "digest": component.digest,
            "scans": [
                {
                    **document_of(scan),
                    "document": _embedded(findings.get(scan.digest)),
                    **(
                        {"image": msgspec.to_builtins(traits[scan.digest])}
                        if scan.digest in traits
                        else {}
                    ),
                }
                for scan in component.scans
            ],
        }
        for component in given.release.components
    ]
    release = given.release
    ticket = given.change_ticket
    return gate_input(
        ticket=None if ticket is msgspec.UNSET else document(ticket),
        hypothetical=given.hypothetical is True,
        environment=given.environment.name,
        release={
            "id": release.id,
            "name": release.name,
            "version": release.version,
            "digest": release.digest,
        },
        components=components,
        parameters=given.environment.parameters,
        now=given.now,
    )


def document_of(scan: Any) -> dict[str, Any]:
    """A scan as the policy sees it."""
    plain = document(scan)
    assert isinstance(plain, dict), plain
    return plain


def _embedded(content: bytes | None) -> msgspec.Raw | None:
    return None if content is None else msgspec.Raw(content)


def _document(documents: Documents, digest: str) -> bytes:
    if digest not in documents:
        raise DocumentMissing(
            f"the document {digest} is not at hand",
            remedy=Remedy("See that the server's blobs are whole.", command="stella doctor"),
            digest=digest,
        )
    return documents[digest]
