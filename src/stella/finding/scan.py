"""Scan an image: what is in it, what is wrong with that; signed, attached, kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from stella.advisory import Snapshot
from stella.blob import Blobs
from stella.finding.document import findings_document
from stella.finding.errors import UnknownScan
from stella.finding.facts import ImageScanned, ScanFailed, ScanRequested
from stella.finding.index import forget_scan
from stella.finding.lifecycle import SCAN, ScanEvent, ScanState
from stella.finding.match import match_inventory, packages_of
from stella.finding.model import open_counts
from stella.finding.store import (
    Scan,
    insert_scan,
    pending_scan,
    scan_by_id,
    scan_of_platform,
    update_scan,
)
from stella.image import parse_config, parse_reference
from stella.kernel import Remedy, StellaError, parse_time, time_text
from stella.kernel.clock import MalformedTime
from stella.plugin.contract.registry import Registry
from stella.reach import evidence_document, parse_evidence
from stella.record.transaction import Tx
from stella.sbom import LayerCache, ScanResult, attach_sbom, scan_image, sign_sbom
from stella.trust import Signer


@dataclass(frozen=True, slots=True)
class Known:
    """What a scan of one platform image brought: digests of the documents, and what to show.

    created: when the image says that it was made, RFC 3339; None where it says no time.
    """

    image: str
    platform_digest: str
    platform: str
    sbom: str
    sbom_bundle: str
    components: int
    linked: str | None = None
    reached: str | None = None
    findings: str | None = None
    snapshot: str | None = None
    advisories: str | None = None
    counts: dict[str, int] | None = None
    kev: int | None = None
    created: str | None = None


def request_scan(tx: Tx, reference: str, trigger: str) -> Scan:
    """Ask for ``reference`` to be scanned; one that is under way is given back as it is.

    trigger: "push", "release" or "request". Raises MalformedReference.
    """
    text = str(parse_reference(reference))
    under_way = pending_scan(tx, text)
    if under_way is not None:
        return under_way
    asked = Scan(tx.new_id("scn"), text, SCAN.start, time_text(tx.now))
    insert_scan(tx, asked)
    tx.add(ScanRequested(asked.id, text, trigger))
    return asked


def scan_now(
    registry: Registry,
    reference: str,
    cache: LayerCache,
    *,
    blobs: Blobs,
    signer: Signer,
    snapshot: Snapshot | None,
) -> tuple[Known, ...]:
    """Read, match, sign, attach and keep every platform of ``reference``. No transaction is open.

    Doing it twice leaves the same documents under the same digests; only signatures are made anew.
    Raises what ``sbom.scan_image`` and the registry raise.
    """
    parsed = parse_reference(reference)
    results = scan_image(registry, parsed, cache)
    known = []
    for result in results:
        bundle = sign_sbom(
            signer,
            name=result.inventory.name,
            subject=result.platform.digest,
            sbom=result.sbom_bytes,
        )
        attach_sbom(registry, parsed, result.platform, bundle, is_bundle=True)
        known.append(_matched(result, bundle, blobs, snapshot))
    return tuple(known)


def record_scan(tx: Tx, scan_id: str, found: Sequence[Known]) -> None:
    """Store what ``scan_now`` brought; the first platform answers the request itself."""
    asked = _asked(tx, scan_id)
    if tx.has_caused("ImageScanned", scan_id) or asked.state is not ScanState.PENDING:
        return
    forget_scan(tx, scan_id)  # its place is taken below, by what is known of each platform
    for number, known in enumerate(found):
        before = scan_of_platform(tx, known.platform_digest)
        value = Scan(
            id=scan_id if number == 0 else tx.new_id("scn"),
            reference=asked.reference,
            state=SCAN.next(ScanState.PENDING, ScanEvent.FINISH),
            at=time_text(tx.now),
            **{name: getattr(known, name) for name in Known.__slots__ if name != "created"},
        )
        if before is not None:
            forget_scan(tx, before.id)
        insert_scan(tx, value)
        tx.add(
            ImageScanned(
                value.id,
                value.reference,
                known.image,
                known.platform_digest,
                known.platform,
                known.sbom,
                known.findings,
                known.snapshot,
            )
        )


def record_scan_failure(tx: Tx, scan_id: str, refusal: StellaError) -> None:
    """Store that the image could not be scanned, and why."""
    asked = _asked(tx, scan_id)
    if tx.has_caused("ScanFailed", scan_id) or asked.state is not ScanState.PENDING:
        return
    update_scan(
        tx,
        replace(
            asked,
            state=SCAN.next(asked.state, ScanEvent.FAIL),
            at=time_text(tx.now),
            error_code=refusal.code,
            error_message=refusal.told,
        ),
    )
    tx.add(ScanFailed(scan_id, asked.reference, refusal.code, refusal.told))


def _asked(tx: Tx, scan_id: str) -> Scan:
    found = scan_by_id(tx, scan_id)
    if found is None:
        raise UnknownScan(
            f"there is no scan {scan_id}",
            remedy=Remedy("List them.", command="stella image scans"),
            scan=scan_id,
        )
    return found


def _matched(result: ScanResult, bundle: bytes, blobs: Blobs, snapshot: Snapshot | None) -> Known:
    inventory = result.inventory
    known = Known(
        image=result.image.digest.text,
        platform_digest=result.platform.digest.text,
        platform=inventory.platform,
        sbom=blobs.put(result.sbom_bytes).text,
        sbom_bundle=blobs.put(bundle).text,
        components=len(inventory.components),
        created=_created(result),
    )
    linked = evidence_document(inventory.subject, result.linked)
    if linked is not None:
        known = replace(known, linked=blobs.put(linked).text)
    if snapshot is None:
        return known
    evidence = None if linked is None else parse_evidence(linked)
    findings = match_inventory(inventory, snapshot, evidence)
    part = evidence.part() if evidence else None
    counts, kev = open_counts(findings)
    return replace(
        known,
        reached=None if part is None else blobs.put(part).text,
        findings=blobs.put(findings_document(findings)).text,
        snapshot=findings.snapshot.text,
        advisories=blobs.put(snapshot.slice(packages_of(inventory))).text,
        counts=counts,
        kev=kev,
    )


def _created(result: ScanResult) -> str | None:
    """Source: image-spec, "Image JSON Description", ``created``."""
    said = parse_config(result.platform.config_content).created
    if not isinstance(said, str):
        return None
    try:
        return time_text(parse_time(said))
    except MalformedTime:
        return None
