"""What follows from VEX and newer advisories: findings judged anew without a scan, and what waits with
them.
"""

import json
from collections.abc import Iterable, Sequence

from stella.api.services import Services
from stella.app.carrying import Work
from stella.app.judged_anew import judge_scanned
from stella.blob import Blobs
from stella.deployment.standing import environments_running, judge_standing
from stella.finding.document import parse_findings
from stella.finding.index import index_scan
from stella.finding.rematch import Against, rematch_scan, stale
from stella.finding.scan import Known
from stella.finding.store import scan_of_platform, scans_to_weigh
from stella.finding.weigh import scans_spoken_of, weigh_scan
from stella.image import parse_reference
from stella.kernel import Digest, StellaError
from stella.plugin.contract.registry import Registry
from stella.promotion.lifecycle import NOT_BEGUN
from stella.promotion.store import every_promotion
from stella.record import StoredFact, Tx
from stella.release.store import find_release
from stella.sbom import parse_cyclonedx
from stella.tested.attached import AttachedTests, attached_tests
from stella.tested.store import tested_images
from stella.vex import Voices, hear
from stella.vex.attached import Attached, attached_vex
from stella.vex.standing import standing_voices
from stella.vex.store import named_alike, revisions_of

_BATCH = 50


def index_scanned(tx: Tx, blobs: Blobs, platform_digest: str) -> None:
    """What was scanned just now is found by its components and findings."""
    scan = scan_of_platform(tx, platform_digest)
    if scan is not None and scan.sbom is not None:
        inventory = parse_cyclonedx(blobs.get(Digest(scan.sbom)))
        findings = parse_findings(blobs.get(Digest(scan.told))) if scan.told else None
        index_scan(tx, scan.id, inventory.components, findings)


def rematch_stale(services: Services) -> int:
    """Bring every scan to the advisories of now; how many have other findings by that.

    Each in a transaction of its own, so that a server that ends meanwhile goes on where it was.
    """
    try:
        snapshot = services.snapshot()
    except StellaError:
        return 0  # the doctor says why
    if snapshot is None:
        return 0
    against = Against(services.blobs, snapshot, services.deciding.own_keys)
    changed = 0
    while not services.stopping.is_set():
        with services.database.read() as tx:
            waiting = stale(tx, snapshot, _BATCH)
        if not waiting:
            break
        for scan in waiting:
            with services.database.transaction(actor="system") as tx:
                changed += rematch_scan(tx, scan, against)
    return changed


def weigh_what_turned(services: Services) -> int:
    """Weigh anew what was weighed with a statement that has begun or ended since; how many are others now.

    Each in a transaction of its own, so that a server that ends meanwhile goes on where it was.
    """
    keys = services.deciding.own_keys
    changed = 0
    while not services.stopping.is_set():
        with services.database.read() as tx:
            waiting = scans_to_weigh(tx, _BATCH)
        if not waiting:
            break
        for scan in waiting:
            with services.database.transaction(actor="system") as tx:
                changed += weigh_scan(tx, services.blobs, scan, keys)
    return changed


def weigh_scanned(work: Work, fact: StoredFact) -> None:
    """An image was scanned: hear what VEX says of its findings."""
    with work.because(fact) as tx:
        weigh_scan(tx, work.blobs, fact.subject, work.deciding.own_keys)


def weigh_touched(work: Work, fact: StoredFact) -> None:
    """A VEX document came or went: judge the findings that it speaks of, and no others."""
    with work.database.read(fact.tenant) as tx:
        digests = revisions_of(tx, fact.subject)
    # The older revisions too: what a newer one no longer says changes as much.
    _weigh(work, fact, _names_in(work, digests))


def weigh_fed(work: Work, fact: StoredFact) -> None:
    """A feed holds other documents: judge the findings that what came and went speaks of."""
    changes = json.loads(work.blobs.get(Digest(str(fact.data["changes"]))))
    with work.database.read(fact.tenant) as tx:
        digests = named_alike(tx, (*changes["came"], *changes["went"]))
    _weigh(work, fact, _names_in(work, digests))


