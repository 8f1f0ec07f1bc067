"""Evidence: which packets there are, and what verifying one says."""

from stella.api.views.base import View
from stella.blob import Blobs
from stella.evidence.packet import read_packet
from stella.evidence.store import Kept
from stella.evidence.verify import verify_packet
from stella.kernel import Digest
from stella.trust import TrustRoot


class EvidenceRef(View):
    """One packet in the locker. subject: the promotion, deployment or take-down. size in bytes."""

    id: str
    subject: str
    kind: str
    digest: str
    size: int
    created_at: str
    name: str


class EvidenceCopy(View):
    """A packet in an object store. key: of the object. is_new: false where it lay there already."""

    id: str
    digest: str
    integration: str
    key: str
    is_new: bool


class CheckView(View):
    """One check of a verification. place: where it does not hold."""

    name: str
    good: bool
    detail: str
    place: str | None


class VerificationView(View):
    """What verifying the packet says now."""

    good: bool
    checks: list[CheckView]


class EntryView(View):
    """One file in the packet."""

    name: str
    size: int
    digest: str


class EvidenceView(EvidenceRef):
    """A packet, verified while you wait. command: how to do the same without the server."""

    verification: VerificationView
    entries: list[EntryView]
    command: str


def evidence_ref(kept: Kept) -> EvidenceRef:
    """A packet's row."""
    return EvidenceRef(**{name: getattr(kept, name) for name in Kept.__slots__})


def evidence_view(kept: Kept, blobs: Blobs, root: TrustRoot) -> EvidenceView:
    """The packet as it is stored, verified with the server's own trusted root."""
    content = blobs.get(Digest(kept.digest))
    verification = verify_packet(content, root)
    return EvidenceView(
        **evidence_ref(kept).model_dump(),
        verification=VerificationView(
            good=verification.good,
            checks=[
                CheckView(name=one.name, good=one.good, detail=one.detail, place=one.place)
                for one in verification.checks
            ],
        ),
        entries=[
            EntryView(name=one.name, size=one.size, digest=one.digest)
            for one in read_packet(content).manifest.entries
        ],
        command=f"stella evidence verify {kept.name}.stella.tar --trusted-root trusted-root.json",
    )
