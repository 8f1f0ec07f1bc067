"""``stella finding``: what is wrong in an SBOM, as files. No server needed."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from stella.cli.advisories import opened_advisories
from stella.cli.finding_explain import explain
from stella.cli.sbom import cyclonedx_of, read_sbom
from stella.cli.scan_report import SEVERITIES, vex_mark
from stella.cli.scan_target import tool_version
from stella.cli.vex_files import read_voices, with_vex
from stella.cli.vex_options import VexFiles, VexKeys
from stella.cli.vex_out import openvex_document
from stella.cli.written import checked_output, read, write
from stella.finding import (
    Finding,
    finding_json,
    findings_document,
    match_inventory,
    parse_findings,
)
from stella.finding.sarif import SarifRun, sarif_document

app = typer.Typer(no_args_is_help=True, help="Match SBOMs, list and explain findings.")

Output = Annotated[str, typer.Option("-o", "--output", help="table|json|name")]
To = Annotated[Path | None, typer.Option(help="Write to this file.")]
Document = Annotated[Path, typer.Argument(help="A findings document.")]
_FORMATS = ("table", "json", "name")


@app.command()
def match(
    sbom: Annotated[Path, typer.Argument(help="CycloneDX, JSON or XML, or SPDX.")],
    *,
    advisories: Annotated[
        Path, typer.Option(help="Advisory snapshot, its directory, or feeds as they are.")
    ],
    vex: VexFiles = None,
    vex_key: VexKeys = None,
    output: Annotated[
        str, typer.Option("-o", "--output", help="table|json|document|name|sarif|openvex")
    ] = "table",
    to: To = None,
) -> None:
    """Match an SBOM against a snapshot. -o json lists the findings, -o document keeps all of them."""
    checked_output(output, (*_FORMATS, "document", "sarif", "openvex"))
    inventory = read_sbom(sbom)
    with opened_advisories(advisories) as snapshot:
        found = match_inventory(inventory, snapshot)
    if vex:
        found = with_vex(found, read_voices(vex, vex_key or ()), inventory, cyclonedx_of(sbom))
    if output == "openvex":
        write(openvex_document([(found, None)]), to)
    elif output == "document":
        write(findings_document(found) + b"\n", to)
    elif output == "json":
        write(json.dumps([_brief(finding) for finding in found.findings], indent=2) + "\n", to)
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


app.command()(explain)


@app.command()
def where(
    name: Annotated[str, typer.Argument(help="Id or alias, such as CVE-2023-43804.")],
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """Say which images have a vulnerability, of which releases, and where those run now."""
    from stella.cli.finding_where import finding_where  # late: the others need no server

    finding_where(name, output=output, to=to)


def _brief(finding: Finding) -> dict[str, object]:
    """One finding as other matchers are compared with it."""
    whole = finding_json(finding)
    return {key: whole[key] for key in ("id", "aliases", "purl", "fixed", "why")}


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


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
