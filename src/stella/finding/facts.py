"""What happens to scans."""

from dataclasses import dataclass

from stella.kernel import Fact


@dataclass(frozen=True, slots=True)
class ScanRequested(Fact):
    """An image was pushed, or somebody asked. subject: the scan."""

    reference: str
    trigger: str


@dataclass(frozen=True, slots=True)
class ImageScanned(Fact):
    """One platform image was read and matched. subject: the scan; the rest are digests."""

    reference: str
    image: str
    platform_digest: str
    platform: str
    sbom: str
    findings: str | None
    snapshot: str | None


@dataclass(frozen=True, slots=True)
class FindingsWeighed(Fact):
    """VEX changed what counts in one platform image. subject: the scan; the rest are digests.

    findings: the document with the verdicts. vex: what was weighed; None where nothing speaks of it now.
    """

    reference: str
    image: str
    platform_digest: str
    findings: str
    vex: str | None


@dataclass(frozen=True, slots=True)
class FindingsMatched(Fact):
    """Newer advisories changed the findings of one platform image. subject: the scan.

    findings: the document as it stands. appeared, resolved: how many that count came and went.
    """

    reference: str
    image: str
    platform_digest: str
    findings: str
    snapshot: str
    appeared: int
    resolved: int


@dataclass(frozen=True, slots=True)
class FindingAppeared(Fact):
    """A finding that counts, in an image that was scanned before. subject: names the finding.

    fixed: the lowest version that mends it, "" if none is known.
    """

    image: str
    platform_digest: str
    reference: str
    vulnerability: str
    purl: str
    severity: str
    fixed: str
    kev: bool


@dataclass(frozen=True, slots=True)
class FindingResolved(Fact):
    """It counts no more: by newer advisories, or by what was scanned since. As ``FindingAppeared``."""

    image: str
    platform_digest: str
    reference: str
    vulnerability: str
    purl: str
    severity: str
    fixed: str
    kev: bool


@dataclass(frozen=True, slots=True)
class ScanFailed(Fact):
    """The image could not be scanned. code, message: the refusal, and what to do about it."""

    reference: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class AnswerWritten(Fact):
    """A language model was asked about stored texts. subject: the vulnerability, or "answer".

    integration: which led to it. texts: how many it was told. shown, left_out: sentences that stand on
    them, and that do not.
    """

    integration: str
    texts: int
    shown: int
    left_out: int
