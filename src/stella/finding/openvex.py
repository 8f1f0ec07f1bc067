"""Findings out as OpenVEX: every one of them, ``under_investigation`` until somebody decides."""

from collections.abc import Sequence

from stella.finding.model import Finding, Findings, Vex
from stella.image import Reference
from stella.kernel import Digest
from stella.vex import OpenVex, Product, Statement, Status, Target, openvex_bytes

_OPEN = frozenset({Vex.NONE, Vex.CONFLICT})


def openvex_of(
    found: Sequence[tuple[Findings, Reference | None]], *, author: str, at: str
) -> bytes | None:
    """One document of all findings, each in the image it was found in; None where there are none.

    found: with where each image lies, where that is a registry. at: RFC 3339, of the document.
    """
    grouped: dict[tuple[object, ...], list[Finding]] = {}
    places = {findings.image: _image(findings.image, reference) for findings, reference in found}
    for findings, _ in found:
        for finding in findings.findings:
            grouped.setdefault(_said(finding), []).append(finding)
    statements = tuple(_statement(alike, places) for alike in grouped.values())
    return openvex_bytes(OpenVex(author, at, statements)) if statements else None


def _said(finding: Finding) -> tuple[object, ...]:
    """Findings that are alike in this make one statement."""
    why = finding.vex_why
    reasons = (why.justification, why.impact, why.action) if why else ("", "", "")
    return (finding.id, finding.aliases, finding.vex, *reasons)


def _statement(alike: list[Finding], places: dict[Digest, Target]) -> Statement:
    first = alike[0]
    purls: dict[Digest, set[str]] = {}
    for finding in alike:
        purls.setdefault(finding.image, set()).add(finding.purl)
    why = first.vex_why
    is_open = first.vex in _OPEN
    is_excused = first.vex is Vex.NOT_AFFECTED
    return Statement(
        names=(first.id, *first.aliases),
        products=tuple(
            Product(places[image], tuple(Target((one,)) for one in sorted(held)))
            for image, held in sorted(purls.items())
        ),
        status=Status.UNDER_INVESTIGATION if is_open else Status(first.vex.value),
        justification=why.justification if why and is_excused else "",
        impact=why.impact if why and is_excused else "",
        action=why.action if why and first.vex is Vex.AFFECTED else "",
        notes="those whose word counts disagree" if first.vex is Vex.CONFLICT else "",
    )


def _image(digest: Digest, reference: Reference | None) -> Target:
    """The image by its digest, and as an OCI purl where it lies in a registry."""
    if reference is None:
        return Target(digests=(digest.text,))
    from packageurl import PackageURL

    repository = f"{reference.host}/{reference.repository}"
    name = repository.rpartition("/")[2]
    purl = PackageURL("oci", None, name, digest.text, {"repository_url": repository})
    return Target((purl.to_string(),), (digest.text,))
