"""Packets made as the server makes them: real keys, a real scan, real decisions. Tests change fields."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from image.images import BuiltImage, Layer, MemoryRegistry, build, dpkg_status, metadata, push
from stella.advisory import import_advisories, open_snapshot
from stella.evidence import PacketAbout, PacketFact, PacketKind, build_packet, facts_bytes, names
from stella.finding import findings_document, match_inventory, packages_of
from stella.kernel import Digest, Json, canonical_json, digest_of, sealed_hash
from stella.policy import PolicyBundle, bundle_bytes, starter_bundle
from stella.promotion.decide import decide, record_of
from stella.promotion.model import (
    ApprovalInput,
    ComponentInput,
    Decision,
    DecisionInput,
    EnvironmentInput,
    Person,
    ReleaseInput,
    RuleInput,
    ScanInput,
    document,
)
from stella.sbom import MemoryCache, scan_image
from stella.trust import (
    APPROVAL,
    CYCLONEDX,
    DEPLOYMENT,
    GATE_DECISION,
    STICKER,
    Signer,
    TrustRoot,
    new_signer,
    sign_document,
    sign_statement,
)

AT = "2030-01-01T00:00:00.000000Z"
DAN = Person(id="usr_01J00000000000000000000DAN", name="dan", roles=("developer",))
ANN = Person(id="usr_01J00000000000000000000ANN", name="ann", roles=("approver",))
OLD = build(
    Layer.of(
        {
            "etc/os-release": b'ID=debian\nVERSION_ID="12"\n',
            "var/lib/dpkg/status": dpkg_status(("openssl", "3.0.17-1~deb12u3")),
            "opt/jinja2-3.1.2.dist-info/METADATA": metadata("jinja2", "3.1.2"),
        }
    ),
    Layer.of({"opt/requests-2.25.1.dist-info/METADATA": metadata("requests", "2.25.1")}),
)
FIXED = build(
    Layer.of(
        {
            "etc/os-release": b'ID=debian\nVERSION_ID="12"\n',
            "opt/colorama-0.4.6.dist-info/METADATA": metadata("colorama", "0.4.6"),
        }
    )
)


def advisory(
    name: str, ecosystem: str, package: str, fixed: str, severity: str
) -> dict[str, object]:
    """One OSV record: affected from the first version until ``fixed``."""
    events = [{"introduced": "0"}, {"fixed": fixed}]
    return {
        "id": name,
        "modified": "2029-01-01T00:00:00Z",
        "summary": f"something in {package}",
        "affected": [
            {
                "package": {"ecosystem": ecosystem, "name": package},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
            }
        ],
        "database_specific": {"severity": severity},
    }


ADVISORIES = (
    advisory("OSV-2029-1", "PyPI", "jinja2", "3.1.6", "CRITICAL"),
    advisory("OSV-2029-2", "PyPI", "requests", "2.31.0", "MODERATE"),
    advisory("OSV-2029-3", "Debian:12", "openssl", "3.0.11-1", "HIGH"),
)
MANY = tuple(
    advisory(f"OSV-2029-{number}", "PyPI", "jinja2", "3.1.6", "MODERATE")
    for number in range(1000, 2000)
)
IMAGES = {
    "old": (OLD, ADVISORIES),
    "fixed": (FIXED, ADVISORIES),
    "some": (OLD, MANY[:20]),
    "many": (OLD, MANY),
}


@dataclass(frozen=True)
class Scanned:
    """One image with everything known of it."""

    image: BuiltImage
    sbom: bytes
    advisories: bytes
    findings: bytes
    snapshot: Digest


@cache
def scanned(image_name: str) -> Scanned:
    image, records = IMAGES[image_name]
    registry = MemoryRegistry()
    reference = push(registry, image)
    (result,) = scan_image(registry, reference, MemoryCache(), tool_version="0.1.0")
    with TemporaryDirectory() as directory:
        feed = Path(directory) / "feed"
        feed.mkdir()
        for record in records:
            (feed / f"{record['id']}.json").write_text(json.dumps(record))
        snapshot = open_snapshot(import_advisories([feed], Path(directory) / "to").path)
        findings = findings_document(match_inventory(result.inventory, snapshot))
        advisories = snapshot.slice(packages_of(result.inventory))
        return Scanned(image, result.sbom_bytes, advisories, findings, snapshot.digest)


@dataclass
class Story:
    """A promotion of one image; ``packet`` tells it. Approvals are given for the plan as it is.

    image: of IMAGES; "some" has twenty findings, "many" a thousand.
    """

    image: str = "fixed"
    approvers: tuple[Person, ...] = (ANN,)
    evidence: Signer = field(default_factory=new_signer)
    sbom: Signer = field(default_factory=new_signer)
    policy: PolicyBundle = field(default_factory=starter_bundle)
    parameters: dict[str, Json] = field(default_factory=dict)
    simulated: bool = False
    reason: str = "the fix for the shop <b>"
    # What a server that lies would sign in place of what was decided.
    lie: Callable[[Decision], Decision] = lambda decision: decision

    promotion: str = "prm_01J00000000000000000000PRM"
    deployment: str = "dep_01J00000000000000000000DEP"

    @property
    def root(self) -> TrustRoot:
        return TrustRoot({"evidence": self.evidence.public, "sbom": self.sbom.public})

    @property
    def scan(self) -> Scanned:
        return scanned(self.image)

    @cached_property
    def sbom_bundle(self) -> bytes:
        """Made once: each signature of the same key is another one."""
        return sign_statement(
            self.sbom,
            subject_name="web",
            subject=self.scan.image.digest,
            predicate_type=CYCLONEDX,
            predicate=json.loads(self.scan.sbom),
        )

    def given(self, approvals: tuple[ApprovalInput, ...] = ()) -> DecisionInput:
        scan = self.scan
        digest = scan.image.digest.text
        component = ComponentInput(
            name="web",
            reference="registry.test/shop/web:1",
            digest=digest,
            scans=(
                ScanInput(
                    platform="linux/amd64",
                    digest=digest,
                    state="done",
                    at=AT,
                    snapshot=scan.snapshot.text,
                    sbom=Digest.of(scan.sbom).text,
                    sbom_bundle=Digest.of(self.sbom_bundle).text,
                    findings=Digest.of(scan.findings).text,
                    advisories=Digest.of(scan.advisories).text,
                ),
            ),
        )
        return DecisionInput(
            promotion=self.promotion,
            now=AT,
            requested_by=DAN,
            requested_at=AT,
            reason=self.reason,
            rollback=False,
            release=ReleaseInput(
                id="rel_01J00000000000000000000REL",
                name="shop",
                version="1.0.0",
                digest=digest_of({"web": digest}).text,
                components=(component,),
            ),
            environment=EnvironmentInput(
                name="prod",
                configuration=Digest.of(self.configuration()).text,
                rules=(RuleInput(rule="operations", approvers=("approver",), count=1),),
                order=None,
                freezes=(),
                parameters=self.parameters,
            ),
            policy=self.policy.digest.text,
            deployment_plan=Digest.of(self.plan()).text,
            approvals=approvals,
            simulated=self.simulated,
        )

    def configuration(self) -> bytes:
        return canonical_json({"environment": "prod", "targets": ["prod-1"]})

    def plan(self) -> bytes:
        argv = ["docker", "pull", f"registry.test/shop/web@{self.scan.image.digest}"]
        action: Json = {"verb": "pull", "subject": "web", "argv": argv}
        target: Json = {"target": "prod-1", "connector": "docker", "actions": [action], "files": {}}
        return canonical_json({"targets": [target]})

    def decide(self, approvals: tuple[ApprovalInput, ...] = ()) -> Decision:
        findings = self.scan.findings
        documents = {Digest.of(one).text: one for one in (findings, self.scan.sbom)}
        return decide(self.given(approvals), documents, self.policy)

    def approvals(self) -> dict[str, tuple[ApprovalInput, bytes]]:
        plan_digest = self.decide().plan_digest
        made = {}
        for number, person in enumerate(self.approvers):
            apr = f"apr_01J0000000000000000000000{number}"
            fields: dict[str, Json] = {
                "id": apr,
                "by": document(person),
                "at": AT,
                "comment": "looks right",
                "planDigest": plan_digest,
            }
            bundle = sign_statement(
                self.evidence,
                subject_name="plan",
                subject=Digest(plan_digest),
                predicate_type=APPROVAL,
                predicate=fields,
            )
            approval = ApprovalInput(
                id=apr,
                by=person,
                at=AT,
                comment="looks right",
                plan_digest=plan_digest,
                bundle=Digest.of(bundle).text,
            )
            made[apr] = approval, bundle
        return made

    def entries(self) -> dict[str, bytes]:
        """What a promotion's packet is made of."""
        approvals = self.approvals()
        given = self.given(tuple(approval for approval, _ in approvals.values()))
        decision = self.lie(self.decide(given.approvals))
        record, platform, scan = record_of(decision), self.scan.image.digest, self.scan
        entries = {
            names.DECISION_INPUT: canonical_json(document(given)),
            names.DECISION_RECORD: record,
            names.DECISION_BUNDLE: sign_statement(
                self.evidence,
                subject_name="plan",
                subject=Digest(decision.plan_digest),
                predicate_type=GATE_DECISION,
                predicate=document(decision),
            ),
            names.POLICY_BUNDLE: bundle_bytes(self.policy),
            names.sbom_entry(platform): scan.sbom,
            names.sbom_bundle_entry(platform): self.sbom_bundle,
            names.findings_entry(platform): scan.findings,
            names.slice_entry(scan.snapshot, platform): scan.advisories,
            names.PEOPLE: canonical_json([document(DAN), document(ANN)]),
            names.TRUSTED_ROOT: self.root.to_json(),
            names.RELEASE_MANIFEST: canonical_json(
                {
                    "releaseDigest": given.release.digest,
                    "components": [{"name": "web", "digest": platform.text}],
                }
            ),
            names.CONFIGURATION: self.configuration(),
            names.DEPLOYMENT_PLAN: self.plan(),
            names.FACTS: facts_bytes(self.facts(given, decision)),
        }
        entries |= {names.approval_entry(apr): bundle for apr, (_, bundle) in approvals.items()}
        return entries

    def facts(self, given: DecisionInput, decision: Decision) -> list[PacketFact]:
        told: list[tuple[str, str, dict[str, Json]]] = [
            ("PromotionRequested", DAN.id, {"environment": "prod"})
        ]
        told += [
            (
                "ApprovalGiven",
                approval.by.id,
                {"approval": approval.id, "plan_digest": approval.plan_digest, "comment": "ok"},
            )
            for approval in given.approvals
        ]
        decided: dict[str, Json] = {
            "outcome": decision.outcome.value,
            "plan_digest": decision.plan_digest,
            "record": Digest.of(record_of(decision)).text,
            "input": digest_of(document(given)).text,
        }
        told.append(("GatesDecided", "system", decided))
        return chained(self.promotion, told)

    def packet(self) -> bytes:
        about = PacketAbout(
            PacketKind.PROMOTION, f"promotion-{self.promotion}", self.promotion, AT, self.simulated
        )
        return build_packet(self.entries(), about=about, signer=self.evidence)

    def deployment_entries(self) -> dict[str, bytes]:
        """What a deployment's packet holds beside the promotion's."""
        entries = self.entries()
        record, release = entries[names.DECISION_RECORD], self.given().release
        files = {
            "compose.stella.lock.yml": b"services: {}\n",
            "release.evidence.json": record,
            names.STICKER_FILE: sign_document(
                self.evidence,
                {
                    "release": "shop",
                    "version": "1.0.0",
                    "digests": {"web": self.scan.image.digest.text},
                    "deployment": self.deployment,
                    "evidence": Digest.of(record).text,
                    "at": AT,
                },
                subject_name="shop 1.0.0",
                subject=Digest(release.digest),
                predicate_type=STICKER,
            ),
        }
        artifacts: Json = [
            {"name": n, "target": "prod-1", "digest": Digest.of(c).text, "size": len(c)}
            for n, c in sorted(files.items())
        ]
        deployment: Json = {
            "id": self.deployment,
            "promotion": self.promotion,
            "environment": "prod",
            "state": "succeeded",
            "startedAt": AT,
            "endedAt": AT,
            "requestedBy": document(DAN),
            "targets": [
                {"target": "prod-1", "purpose": "deploy", "agent": "agt_1", "state": "succeeded"}
            ],
            "artifacts": artifacts,
        }
        entries |= {names.artifact_entry("prod-1", name): data for name, data in files.items()}
        entries[names.DEPLOYMENT] = canonical_json(deployment)
        entries[names.DEPLOYMENT_BUNDLE] = sign_statement(
            self.evidence,
            subject_name="shop 1.0.0",
            subject=Digest(release.digest),
            predicate_type=DEPLOYMENT,
            predicate=deployment,
        )
        entries[names.log_entry("prod-1")] = b"pulling <web>\nhealthy\n"
        entries[names.running_entry("prod-1")] = canonical_json(
            [
                {
                    "component": "web",
                    "name": "shop-web-1",
                    "digest": self.scan.image.digest.text,
                    "state": "running",
                }
            ]
        )
        return entries

    def deployment_packet(self) -> bytes:
        about = PacketAbout(
            PacketKind.DEPLOYMENT,
            f"deployment-{self.deployment}",
            self.deployment,
            AT,
            self.simulated,
        )
        return build_packet(self.deployment_entries(), about=about, signer=self.evidence)


def chained(subject: str, told: list[tuple[str, str, dict[str, Json]]]) -> list[PacketFact]:
    """Facts about ``subject`` as the sealer chains them, after 40 that are somebody else's."""
    previous, facts = Digest.of(b"the 40 before").text, []
    for position, (kind, actor, data) in enumerate(told, start=41):
        fact = PacketFact(
            id=f"fct_{position}",
            tenant="default",
            kind=kind,
            subject=subject,
            actor=actor,
            cause=None,
            at=AT,
            data=data,
            position=position,
            previous=previous,
            hash="",
        )
        fields = msgspec.structs.asdict(fact)
        del fields["hash"]
        previous = sealed_hash(**fields).text
        facts.append(msgspec.structs.replace(fact, hash=previous))
    return facts
