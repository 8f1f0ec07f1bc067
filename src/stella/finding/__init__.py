"""What is wrong in it? Components x advisories, with the why."""

from stella.finding.document import finding_json, findings_document, parse_findings
from stella.finding.errors import MalformedFindings, UnknownFinding
from stella.finding.match import match_inventory, packages_of
from stella.finding.model import Finding, Findings, Match, Reach, Seen, Vex, Why

__all__ = [
    "Finding",
    "Findings",
    "MalformedFindings",
    "Match",
    "Reach",
    "Seen",
    "UnknownFinding",
    "Vex",
    "Why",
    "finding_json",
    "findings_document",
    "match_inventory",
    "packages_of",
    "parse_findings",
]
