"""Findings as SARIF 2.1.0, for what shows results of analyses beside code.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/. A fingerprint follows from the vulnerability, the
package and where it lies, never from its version or the image: a rebuilt image keeps its results.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from stella.advisory.severity import base_score
from stella.finding.model import Finding, Findings, Match
from stella.kernel import Digest, Json, canonical_json
from stella.sbom import Partial
from stella.vex import SETTLED

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "none": "note"}
# Where no CVSS vector says more, the least score of the word: CVSS 3.1, section 5.
_LEAST_SCORES = {"critical": 9.0, "high": 7.0, "medium": 4.0, "low": 0.1, "none": 0.0}


@dataclass(frozen=True, slots=True)
class SarifRun:
    """What one run is about. name: of the image. gaps: what could not be read of it."""

    findings: Findings
    name: str
    gaps: Sequence[Partial] = ()


def sarif_document(runs: Iterable[SarifRun], tool_version: str) -> bytes:
    """One run for each; equal findings give equal bytes."""
    document: Json = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [_run(one, tool_version) for one in runs],
    }
    return canonical_json(document)


def _run(run: SarifRun, tool_version: str) -> Json:
    findings = run.findings
    by_id: dict[str, list[Finding]] = {}
    for finding in findings.findings:
        by_id.setdefault(finding.id, []).append(finding)
    numbers = {one: number for number, one in enumerate(by_id)}
    return {
        "tool": {
            "driver": {
                "name": "stella",
                "version": tool_version,
                "rules": [_rule(one) for one in by_id.values()],
            }
        },
        "automationDetails": {"id": f"stella/{run.name}/"},
        "invocations": [
            {"executionSuccessful": True, "toolExecutionNotifications": list(_notes(run))}
        ],
        "results": [_result(one, numbers[one.id]) for one in findings.findings],
        "properties": {"image": findings.image.text, "snapshot": findings.snapshot.text},
    }


def _rule(findings: Sequence[Finding]) -> Json:
    """One vulnerability; its score is the worst that any package of it has."""
    first = findings[0]
    severities = {one.severity for one in findings}
    properties: dict[str, Json] = {"tags": ["security", "vulnerability", *sorted(severities)]}
    scores = [score for one in findings if (score := _score(one)) is not None]
    if scores:
        properties["security-severity"] = f"{max(scores):.1f}"
    summary = first.summary or first.id
    names = f" Also known as {', '.join(first.aliases)}." if first.aliases else ""
    fixes = sorted({f"{one.component} {one.fixed}" for one in findings if one.fixed})
    fixed = f" Fixed in {', '.join(fixes)}." if fixes else " No version that mends it is known."
    return {
        "id": first.id,
        "name": re.sub(r"[^A-Za-z0-9]", "", first.id) or "Vulnerability",
        "shortDescription": {"text": summary},
        "fullDescription": {"text": f"{summary.rstrip('.')}.{names}"},
        "helpUri": f"https://osv.dev/vulnerability/{quote(first.id, safe='')}",
        "help": {"text": f"{first.id}: {summary.rstrip('.')}.{names}{fixed}"},
        "defaultConfiguration": {"level": _level(max(findings, key=_rank))},
        "properties": properties,
    }


def _score(finding: Finding) -> float | None:
    score = base_score(finding.cvss)
    return _LEAST_SCORES.get(finding.severity) if score is None else score


def _rank(finding: Finding) -> int:
    return ("note", "warning", "error").index(_level(finding))


def _level(finding: Finding) -> str:
    """A severity that nobody has said is a warning, never nothing."""
    return _LEVELS.get(finding.severity, "warning")


def _result(finding: Finding, rule: int) -> Json:
    is_fault = finding.match is not Match.NOT_AFFECTED
    made: dict[str, Json] = {
        "ruleId": finding.id,
        "ruleIndex": rule,
        "kind": "fail" if is_fault else "notApplicable",
        "level": _level(finding) if is_fault else "none",
        "message": {"text": _message(finding)},
        "locations": list(_locations(finding)),
        "partialFingerprints": {"stellaFinding/v1": _fingerprint(finding)},
        "properties": {
            "purl": finding.purl,
            "severity": finding.severity,
            "fixed": finding.fixed,
            "kev": finding.kev,
            "vex": finding.vex.value,
            "reach": finding.reach.value,
            **_reached(finding),
            "layer": finding.why.layer,
            "layerIndex": finding.why.layer_index,
            "advisory": finding.why.advisory,
            "range": finding.why.range,
        },
    }
    if finding.vex in SETTLED:
        made["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": _said(finding)}
        ]
    return made


def _reached(finding: Finding) -> dict[str, Json]:
    """By what its reachability was decided; nothing where nobody has looked."""
    why = finding.reach_why
    if why is None:
        return {}
    said: dict[str, Json] = {"reachReason": why.reason, "reachSymbols": list(why.symbols)}
    if why.chain:
        said["reachChain"] = list(why.chain)
    return said


def _said(finding: Finding) -> str:
    """Who has settled it, and why."""
    why = finding.vex_why
    if why is None:
        return f"VEX says {finding.vex.value}"
    issuers = sorted({voice.issuer for voice in why.voices if voice.counts})
    reasons = [one for one in (why.justification, why.impact, why.action) if one]
    who = f"{', '.join(issuers) or 'VEX'} says {finding.vex.value}"
    return ": ".join([who, *([", ".join(reasons)] if reasons else [])])


def _message(finding: Finding) -> str:
    name = f"{finding.component} {finding.version}"
    verdict = {
        Match.AFFECTED: f"{name} is affected by {finding.id}",
        Match.NOT_AFFECTED: f"{name} is not affected by {finding.id}",
        Match.UNKNOWN_VERSION: f"{name} cannot be compared with the versions of {finding.id}",
    }[finding.match]
    fixed = f"fixed in {finding.fixed}" if finding.fixed else "no fix is known"
    more = [fixed, *(["known to be exploited"] if finding.kev else [])]
    more += [finding.note] if finding.note else []
    return f"{verdict} ({finding.severity}): {', '.join(more)}."


def _locations(finding: Finding) -> Iterator[Json]:
    """Each path with the layer that brought it; the package alone where no path is known."""
    why = finding.why
    logical: list[Json] = [
        {"name": why.package, "fullyQualifiedName": finding.purl, "kind": "module"}
    ]
    if why.layer:
        index = "" if why.layer_index is None else f"{why.layer_index} "
        logical.append({"name": f"layer {index}{why.layer}", "kind": "namespace"})
    for path in why.paths:
        # Relative to the root of the image; a file of a package has no line that is to blame.
        uri = quote(path.lstrip("/"), safe="/") or "."
        physical: Json = {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}
        yield {"physicalLocation": physical, "logicalLocations": logical}
    if not why.paths:
        yield {"logicalLocations": logical}


def _fingerprint(finding: Finding) -> str:
    package = finding.purl.partition("?")[0].partition("#")[0].rpartition("@")[0] or finding.purl
    text = "\0".join((finding.id, package, *finding.why.paths))
    return Digest.of(text.encode()).hex


def _notes(run: SarifRun) -> Iterator[Json]:
    """What nobody can say anything about is said: it is no pass."""
    for kind, count in sorted(run.findings.unmatched.items()):
        yield _note(f"no advisories for {count} components of {kind}")
    for gap in run.gaps:
        yield _note(f"{gap.path} was not read: {gap.reason}")


def _note(text: str) -> Json:
    return {"level": "warning", "message": {"text": text}}
