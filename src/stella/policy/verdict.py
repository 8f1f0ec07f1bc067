"""What an approver relied on, as one digest."""

from collections.abc import Mapping, Sequence
from typing import Any

from stella.kernel import Digest, Json, digest_of
from stella.policy.model import PolicyResult

_STATES = ("match", "severity", "fixed", "kev", "vex", "reach", "seen", "note")


def verdict_digest(result: PolicyResult, findings_documents: Sequence[Mapping[str, Any]]) -> Digest:
    """The digest of every rule's outcome and of the set of findings with their states.

    Not of the snapshot they were read from, nor of wording: a feed that changes nothing for these
    images changes no verdict.
    """
    rules: set[tuple[str, ...]] = set()
    for rule in result.rules:
        about = rule.finding or {}
        named = tuple(str(about.get(key, "")) for key in ("id", "purl", "image"))
        rules.add((rule.rule, rule.outcome.value, rule.component or "", *named))
    findings: dict[tuple[str, str, str], list[Json]] = {}
    for document in findings_documents:
        image = document["image"]
        for finding in document["findings"]:
            key = (image, finding["id"], finding["purl"])
            findings[key] = [*key, *(finding[state] for state in _STATES)]
    return digest_of(
        {
            "rules": [list(rule) for rule in sorted(rules)],
            "findings": [findings[key] for key in sorted(findings)],
        }
    )