def weigh_all(work: Work, fact: StoredFact) -> None:
    """Somebody's word counts more or less than before."""
    _weigh(work, fact, None)


def judge_weighed(work: Work, fact: StoredFact) -> None:
    """VEX changed what counts in an image: judge anew what waits with it."""
    _judge_holding(work, fact, frozenset({str(fact.data["platform_digest"])}))


def judge_standings(work: Work, fact: StoredFact) -> None:
    """Findings of an image became others: would what runs with it be let in today?"""
    changed = fact.data.get("platform_digest")
    _stand(work, fact, str(changed) if changed else None)


def judge_tested_standings(work: Work, fact: StoredFact) -> None:
    """A test result came or went: does what runs with that image stand as before?"""
    _stand(work, fact, str(fact.data["image"]))


def judge_all_standings(work: Work, fact: StoredFact) -> None:
    """A policy or an environment is another one."""
    _stand(work, fact, None)


def judge_new_standing(work: Work, fact: StoredFact) -> None:
    """Something else runs there now, or counts there."""
    with work.because(fact) as tx:
        judge_standing(tx, str(fact.data["environment"]), work.deciding)


def _stand(work: Work, fact: StoredFact, image: str | None) -> None:
    with work.database.read(fact.tenant) as tx:
        names = environments_running(tx, image)
    for name in names:
        with work.because(fact) as tx:
            judge_standing(tx, name, work.deciding)


def _names_in(work: Work, digests: Iterable[str]) -> frozenset[str]:
    """Every vulnerability that the documents speak of, in folded case."""
    names: set[str] = set()
    for one in digests:
        names |= Voices([hear(work.blobs.get(Digest(one)), ())]).names
    return frozenset(names)


def _weigh(work: Work, fact: StoredFact, names: frozenset[str] | None) -> None:
    with work.database.read(fact.tenant) as tx:
        scans = scans_spoken_of(tx, names)
        if not scans:
            return
        # All documents are read here, where nobody waits to write; below they are at hand.
        standing_voices(tx, work.blobs, work.deciding.own_keys)
    for scan in scans:
        with work.because(fact) as tx:
            weigh_scan(tx, work.blobs, scan, work.deciding.own_keys)


def judge_tested(work: Work, fact: StoredFact) -> None:
    """A test result came or went: judge anew what waits with that image."""
    _judge_holding(work, fact, frozenset({str(fact.data["image"])}))


def judge_all_tested(work: Work, fact: StoredFact) -> None:
    """Somebody's key counts who did not, or no more: judge anew what waits with an image that was tested."""
    with work.database.read(fact.tenant) as tx:
        images = tested_images(tx)
    if images:
        _judge_holding(work, fact, images)


def _judge_holding(work: Work, fact: StoredFact, images: frozenset[str]) -> None:
    """Judge anew what has not begun and holds an index or a platform of these digests."""
    with work.database.read(fact.tenant) as tx:
        waiting = list(every_promotion(tx, states=frozenset(NOT_BEGUN)))
        holding = {
            release
            for release in {one.release for one in waiting}
            for component in find_release(tx, release).components
            if not images.isdisjoint(
                {component.digest, *(platform.digest for platform in component.platforms)}
            )
        }
    for promotion in waiting:
        if promotion.release in holding:
            judge_scanned(work, fact, promotion.id)


def tests_beside(registry: Registry, reference: str, found: Sequence[Known]) -> AttachedTests:
    """The test results that lie beside the image and each of its platforms."""
    digests = {Digest(text) for one in found for text in (one.image, one.platform_digest)}
    return attached_tests(registry, parse_reference(reference).repository, digests)


def beside_image(registry: Registry, reference: str, found: Sequence[Known]) -> Attached:
    """The VEX that lies beside the image and each of its platforms."""
    digests = {Digest(text) for one in found for text in (one.image, one.platform_digest)}
    return attached_vex(registry, parse_reference(reference).repository, digests)
