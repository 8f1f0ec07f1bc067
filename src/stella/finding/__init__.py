"""What is wrong in it? Components x advisories x VEX, with the why."""

from typing import TYPE_CHECKING

from stella.finding.document import finding_json, findings_document, parse_findings
from stella.finding.errors import MalformedFindings, UnknownFinding
from stella.finding.explain import Explained, Outcome, explain_name
from stella.finding.match import match_inventory, outlook, packages_of
from stella.finding.model import (
    Finding,
    Findings,
    Match,
    Seen,
    Vex,
    VexVoice,
    VexWhy,
    Why,
    is_open,
)
from stella.kernel.door import late
from stella.reach import Reach, ReachWhy

if TYPE_CHECKING:
    from stella.finding.openvex import openvex_of
    from stella.finding.vexed import apply_vex, judged_document

__all__ = [
    "Explained",
    "Finding",
    "Findings",
    "MalformedFindings",
    "Match",
    "Outcome",
    "Reach",
    "ReachWhy",
    "Seen",
    "UnknownFinding",
    "Vex",
    "VexVoice",
    "VexWhy",
    "Why",
    "apply_vex",
    "explain_name",
    "finding_json",
    "findings_document",
    "is_open",
    "judged_document",
    "match_inventory",
    "openvex_of",
    "outlook",
    "packages_of",
    "parse_findings",
]

__getattr__ = late(
    __name__,
    {"openvex": "openvex_of", "vexed": "apply_vex judged_document"},
)
