"""Match what was scanned against newer advisories: no image is read again.

A scan whose packages the new snapshot says nothing new of keeps its documents, byte for byte; only
that they still hold is noted.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from stella.advisory import Snapshot
from stella.advisory.model import FeedAge
from stella.blob import Blobs
from stella.finding.document import findings_document, parse_findings
from stella.finding.facts import FindingAppeared, FindingResolved, FindingsMatched
from stella.finding.index import index_scan, open_names
from stella.finding.lifecycle import ScanState
from stella.finding.match import match_inventory, packages_of
from stella.finding.model import Finding, Findings
from stella.finding.store import NOT_LISTED, Scan, scan_by_id, stale_scans, update_scan
from stella.finding.weigh import as_judged, judge_scan
from stella.kernel import Digest, digest_of
from stella.reach import parse_evidence
from stella.record.transaction import Tx
from stella.sbom import Inventory, parse_cyclonedx
from stella.trust import PublicKey
from stella.vex.standing import standing_voices

_AGE = timedelta(hours=12)

FACTS_MAX = 100
"""Findings of one image that are told one by one at once; how many there were is told with them."""


class _Slice(msgspec.Struct, frozen=True):
    """A slice without the digest of what it was cut from."""

    ecosystems: tuple[str, ...] = ()
    packages: msgspec.Raw = msgspec.Raw(b"{}")
    feeds: tuple[FeedAge, ...] = ()

    @property
    def ages(self) -> dict[str, datetime]:
        return {one.name: datetime.fromisoformat(one.at) for one in self.feeds}


_slices = msgspec.json.Decoder(_Slice)


@dataclass(frozen=True, slots=True)
class Against:
    """What scans are brought to. own_keys: with which VEX of this installation is signed."""

    blobs: Blobs
    snapshot: Snapshot
    own_keys: tuple[PublicKey, ...] = ()


def rematch_scan(tx: Tx, scan_id: str, against: Against) -> bool:
    """Bring one scan to the snapshot; whether its findings are others now."""
    blobs, snapshot = against.blobs, against.snapshot
    scan = scan_by_id(tx, scan_id, lock=True)
    if scan is None or scan.state is not ScanState.DONE or scan.sbom is None:
        return False
    if scan.as_of == snapshot.digest.text:
        return False
    inventory = parse_cyclonedx(blobs.get(Digest(scan.sbom)))
    part = snapshot.slice(packages_of(inventory))
    if (
        scan.findings
        and scan.advisories
        and says_the_same(blobs.get(Digest(scan.advisories)), part)
    ):
        if scan.as_of in {None, NOT_LISTED}:
            index_scan(tx, scan.id, inventory.components, _told(blobs, scan))
        update_scan(tx, replace(scan, as_of=snapshot.digest.text))
        return False
    return _matched_anew(tx, scan, inventory, part, against)


def stale(tx: Tx, snapshot: Snapshot, limit: int) -> tuple[str, ...]:
    """Ids of scans that nobody has brought to ``snapshot`` yet."""
    return stale_scans(tx, snapshot.digest.text, limit)


def _matched_anew(tx: Tx, scan: Scan, inventory: Inventory, part: bytes, against: Against) -> bool:
    blobs, snapshot = against.blobs, against.snapshot
    before = _told(blobs, scan)
    evidence = parse_evidence(blobs.get(Digest(scan.linked))) if scan.linked else None
    matched = match_inventory(inventory, snapshot, evidence)
    reached = evidence.part() if evidence else None
    after = replace(
        scan,
        reached=None if reached is None else blobs.put(reached).text,
        findings=blobs.put(findings_document(matched)).text,
        snapshot=matched.snapshot.text,
        advisories=blobs.put(part).text,
        as_of=snapshot.digest.text,
    )
    judged = judge_scan(blobs, after, standing_voices(tx, blobs, against.own_keys), tx.now)
    now = judged.findings if judged else matched
    after = as_judged(after, blobs, now, judged)
    update_scan(tx, after)
    index_scan(tx, scan.id, inventory.components, now)
    tell_changes(tx, after, before, now)
    return True


def tell_changes(tx: Tx, scan: Scan, before: Findings | None, now: Findings) -> None:
    """The facts of an image whose findings are others now. before: None where none were known."""
    assert scan.image is not None, "a scan with findings has an image"
    assert scan.platform_digest is not None, "a scan with findings has a platform"
    old = open_names(before) if before else frozenset()
    new = open_names(now)
    tx.add(
        FindingsMatched(
            scan.id,
            scan.reference,
            scan.image,
            scan.platform_digest,
            scan.told or "",
            now.snapshot.text,
            len(new - old),
            len(old - new),
        )
    )
    for kind, found, wanted in (
        (FindingAppeared, now, new - old),
        (FindingResolved, before or now, old - new),
    ):
        changed = [one for one in found.findings if (one.id, one.purl) in wanted]
        for one in changed[:FACTS_MAX]:
            tx.add(
                kind(
                    _subject(scan.platform_digest, one),
                    scan.image,
                    scan.platform_digest,
                    scan.reference,
                    one.id,
                    one.purl,
                    one.severity,
                    one.fixed,
                    kev=one.kev,
                )
            )


def _subject(platform: str, finding: Finding) -> str:
    told = digest_of([platform, finding.id, finding.purl])
    return f"fnd_{told.hex[:32]}"


def _told(blobs: Blobs, scan: Scan) -> Findings | None:
    return parse_findings(blobs.get(Digest(scan.told))) if scan.told else None


def says_the_same(before: bytes, now: bytes) -> bool:
    """Whether two slices say the same, whatever they were cut from. Both are canonical JSON.

    Their feeds may be some hours apart, but not a day: a policy may ask how old they are.
    """
    one, other = _slices.decode(before), _slices.decode(now)
    if (one.ecosystems, one.packages) != (other.ecosystems, other.packages):
        return False
    old, new = one.ages, other.ages
    return old.keys() == new.keys() and all(new[name] - old[name] < _AGE for name in old)
