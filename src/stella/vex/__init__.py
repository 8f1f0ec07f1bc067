"""Who says it matters? VEX documents -> statements -> consensus."""

from typing import TYPE_CHECKING

from stella.kernel.door import late
from stella.vex.model import SETTLED, State

if TYPE_CHECKING:
    from stella.vex.consensus import Claim, Heard, Verdict, Voice, newest_revisions, weigh_claims
    from stella.vex.errors import MalformedVex, UnusableStatement
    from stella.vex.hearing import hear, sign_vex, verify_vex
    from stella.vex.identify import target_of
    from stella.vex.issuer import UNKNOWN, WEIGHTS, Basis, Issuer, weight_of, weight_text
    from stella.vex.model import (
        Document,
        Format,
        Gap,
        Justification,
        Product,
        Statement,
        Status,
        Target,
    )
    from stella.vex.read import parse_vex
    from stella.vex.schema import schema_faults
    from stella.vex.scope import ImageSubject, Part, Scope, scope_of
    from stella.vex.subject import image_subject
    from stella.vex.weigh import Voices
    from stella.vex.weighing import (
        Weighing,
        parse_weighing,
        voices_of,
        weighing_bytes,
        weighing_of,
    )
    from stella.vex.write import OpenVex, check_statement, merge_openvex, openvex_bytes

__all__ = [
    "SETTLED",
    "UNKNOWN",
    "WEIGHTS",
    "Basis",
    "Claim",
    "Document",
    "Format",
    "Gap",
    "Heard",
    "ImageSubject",
    "Issuer",
    "Justification",
    "MalformedVex",
    "OpenVex",
    "Part",
    "Product",
    "Scope",
    "State",
    "Statement",
    "Status",
    "Target",
    "UnusableStatement",
    "Verdict",
    "Voice",
    "Voices",
    "Weighing",
    "check_statement",
    "hear",
    "image_subject",
    "merge_openvex",
    "newest_revisions",
    "openvex_bytes",
    "parse_vex",
    "parse_weighing",
    "schema_faults",
    "scope_of",
    "sign_vex",
    "target_of",
    "verify_vex",
    "voices_of",
    "weigh_claims",
    "weighing_bytes",
    "weighing_of",
    "weight_of",
    "weight_text",
]

__getattr__ = late(
    __name__,
    {
        "consensus": "Claim Heard Verdict Voice newest_revisions weigh_claims",
        "errors": "MalformedVex UnusableStatement",
        "hearing": "hear sign_vex verify_vex",
        "identify": "target_of",
        "issuer": "UNKNOWN WEIGHTS Basis Issuer weight_of weight_text",
        "model": "Document Format Gap Justification Product Statement Status Target",
        "read": "parse_vex",
        "schema": "schema_faults",
        "scope": "ImageSubject Part Scope scope_of",
        "subject": "image_subject",
        "weigh": "Voices",
        "weighing": "Weighing parse_weighing voices_of weighing_bytes weighing_of",
        "write": "OpenVex check_statement merge_openvex openvex_bytes",
    },
)
