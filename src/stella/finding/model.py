"""What is wrong in an image: findings, with the why. Each axis stands apart; labels are derived."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from stella.kernel import Digest
from stella.reach import Reach, ReachWhy
from stella.vex import SETTLED, State

Vex = State
"""Its VEX axis: OpenVEX's four states, and what they cannot say."""


class Match(StrEnum):
    """Whether the advisory's range holds the version."""

    AFFECTED = "affected"
    NOT_AFFECTED = "not_affected"
    UNKNOWN_VERSION = (
        "unknown_version"  # the version or the range cannot be parsed: shown, never dropped
    )


class Seen(StrEnum):
    """Runtime observation."""

    OBSERVED = "observed"
    NOT_OBSERVED = "not_observed"
    NO_SENSOR = "no_sensor"


@dataclass(frozen=True, slots=True)
class VexVoice:
    """One statement about a finding. counts: whether it decided; why: or why it did not.

    document: its digest. basis: why the document is taken to be the issuer's. at, expires: RFC 3339
    UTC, or "". scope: for people.
    """

    issuer: str
    weight: int
    basis: str
    status: str
    at: str
    document: str
    scope: str
    counts: bool
    why: str
    expires: str


@dataclass(frozen=True, slots=True)
class VexWhy:
    """How a finding came by its ``vex``: what the deciding statement says, and who said what.

    voices: the deciding ones first, at most twenty; unheard: how many more there are.
    """

    justification: str
    impact: str
    action: str
    voices: tuple[VexVoice, ...]
    unheard: int


@dataclass(frozen=True, slots=True)
class Why:
    """Package -> file path -> layer, and the advisory range that hit."""

    package: str
    paths: tuple[str, ...]
    layer: str
    layer_index: int | None
    advisory: str
    range: str
    compared: str  # "deb source openssl 3.0.11-1", "PyPI 2.19.0"


@dataclass(frozen=True, slots=True)
class Finding:
    """(vulnerability, component purl and version, image digest), and what is known about it.

    id: the advisory record's id; aliases sorted. severity: "critical", "high", "medium", "low",
        "none" or "unknown". cvss: vector or "". fixed: lowest version that mends it, "" if none is known.
    kev: in CISA's catalogue of known exploited vulnerabilities.
    note: for people ("headers only"), policy may read it.
    vex_why: who says so, and why; None where nobody speaks of it.
    reach_why: by what its reachability was decided; None where nobody has looked.
    """

    id: str
    aliases: tuple[str, ...]
    purl: str
    component: str
    version: str
    image: Digest
    match: Match
    severity: str
    fixed: str
    kev: bool
    why: Why
    cvss: str = ""
    summary: str = ""
    note: str = ""
    vex: Vex = Vex.NONE
    reach: Reach = Reach.UNKNOWN
    seen: Seen = Seen.NO_SENSOR
    epss_permille: int | None = None
    vex_why: VexWhy | None = None
    reach_why: ReachWhy | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """Every finding of one platform image against one snapshot, sorted by (id, purl).

    snapshot: the advisory snapshot's digest. unmatched: components whose ecosystem the snapshot
        holds no advisories for: purl type or distro -> count; "unknown", never "fine". feeds: when each
        feed of the snapshot was asked last, name -> ISO 8601; empty where nobody knows.
    """

    image: Digest
    snapshot: Digest
    findings: tuple[Finding, ...]
    unmatched: dict[str, int] = field(default_factory=dict)
    feeds: dict[str, str] = field(default_factory=dict)


def is_open(finding: Finding) -> bool:
    """Whether the finding counts: it matches, and nobody whose word counts has settled it."""
    return finding.match is not Match.NOT_AFFECTED and finding.vex not in SETTLED


def open_counts(findings: Findings) -> tuple[dict[str, int], int]:
    """How many findings count, by severity, and how many of these are known to be exploited."""
    counted = [one for one in findings.findings if is_open(one)]
    by_severity = dict(sorted(Counter(one.severity for one in counted).items()))
    return by_severity, sum(one.kev for one in counted)
