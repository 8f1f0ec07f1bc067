"""What an approver relied on, as one digest."""

from collections.abc import Sequence

import msgspec

from stella.kernel import Digest, Json, digest_of
from stella.policy.model import PolicyResult


class StatedFinding(msgspec.Struct, frozen=True, gc=False):
    """A finding with its states; what else the document says of it is wording."""

    id: str
    purl: str
    match: str
    severity: str
    fixed: str
    kev: bool
    vex: str
    reach: str
    seen: str
    note: str


class StatedFindings(msgspec.Struct, frozen=True):
    """A findings document, as far as a verdict rests on it."""

    image: str
    findings: list[StatedFinding]


_decoder = msgspec.json.Decoder(StatedFindings)


def read_states(findings_document: bytes) -> StatedFindings:
    """The states in a findings document. Raises msgspec.DecodeError where it is none."""
    return _decoder.decode(findings_document)


def verdict_digest(
    result: PolicyResult, documents: Sequence[StatedFindings], *, waivers: Sequence[str] = ()
) -> Digest:
    """The digest of every rule's outcome and of the set of findings with their states.

    waivers: ids of those by which something passes; a verdict that needs none does not speak of them.
    Not of the snapshot they were read from, nor of wording: a feed that changes nothing for these
    images changes no verdict.
    """
    rules: set[tuple[str, ...]] = set()
    for rule in result.rules:
        about = rule.finding or {}
        named = tuple(str(about.get(key, "")) for key in ("id", "purl", "image"))
        rules.add((rule.rule, rule.outcome.value, rule.component or "", *named))
    findings: dict[tuple[str, str, str], Json] = {}
    for document in documents:
        image = document.image
        for one in document.findings:
            states = msgspec.structs.astuple(one)
            findings[image, one.id, one.purl] = (image, *states)
    return digest_of(
        {
            "rules": [list(rule) for rule in sorted(rules)],
            "findings": [findings[key] for key in sorted(findings)],
            **({"waivers": sorted(waivers)} if waivers else {}),
        }
    )
