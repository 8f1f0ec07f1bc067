"""Close a packet when a promotion or a deployment has ended, and keep it."""

from collections.abc import Mapping
from dataclasses import dataclass

from stella.blob import Blobs
from stella.deployment.step_store import list_steps
from stella.deployment.store import find_deployment, list_target_deployments
from stella.evidence.collect import deployment_entries, promotion_entries
from stella.evidence.facts import EvidenceSealed
from stella.evidence.packet import PacketAbout, PacketKind, build_packet
from stella.evidence.store import Kept, insert_evidence
from stella.kernel import time_text
from stella.promotion.assemble import PersonOf
from stella.promotion.store import Promotion, find_promotion
from stella.record.transaction import Tx
from stella.release.store import find_release
from stella.trust import Signer, TrustRoot


@dataclass(frozen=True, slots=True)
class Proving:
    """What closing a packet needs from outside."""

    blobs: Blobs
    signer: Signer
    root: TrustRoot
    person_of: PersonOf
    simulated: bool


def keep_promotion_packet(tx: Tx, promotion_id: str, proving: Proving) -> Kept | None:
    """Close the packet of an ended promotion; None where this cause closed it already."""
    if tx.has_caused("EvidenceSealed", promotion_id):
        return None
    promotion = find_promotion(tx, promotion_id)
    entries = promotion_entries(tx, promotion, proving.blobs, proving.root, proving.person_of)
    return keep_packet(
        tx,
        PacketKind.PROMOTION,
        promotion_id,
        _name(tx, promotion),
        entries=entries,
        proving=proving,
    )


def keep_deployment_packet(
    tx: Tx, deployment_id: str, logs: Mapping[str, bytes], proving: Proving
) -> Kept | None:
    """Close the packet of an ended deployment; None where this cause closed it already.

    logs: target -> what its execution printed.
    """
    if tx.has_caused("EvidenceSealed", deployment_id):
        return None
    deployment = find_deployment(tx, deployment_id)
    promotion = find_promotion(tx, deployment.promotion)
    targets = list_target_deployments(tx, deployment_id)
    orders = [one.order for one in targets if one.order is not None]
    steps = list_steps(tx, deployment_id)
    also = [*(one.id for one in targets), *(one.id for one in steps), *orders]
    entries = {
        **promotion_entries(
            tx, promotion, proving.blobs, proving.root, proving.person_of, also=also
        ),
        **deployment_entries(tx, deployment, proving.blobs, proving.signer, logs),
    }
    return keep_packet(
        tx,
        PacketKind.DEPLOYMENT,
        deployment_id,
        _name(tx, promotion),
        entries=entries,
        proving=proving,
    )


def _name(tx: Tx, promotion: Promotion) -> str:
    release = find_release(tx, promotion.release)
    return f"{release.name}-{release.version}-{promotion.environment}"


def keep_packet(
    tx: Tx,
    kind: PacketKind,
    subject: str,
    what: str,
    *,
    entries: Mapping[str, bytes],
    proving: Proving,
) -> Kept:
    """Build the packet of these entries and keep it. what: the beginning of its name."""
    about = PacketAbout(
        kind=kind,
        name=f"{what}-{kind.value}-{subject[-8:].lower()}",
        subject=subject,
        created_at=time_text(tx.now),
        simulated=proving.simulated,
    )
    packet = build_packet(entries, about=about, signer=proving.signer)
    value = Kept(
        id=tx.new_id("evd"),
        subject=subject,
        kind=kind.value,
        name=about.name,
        digest=proving.blobs.put(packet).text,
        size=len(packet),
        created_at=about.created_at,
    )
    insert_evidence(tx, value)
    tx.add(EvidenceSealed(subject, value.id, value.kind, value.digest))
    return value
