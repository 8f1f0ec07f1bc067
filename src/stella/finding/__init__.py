"""What is wrong in it? Components x advisories, with the why."""

from stella.finding.document import finding_json, findings_document, parse_findings
from stella.finding.errors import MalformedFindings, UnknownFinding
from stella.finding.explain import Explained, Outcome, explain_name
from stella.finding.match import match_inventory, outlook, packages_of
from stella.finding.model import Finding, Findings, Match, Reach, Seen, Vex, Why

__all__ = [
    "Explained",
    "Finding",
    "Findings",
    "MalformedFindings",
    "Match",
    "Outcome",
    "Reach",
    "Seen",
    "UnknownFinding",
    "Vex",
    "Why",
    "explain_name",
    "finding_json",
    "findings_document",
    "match_inventory",
    "outlook",
    "packages_of",
    "parse_findings",
]
