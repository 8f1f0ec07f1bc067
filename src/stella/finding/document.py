"""Findings as a document: canonical JSON, what a scan stores, a policy judges and a packet holds."""

import msgspec

from stella.finding.errors import MalformedFindings
from stella.finding.model import (
    Finding,
    Findings,
    Match,
    Seen,
    Vex,
    VexVoice,
    VexWhy,
    Why,
)
from stella.kernel import Digest, Json, MalformedDigest, Remedy, canonical_json
from stella.reach import Method, Reach, ReachWhy


class _Part(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Camel case outside, unknown keys refused."""


class _Why(_Part, frozen=True):
    package: str
    paths: tuple[str, ...]
    layer: str
    layer_index: int | None
    advisory: str
    range: str
    compared: str


class _VexVoice(_Part, frozen=True):
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


class _VexWhy(_Part, frozen=True):
    justification: str
    impact: str
    action: str
    voices: tuple[_VexVoice, ...]
    unheard: int


class _ReachWhy(_Part, frozen=True, omit_defaults=True):
    method: Method
    reason: str
    files: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()


class _Finding(_Part, frozen=True, omit_defaults=True):
    # What has a default came later: documents without it keep their bytes.
    id: str
    aliases: tuple[str, ...]
    purl: str
    component: str
    version: str
    match: Match
    severity: str
    cvss: str
    fixed: str
    kev: bool
    vex: Vex
    reach: Reach
    seen: Seen
    epss_permille: int | None
    summary: str
    note: str
    why: _Why
    vex_why: _VexWhy | None = None
    reach_why: _ReachWhy | None = None


class _Document(_Part, frozen=True):
    image: str
    snapshot: str
    findings: tuple[_Finding, ...]
    unmatched: dict[str, int]
    schema: int = 1
    feeds: dict[str, str] = {}


_decoder = msgspec.json.Decoder(_Document)


def findings_document(findings: Findings) -> bytes:
    """``findings`` as canonical JSON; equal findings give equal bytes."""
    document = _Document(
        image=findings.image.text,
        snapshot=findings.snapshot.text,
        findings=tuple(_part(finding) for finding in findings.findings),
        unmatched=findings.unmatched,
        feeds=findings.feeds,
    )
    plain: dict[str, Json] = msgspec.to_builtins(document)
    if not findings.feeds:
        del plain["feeds"]  # documents of earlier versions keep their bytes
    return canonical_json(plain)


def finding_json(finding: Finding) -> dict[str, Json]:
    """One finding as it stands in the document."""
    plain: dict[str, Json] = msgspec.to_builtins(_part(finding))
    return plain


def parse_findings(content: bytes) -> Findings:
    """The findings in the document. Raises MalformedFindings with the place."""
    try:
        document = _decoder.decode(content)
        image = Digest(document.image)
        return Findings(
            image=image,
            snapshot=Digest(document.snapshot),
            findings=tuple(_whole(one, image) for one in document.findings),
            unmatched=document.unmatched,
            feeds=document.feeds,
        )
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, MalformedDigest) as error:
        raise MalformedFindings(
            f"not a document of findings: {str(error)[:200]}",
            remedy=Remedy(
                "Make one from an SBOM.",
                command="stella finding match SBOM --advisories SNAPSHOT -o document --to FILE",
            ),
        ) from None


def _part(finding: Finding) -> _Finding:
    why = finding.why
    return _Finding(
        id=finding.id,
        aliases=finding.aliases,
        purl=finding.purl,
        component=finding.component,
        version=finding.version,
        match=finding.match,
        severity=finding.severity,
        cvss=finding.cvss,
        fixed=finding.fixed,
        kev=finding.kev,
        vex=finding.vex,
        reach=finding.reach,
        seen=finding.seen,
        epss_permille=finding.epss_permille,
        summary=finding.summary,
        note=finding.note,
        why=_Why(
            package=why.package,
            paths=why.paths,
            layer=why.layer,
            layer_index=why.layer_index,
            advisory=why.advisory,
            range=why.range,
            compared=why.compared,
        ),
        vex_why=_vex_part(finding.vex_why),
        reach_why=_reach_part(finding.reach_why),
    )


def _reach_part(why: ReachWhy | None) -> _ReachWhy | None:
    if why is None:
        return None
    return _ReachWhy(**{name: getattr(why, name) for name in ReachWhy.__slots__})


def _vex_part(why: VexWhy | None) -> _VexWhy | None:
    if why is None:
        return None
    return _VexWhy(
        justification=why.justification,
        impact=why.impact,
        action=why.action,
        voices=tuple(
            _VexVoice(**{name: getattr(one, name) for name in VexVoice.__slots__})
            for one in why.voices
        ),
        unheard=why.unheard,
    )


def _vex_whole(part: _VexWhy | None) -> VexWhy | None:
    if part is None:
        return None
    voices = tuple(VexVoice(**msgspec.structs.asdict(one)) for one in part.voices)
    return VexWhy(part.justification, part.impact, part.action, voices, part.unheard)


def _whole(part: _Finding, image: Digest) -> Finding:
    fields = msgspec.structs.asdict(part)
    why = msgspec.structs.asdict(fields.pop("why"))
    fields["vex_why"] = _vex_whole(part.vex_why)
    if part.reach_why is not None:
        fields["reach_why"] = ReachWhy(**msgspec.structs.asdict(part.reach_why))
    return Finding(**fields, image=image, why=Why(**why))
