"""``stella finding``: what is wrong in an SBOM, as files; and in all that a server has scanned."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from stella.cli.advisories import opened_advisories
from stella.cli.finding_explain import explain
from stella.cli.finding_list import finding_lines, list_
from stella.cli.sbom import cyclonedx_of, read_sbom
from stella.cli.scan_target import tool_version
from stella.cli.vex_files import read_voices, with_vex
from stella.cli.vex_options import VexFiles, VexKeys
from stella.cli.vex_out import openvex_document
from stella.cli.written import checked_output, write
from stella.finding import (
    Finding,
    finding_json,
    findings_document,
    match_inventory,
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
        write(_lines([*finding_lines(found.findings), *unknown, summary]), to)


app.command("list")(list_)
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


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
