"""Scans and findings."""

from stella.api.views.base import View
from stella.api.views.vex import VexWhyView
from stella.finding.lifecycle import ScanState
from stella.finding.store import Scan


class ScanError(View):
    """Why an image could not be scanned."""

    code: str
    message: str


class Counts(View):
    """Findings by severity."""

    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    none: int = 0
    unknown: int = 0


class ScanView(View):
    """What is known of one platform image. counts and kev: None where no advisories were at hand."""

    id: str
    reference: str
    image: str | None
    platform_digest: str | None
    platform: str | None
    state: ScanState
    at: str
    snapshot: str | None
    components: int | None
    counts: Counts | None
    kev: int | None
    error: ScanError | None
    sbom: str | None
    findings: str | None


class WhyView(View):
    """Package -> file path -> layer, and the advisory range that hit."""

    package: str
    paths: list[str]
    layer: str
    layer_index: int | None
    advisory: str
    range: str
    compared: str


class ReachWhyView(View):
    """How a finding came by its reachability. symbols: vulnerable functions that are linked.

    method: go-functions or libraries. chain: from the program that is run to the library.
    """

    method: str
    reason: str
    files: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()


class FindingView(View):
    """One finding, each axis apart."""

    id: str
    aliases: list[str]
    purl: str
    component: str
    version: str
    match: str
    severity: str
    cvss: str
    fixed: str
    kev: bool
    vex: str
    reach: str
    seen: str
    epss_permille: int | None
    summary: str
    note: str
    why: WhyView
    vex_why: VexWhyView | None = None
    reach_why: ReachWhyView | None = None


def scan_view(scan: Scan) -> ScanView:
    """A scan as the API shows it."""
    failed = scan.error_code is not None and scan.error_message is not None
    return ScanView(
        id=scan.id,
        reference=scan.reference,
        image=scan.image,
        platform_digest=scan.platform_digest,
        platform=scan.platform,
        state=scan.state,
        at=scan.at,
        snapshot=scan.snapshot,
        components=scan.components,
        counts=None if scan.counts is None else Counts(**scan.counts),
        kev=scan.kev,
        error=ScanError(code=scan.error_code or "", message=scan.error_message or "")
        if failed
        else None,
        sbom=scan.sbom,
        findings=scan.told,
    )
