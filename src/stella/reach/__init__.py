"""Can it be reached? What is linked in an image, and what that says of a vulnerability."""

from stella.reach.errors import MalformedEvidence
from stella.reach.evidence import Evidence, evidence_document, parse_evidence
from stella.reach.judge import reach_of
from stella.reach.model import Method, Reach, Reached, ReachWhy

__all__ = [
    "Evidence",
    "MalformedEvidence",
    "Method",
    "Reach",
    "ReachWhy",
    "Reached",
    "evidence_document",
    "parse_evidence",
    "reach_of",
]
