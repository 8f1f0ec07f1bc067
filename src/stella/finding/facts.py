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
class ScanFailed(Fact):
    """The image could not be scanned. code, message: the refusal."""

    reference: str
    code: str
    message: str
