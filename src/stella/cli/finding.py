"""``stella finding``: what is wrong in an SBOM, as files. No server needed."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from stella.advisory import open_snapshot
from stella.cli.sbom import cyclonedx_of, read_sbom
from stella.cli.scan_report import SEVERITIES, vex_mark
from stella.cli.scan_target import tool_version
from stella.cli.vex_files import read_voices, with_vex
from stella.cli.vex_out import openvex_document
from stella.cli.written import checked_output, read, write
from stella.finding import (
    Finding,
    UnknownFinding,
    finding_json,
    findings_document,
    match_inventory,
    parse_findings,
)
from stella.finding.sarif import SarifRun, sarif_document
from stella.kernel import Remedy

app = typer.Typer(no_args_is_help=True, help="Match SBOMs, list and explain findings.")

Output = Annotated[str, typer.Option("-o", "--output", help="table|json|name")]
To = Annotated[Path | None, typer.Option(help="Write to this file.")]
Document = Annotated[Path, typer.Argument(help="A findings document.")]
_FORMATS = ("table", "json", "name")


@app.command()
def match(
    sbom: Annotated[Path, typer.Argument(help="CycloneDX, JSON or XML, or SPDX.")],
    *,
    advisories: Annotated[Path, typer.Option(help="Advisory snapshot, or its directory.")],
    vex: Annotated[
        list[Path] | None,
        typer.Option(help="VEX document, or directory of a VEX repository. Repeat."),
    ] = None,
    vex_key: Annotated[
        list[Path] | None,
        typer.Option(help="Only VEX signed with this public key decides. Repeat."),
    ] = None,
    output: Annotated[
        str, typer.Option("-o", "--output", help="table|json|name|sarif|openvex")
    ] = "table",
    to: To = None,
) -> None:
    """Match an SBOM against a snapshot; -o json is the findings document."""
    checked_output(output, (*_FORMATS, "sarif", "openvex"))
    inventory = read_sbom(sbom)
    with open_snapshot(advisories) as snapshot:
        found = match_inventory(inventory, snapshot)
    if vex:
        found = with_vex(found, read_voices(vex, vex_key or ()), inventory, cyclonedx_of(sbom))
    if output == "openvex":
        write(openvex_document([(found, None)]), to)
    elif output == "json":
        write(findings_document(found) + b"\n", to)
    elif output == "sarif":
        run = SarifRun(found, inventory.name, inventory.partial)
        write(sarif_document([run], tool_version()) + b"\n", to)
    elif output == "name":
        write(_lines(dict.fromkeys(finding.id for finding in found.findings)), to)
    else:
        summary = f"{len(found.findings)} findings against {found.snapshot}"
        unknown = [
            f"unknown: no advisories for {count} components of {kind}"
            for kind, count in sorted(found.unmatched.items())
        ]
        write(_lines([*_table(found.findings), *unknown, summary]), to)


@app.command("list")
def list_(
    document: Document,
    *,
    severity: Annotated[
        str, typer.Option(help="At least this severe: low, medium, high, critical.")
    ] = "",
    output: Output = "table",
    to: To = None,
) -> None:
    """List the findings of a document."""
    checked_output(output, _FORMATS)
    wanted = SEVERITIES if not severity else SEVERITIES[: _rank(severity) + 1]
    found = [
        finding
        for finding in parse_findings(read(document)).findings
        if not severity or finding.severity in wanted
    ]
    if output == "json":
        write(json.dumps([finding_json(finding) for finding in found], indent=2) + "\n", to)
    elif output == "name":
        write(_lines(dict.fromkeys(finding.id for finding in found)), to)
    else:
        write(_lines(_table(found)), to)


@app.command()
def explain(
    document: Document,
    name: Annotated[str, typer.Argument(help="Id or alias, such as CVE-2023-43804.")],
    *,
    output: Annotated[str, typer.Option("-o", "--output", help="table|json")] = "table",
    to: To = None,
) -> None:
    """Say why something is a finding: advisory, range, package, path, layer, fix."""
    checked_output(output, ("table", "json"))
    findings = parse_findings(read(document)).findings
    found = [finding for finding in findings if name in (finding.id, *finding.aliases)]
    if not found:
        raise UnknownFinding(
            f"no finding {name!r} in {document}",
            remedy=Remedy(
                "Choose one that is listed.", command=f"stella finding list {document} -o name"
            ),
            id=name,
        )
    if output == "json":
        write(json.dumps([finding_json(finding) for finding in found], indent=2) + "\n", to)
    else:
        write(_lines(line for finding in found for line in _why(finding)), to)


def _rank(severity: str) -> int:
    return SEVERITIES.index(checked_output(severity, SEVERITIES))


def _table(findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        fixed = f"fixed in {finding.fixed}" if finding.fixed else "no fix known"
        marks = [fixed, *(["known exploited"] if finding.kev else [])]
        marks += [finding.note] if finding.note else []
        marks += [mark] if (mark := vex_mark(finding).removeprefix(", ")) else []
        marks += ["version cannot be compared"] if finding.match == "unknown_version" else []
        yield (
            f"{finding.severity:<8} {finding.id}  {finding.component} {finding.version}"
            f"  {', '.join(marks)}"
        )


def _why(finding: Finding) -> Iterator[str]:
    why = finding.why
    layer = "" if why.layer_index is None else f", layer {why.layer_index}"
    layer += f" ({why.layer})" if why.layer else ""
    yield f"{finding.id}  {finding.severity}"
    if finding.aliases:
        yield f"  also known as  {', '.join(finding.aliases)}"
    yield f"  {finding.summary or 'no summary'}"
    yield f"  package        {why.package}  ({finding.purl})"
    for path in why.paths:
        yield f"  found at       {path}{layer}"
    verdict = {
        "affected": "is affected by",
        "not_affected": "is not affected by",
        "unknown_version": "cannot be compared with",
    }
    yield f"  compared       {why.compared} {verdict[finding.match]} {why.range}"
    yield f"  fixed in       {finding.fixed or 'no version is known'}"
    yield f"  exploited      {'yes, listed by CISA' if finding.kev else 'not listed by CISA'}"
    if finding.note:
        yield f"  note           {finding.note}"
    yield from _vex(finding)


def _vex(finding: Finding) -> Iterator[str]:
    """Who says it matters, and why the others were not heard."""
    if finding.vex_why is None:
        yield "  vex            nobody speaks of it"
        return
    why = finding.vex_why
    reason = "; ".join(text for text in (why.justification, why.impact, why.action) if text)
    yield f"  vex            {finding.vex.value}{f': {reason}' if reason else ''}"
    for voice in why.voices:
        ends = f", until {voice.expires}" if voice.expires else ""
        counts = "decides" if voice.counts else f"does not count: {voice.why}"
        yield (
            f"    {voice.status} says {voice.issuer} (weight {voice.weight}, {voice.basis})"
            f" at {voice.at or 'no time'}{ends}, of {voice.scope}; {counts} ({voice.document[:19]})"
        )
    if why.unheard:
        yield f"    and {why.unheard} more statements"


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
