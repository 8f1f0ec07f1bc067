"""What VEX makes of a scan, now: no image is read again, and only findings that are spoken of change."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from stella.blob import Blobs
from stella.finding.document import findings_document, parse_findings
from stella.finding.facts import FindingsWeighed
from stella.finding.index import index_names, scans_named
from stella.finding.lifecycle import ScanState
from stella.finding.model import Findings, open_counts
from stella.finding.store import Scan, list_scans, scan_by_id, update_scan
from stella.finding.vexed import apply_vex
from stella.image import parse_reference
from stella.kernel import Digest
from stella.record.transaction import Tx
from stella.sbom import parse_cyclonedx
from stella.trust import PublicKey
from stella.vex import Heard, Voices, image_subject, weighing_bytes, weighing_of
from stella.vex.consensus import next_turn
from stella.vex.standing import standing_voices

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Judged:
    """The findings of one scan with their verdicts. weighing: what was weighed, as a document.

    documents: digests of the VEX documents in it. again_at: when the first statement in it begins or
    ends, or "".
    """

    findings: Findings
    document: bytes
    weighing: bytes
    documents: tuple[str, ...]
    again_at: str


def judge_scan(blobs: Blobs, scan: Scan, voices: Voices, now: datetime) -> Judged | None:
    """What ``voices`` make of the scan's findings at ``now``; None where nobody speaks of any.

    Raises what a blob that is not there raises.
    """
    if scan.state is not ScanState.DONE or scan.findings is None or scan.sbom is None:
        return None
    matched = parse_findings(blobs.get(Digest(scan.findings)))
    if not _spoken_of(matched, voices.names):
        return None
    sbom = blobs.get(Digest(scan.sbom))
    indexes = {scan.image} - {scan.platform_digest, None}
    reference = parse_reference(scan.reference)
    places = (f"{reference.host}/{reference.repository}",)
    names = tuple(one for one in indexes if one)
    image = image_subject(parse_cyclonedx(sbom), sbom, indexes=names, repositories=places)
    heard: dict[tuple[Digest, str], Heard] = {}
    turns: set[str] = set()
    for finding in matched.findings:
        about = voices.about(image, finding.purl, (finding.id, *finding.aliases))
        claims = [claim for claim, _ in about]
        heard |= {(one.heard.document.digest, one.heard.issuer.name): one.heard for one in claims}
        turns.add(next_turn(claims, now))
    if not heard:
        return None
    judged = apply_vex(matched, Voices(heard.values()), image, now)
    record = weighing_of(image.digest, heard.values(), indexes=names, repositories=places)
    return Judged(
        findings=judged,
        document=findings_document(judged),
        weighing=weighing_bytes(record),
        documents=tuple(one.digest for one in record.documents),
        again_at=min(turns - {""}, default=""),
    )


def as_judged(scan: Scan, blobs: Blobs, findings: Findings, made: Judged | None) -> Scan:
    """The scan with what was judged, None where nobody speaks of it. findings: as they are by that."""
    counts, kev = open_counts(findings)
    return replace(
        scan,
        judged=blobs.put(made.document).text if made else None,
        vex=blobs.put(made.weighing).text if made else None,
        weigh_again_at=(made.again_at or None) if made else None,
        counts=counts,
        kev=kev,
    )


def weigh_scan(tx: Tx, blobs: Blobs, scan_id: str, own_keys: Iterable[PublicKey]) -> bool:
    """Judge a scan's findings anew; whether that changed them. own_keys: of this installation."""
    scan = scan_by_id(tx, scan_id, lock=True)
    if scan is None or scan.findings is None or tx.has_caused("FindingsWeighed", scan_id):
        return False
    made = judge_scan(blobs, scan, standing_voices(tx, blobs, own_keys), tx.now)
    findings = made.findings if made else parse_findings(blobs.get(Digest(scan.findings)))
    after = as_judged(scan, blobs, findings, made)
    if after == scan:
        return False
    update_scan(tx, after)
    if replace(after, weigh_again_at=scan.weigh_again_at) == scan:
        return False
    index_names(tx, scan.id, findings)
    assert after.image is not None, "a scan with findings has an image"
    assert after.platform_digest is not None, "a scan with findings has a platform"
    tx.add(
        FindingsWeighed(
            scan.id,
            scan.reference,
            after.image,
            after.platform_digest,
            after.judged or scan.findings,
            after.vex,
        )
    )
    return True


def scans_spoken_of(tx: Tx, names: frozenset[str] | None) -> Sequence[str]:
    """The scans with a finding among ``names`` (in folded case); all that have findings for None."""
    if names is not None:
        return scans_named(tx, names)
    found: list[str] = []
    after: str | None = None
    while True:
        page = list_scans(tx, after=after, limit=_PAGE)
        for scan in page:
            if scan.state is not ScanState.DONE or scan.findings is None:
                continue
            found.append(scan.id)
        if len(page) < _PAGE:
            return found
        after = page[-1].id


def _spoken_of(findings: Findings, names: frozenset[str]) -> bool:
    return any(
        name.casefold() in names for one in findings.findings for name in (one.id, *one.aliases)
    )
