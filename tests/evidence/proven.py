"""A promotion that people helped through, with everything that proves it: what the server makes now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from evidence.packets import ANN, AT, DAN, Story
from stella.evidence import PacketFact, facts_bytes, names
from stella.kernel import Digest, Json, canonical_json, digest_of, sealed_hash
from stella.promotion.decide import decide, record_of
from stella.promotion.model import (
    PROOF_FORM,
    ApprovalInput,
    BreakGlassInput,
    Decision,
    DecisionInput,
    FreezeInput,
    OrderInput,
    OverrideInput,
    Person,
    RunInput,
    SoakInput,
    WaiverInput,
    document,
)
from stella.trust import APPROVAL, sign_statement

BOB = Person(id="usr_01J00000000000000000000BOB", name="bob", roles=("approver",))
OLGA = Person(id="usr_01J00000000000000000000OLG", name="olga", roles=("operator",))
BEFORE = "2029-12-01T00:00:00.000000Z"
LATER = "2029-12-02T00:00:00.000000Z"
END = "2030-02-01T00:00:00.000000Z"
RULE: dict[str, Json] = {"rule": "operations", "approvers": ["approver"], "count": 1}
SPEC: dict[str, Json] = {
    "after": "stage",
    "policy": "starter",
    "parameters": {},
    "approvals": [RULE],
}
WAIVER = WaiverInput(
    id="wvr_1",
    environment="prod",
    rule="severity",
    finding="OSV-2029-1",
    component="web",
    unknown=False,
    reason="templates are ours alone",
    requested_by=DAN,
    requested_at=BEFORE,
    approved_by=ANN,
    approved_at=LATER,
    expires_at=END,
)
FREEZE = FreezeInput(
    id="nights",
    starts_at=BEFORE,
    ends_at=END,
    reason="nobody is awake",
    by="olga",
    overrides=(OverrideInput("fov_1", OLGA, LATER, "it mends the outage"),),
)
Told = list[dict[str, Any]]
"""Facts before they are sealed: kind, subject, actor, at, data."""


@dataclass
class ProvenStory(Story):
    """Waived, through a freeze, soaked in stage, approved by bob in the place of ann.

    forge: what somebody does to the facts before they are sealed. claims: what somebody does to the
    rows that the input is made of; what was recorded is none of these.
    """

    image: str = "old"
    parameters: dict[str, Json] = field(
        default_factory=lambda: {"unmatched": "pass", "severityMax": "high"}
    )
    forge: Callable[[Told], object] = list.copy
    claims: Callable[[DecisionInput], DecisionInput] = lambda given: given

    def configuration(self) -> bytes:
        return canonical_json({"environment": {"name": "prod", **SPEC}, "targets": {}})

    def given(self, approvals: tuple[ApprovalInput, ...] = ()) -> DecisionInput:
        given = super().given(approvals)
        environment = msgspec.structs.replace(
            given.environment,
            freezes=(FREEZE,),
            order=OrderInput("stage", "dep_stage"),
            soak=SoakInput("stage", 24, (RunInput("dep_stage", BEFORE),)),
        )
        return self.claims(
            msgspec.structs.replace(
                given, environment=environment, waivers=(WAIVER,), proof=PROOF_FORM
            )
        )

    def approvals(self) -> dict[str, tuple[ApprovalInput, bytes]]:
        plan_digest = self.decide().plan_digest
        said: dict[str, Json] = {
            "id": "apr_1",
            "by": document(BOB),
            "at": AT,
            "comment": "looks right",
            "planDigest": plan_digest,
            "standsFor": document(ANN),
        }
        bundle = sign_statement(
            self.evidence,
            subject_name="plan",
            subject=Digest(plan_digest),
            predicate_type=APPROVAL,
            predicate=said,
        )
        digest = Digest.of(bundle).text
        given = ApprovalInput("apr_1", BOB, AT, "looks right", plan_digest, digest, ANN)
        return {"apr_1": (given, bundle)}

    def facts(self, given: DecisionInput, decision: Decision) -> list[PacketFact]:
        told = [*_earlier(given), *_words(given), *_of_the_promotion(given, decision)]
        self.forge(told)
        return sealed(told)


@dataclass
class BrokenStory(ProvenStory):
    """The policy blocks it, and dan and ann break the glass."""

    parameters: dict[str, Json] = field(default_factory=lambda: {"severityMax": "low"})
    claims_glass: Callable[[BreakGlassInput], BreakGlassInput] = lambda one: one

    @property
    def glass(self) -> BreakGlassInput:
        findings = self.scan.findings
        documents = {Digest.of(one).text: one for one in (findings, self.scan.sbom)}
        plan = decide(super().given(), documents, self.policy).plan_digest
        times, seen = (LATER, ANN, LATER, END), ("policy",)
        return BreakGlassInput("bgl_1", plan, "the shop is down", DAN, *times, gates=seen)

    def given(self, approvals: tuple[ApprovalInput, ...] = ()) -> DecisionInput:
        broken = self.claims_glass(self.glass)
        return msgspec.structs.replace(super().given(approvals), break_glass=broken)

    def facts(self, given: DecisionInput, decision: Decision) -> list[PacketFact]:
        one, place = self.glass, {"environment": "prod", "break_glass": "bgl_1"}
        scope = {**place, "plan_digest": one.plan_digest, "ends_at": END}
        seen: dict[str, Json] = {"reason": one.reason, "gates": ["policy"]}
        broken = [
            fact("BreakGlassRequested", self.promotion, DAN.id, LATER, **scope, **seen),
            fact("BreakGlassAgreed", self.promotion, ANN.id, LATER, **scope, comment="go"),
        ]
        told = [
            *_earlier(given),
            *_words(given),
            *broken,
            *_of_the_promotion(given, decision),
        ]
        self.forge(told)
        return sealed(told)


def fact(kind: str, subject: str, by: str, at: str, **data: Json) -> dict[str, Any]:
    return {"kind": kind, "subject": subject, "actor": by, "at": at, "data": data}


def _earlier(given: DecisionInput) -> Told:
    """What was there before: the environment, the release, and where it ran."""
    release, ran = given.release.id, {"environment": "stage", "promotion": "prm_stage"}
    spec = digest_of(SPEC).text
    return [
        fact("EnvironmentApplied", "prod", OLGA.id, BEFORE, change="created", spec=spec),
        fact("ReleaseSealed", release, DAN.id, BEFORE, release_digest=given.release.digest),
        fact("DeploymentSucceeded", "dep_stage", "system", BEFORE, release=release, **ran),
        fact(
            "PromotionDeployed",
            "prm_stage",
            "system",
            BEFORE,
            environment="stage",
            deployment="dep_stage",
        ),
    ]


def _words(given: DecisionInput) -> Told:
    """What people said: the waiver, the override, the absence."""
    scope = {"environment": "prod", "rule": WAIVER.rule, "expires_at": WAIVER.expires_at}
    about = {"finding": WAIVER.finding, "component": WAIVER.component, "unknown": False}
    return [
        fact("WaiverRequested", "wvr_1", DAN.id, BEFORE, **scope, **about, reason=WAIVER.reason),
        fact("WaiverApproved", "wvr_1", ANN.id, LATER, **scope, comment="until the update"),
        fact(
            "FreezeOverridden",
            given.release.id,
            OLGA.id,
            LATER,
            freeze="nights",
            environment="prod",
            override="fov_1",
            ends_at=END,
            reason="it mends the outage",
        ),
        fact(
            "AbsenceBegun",
            "abs_1",
            ANN.id,
            LATER,
            person=ANN.id,
            stand_in=BOB.id,
            starts_at=LATER,
            ends_at=END,
            reason="",
        ),
    ]


def _of_the_promotion(given: DecisionInput, decision: Decision) -> Told:
    asked = {"release": given.release.id, "environment": "prod", "reason": given.reason}
    told = [
        fact(
            "PromotionRequested",
            given.promotion,
            DAN.id,
            AT,
            **asked,
            rollback=False,
            not_before=None,
            not_after=None,
        )
    ]
    for one in given.approvals:
        data: Mapping[str, Json] = {"approval": one.id, "plan_digest": one.plan_digest}
        told.append(fact("ApprovalGiven", given.promotion, one.by.id, AT, **data, comment=""))
    told.append(
        fact(
            "GatesDecided",
            given.promotion,
            "system",
            AT,
            outcome=decision.outcome.value,
            plan_digest=decision.plan_digest,
            record=Digest.of(record_of(decision)).text,
            input=digest_of(document(given)).text,
        )
    )
    return told


def sealed(told: Told) -> list[PacketFact]:
    """The facts as the sealer chains them, after 40 that are somebody else's."""
    previous, facts = Digest.of(b"the 40 before").text, []
    for position, one in enumerate(told, start=41):
        fields = {**one, "id": f"fct_{position}", "tenant": "default", "cause": None}
        fields |= {"position": position, "previous": previous}
        previous = sealed_hash(**fields).text
        facts.append(PacketFact(**fields, hash=previous))
    return facts


def without_proof(entries: dict[str, bytes]) -> None:
    """As an older server would have kept it: no fact but those of the promotion."""
    facts = msgspec.json.decode(entries[names.FACTS], type=list[PacketFact])
    entries[names.FACTS] = facts_bytes([one for one in facts if one.subject.startswith("prm_01")])
