"""What VEX makes of findings: each gets its verdict, with who said what. Pure, so that it is replayed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from stella.finding.document import findings_document, parse_findings
from stella.finding.model import Finding, Findings, VexVoice, VexWhy
from stella.sbom import parse_cyclonedx
from stella.vex import (
    ImageSubject,
    Verdict,
    Voices,
    image_subject,
    parse_weighing,
    voices_of,
)


def apply_vex(findings: Findings, voices: Voices, image: ImageSubject, now: datetime) -> Findings:
    """``findings`` with what ``voices`` come to at ``now``; those nobody speaks of stay as they are."""
    assert image.digest == findings.image.text, (image.digest, findings.image)
    spoken_of = voices.names
    return replace(
        findings,
        findings=tuple(
            _judged(one, voices, image, now)
            if any(name.casefold() in spoken_of for name in (one.id, *one.aliases))
            else one
            for one in findings.findings
        ),
    )


def judged_document(
    matched: bytes, sbom: bytes, weighing: bytes, documents: Mapping[str, bytes], now: datetime
) -> bytes:
    """The findings document ``matched`` with the verdicts of ``now``.

    sbom: of the image, CycloneDX. weighing: what was weighed for it. documents: digest -> content.
    Raises MalformedFindings, MalformedSbom, MalformedWeighing.
    """
    said = parse_weighing(weighing)
    image = image_subject(
        parse_cyclonedx(sbom), sbom, indexes=said.indexes, repositories=said.repositories
    )
    findings = parse_findings(matched)
    return findings_document(apply_vex(findings, voices_of(said, documents), image, now))


def _judged(finding: Finding, voices: Voices, image: ImageSubject, now: datetime) -> Finding:
    verdict = voices.verdict(image, finding.purl, finding.id, finding.aliases, now)
    if not verdict.voices:
        return finding
    return replace(finding, vex=verdict.state, vex_why=_why(verdict))


def _why(verdict: Verdict) -> VexWhy:
    return VexWhy(
        justification=verdict.justification,
        impact=verdict.impact,
        action=verdict.action,
        voices=tuple(
            VexVoice(**{name: getattr(one, name) for name in VexVoice.__slots__})
            for one in verdict.voices
        ),
        unheard=verdict.unheard,
    )
