"""``stella finding``: what is wrong in an SBOM, as files; and in all that a server has scanned."""

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
from stella.finding.model import is_open
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
    document: Annotated[
        Path | None, typer.Argument(help="A findings document; the server's where none is given.")
    ] = None,
    *,
    severity: Annotated[
        str, typer.Option(help="At least this severe: low, medium, high, critical.")
    ] = "",
    fixable: Annotated[
        bool | None, typer.Option("--fixable/--no-fix", help="Whether a version mends it.")
    ] = None,
    exploited: Annotated[
        bool | None, typer.Option("--exploited/--not-exploited", help="Known to be exploited.")
    ] = None,
    reach: Annotated[str, typer.Option(help="reachable, unreachable, unknown; comma.")] = "",
    vex: Annotated[str, typer.Option(help="VEX states, comma between several.")] = "",
    counts: Annotated[
        bool | None, typer.Option("--counts/--settled", help="Whether VEX leaves it so.")
    ] = None,
    component: Annotated[str, typer.Option(help="The component's name.")] = "",
    image: Annotated[str, typer.Option(help="A digest, or part of the reference.")] = "",
    environment: Annotated[str, typer.Option("--env", help="What runs there now.")] = "",
    search: Annotated[str, typer.Option(help="Part of an id, alias, component or purl.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many of the server's.")] = 100,
    output: Output = "table",
    to: To = None,
) -> None:
    """List the findings of a document, or of every image that the server has scanned.

    The server's are in order of urgency: exploited ones first, then those with a fix, then by severity.
    """
    checked_output(output, _FORMATS)
    wanted = SEVERITIES if not severity else SEVERITIES[: _rank(severity) + 1]
    if document is None:
        from stella.cli.finding_list import Wanted, list_on_server  # late: documents need no server

        asked = Wanted(
            severity=",".join(wanted) if severity else "",
            fixable=fixable,
            exploited=exploited,
            reach=reach,
            vex=vex,
            counts=counts,
            component=component,
            image=image,
            environment=environment,
            q=search,
        )
        list_on_server(asked, limit, output=output, to=to)
        return
    if image or environment:
        raise typer.BadParameter("--image and --env ask the server: name no document with them")
    found = [
        finding
        for finding in parse_findings(read(document)).findings
        if (not severity or finding.severity in wanted)
        and (fixable is None or bool(finding.fixed) is fixable)
        and (exploited is None or finding.kev is exploited)
        and (not reach or finding.reach.value in reach.split(","))
        and (not vex or finding.vex.value in vex.split(","))
        and (counts is None or is_open(finding) is counts)
        and (not component or finding.component.lower() == component.lower())
        and (not search or _mentions(finding, search.lower()))
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


def _mentions(finding: Finding, text: str) -> bool:
    words = (finding.id, finding.component, finding.purl, *finding.aliases)
    return any(text in word.lower() for word in words)


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
