"""A promotion for which VEX was weighed: one vendor's word, vouched for, and one that is signed."""

from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from evidence.packets import AT, Story
from stella.evidence import names
from stella.finding import judged_document, parse_findings
from stella.kernel import Digest, Json, parse_time
from stella.promotion.decide import decide
from stella.promotion.model import ApprovalInput, Decision, DecisionInput
from stella.trust import Algorithm, Signer, new_signer
from stella.vex import (
    Basis,
    Issuer,
    OpenVex,
    Product,
    Statement,
    Status,
    Target,
    Weighing,
    hear,
    openvex_bytes,
    sign_vex,
    weighing_bytes,
    weighing_of,
)

SAID_AT = "2029-01-01T00:00:00.000000Z"


@dataclass
class WeighedStory(Story):
    """Every finding of the image is settled, half of them by each issuer."""

    image: str = "some"
    parameters: dict[str, Json] = field(default_factory=lambda: {"unmatched": "pass"})
    vendor: Signer = field(default_factory=lambda: new_signer(Algorithm.ED25519))

    @cached_property
    def vex(self) -> tuple[bytes, bytes]:
        findings = parse_findings(self.scan.findings).findings
        made = []
        for part in (findings[::2], findings[1::2]):
            statements = tuple(
                Statement(
                    (one.id,),
                    (Product(Target(digests=(one.image.text,)), (Target((one.purl,)),)),),
                    Status.NOT_AFFECTED,
                    impact="never called",
                    at=SAID_AT,
                )
                for one in part
            )
            made.append(openvex_bytes(OpenVex("a vendor", SAID_AT, statements)))
        return made[0], sign_vex(self.vendor, made[1])

    @cached_property
    def weighing(self) -> Weighing:
        issuers = (Issuer("vendor", 100, (self.vendor.public,)), Issuer("hub", 50))
        heard = (hear(self.vex[0], (), issuers[1]), hear(self.vex[1], issuers))
        assert [one.basis for one in heard] == [Basis.VOUCHED, Basis.SIGNATURE]
        return weighing_of(self.scan.image.digest.text, heard)

    @cached_property
    def judged(self) -> bytes:
        documents = {Digest.of(one).text: one for one in self.vex}
        record = weighing_bytes(self.weighing)
        return judged_document(
            self.scan.findings, self.scan.sbom, record, documents, parse_time(AT)
        )

    def given(self, approvals: tuple[ApprovalInput, ...] = ()) -> DecisionInput:
        given = super().given(approvals)
        (component,) = given.release.components
        (scan,) = component.scans
        scan = msgspec.structs.replace(
            scan,
            findings=Digest.of(self.judged).text,
            matched=scan.findings,
            vex=Digest.of(weighing_bytes(self.weighing)).text,
        )
        component = msgspec.structs.replace(component, scans=(scan,))
        release = msgspec.structs.replace(given.release, components=(component,))
        return msgspec.structs.replace(given, release=release)

    def decide(self, approvals: tuple[ApprovalInput, ...] = ()) -> Decision:
        documents = {Digest.of(one).text: one for one in (self.judged, self.scan.sbom)}
        return decide(self.given(approvals), documents, self.policy)

    def entries(self) -> dict[str, bytes]:
        platform = self.scan.image.digest
        entries = super().entries()
        entries[names.findings_entry(platform)] = self.judged
        entries[names.matched_entry(platform)] = self.scan.findings
        entries[names.weighing_entry(platform)] = weighing_bytes(self.weighing)
        entries |= {names.vex_document_entry(Digest.of(one)): one for one in self.vex}
        return entries
