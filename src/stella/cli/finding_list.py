"""``stella finding list``: what is wrong, of one document or of every image that the server has scanned."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from stella.cli.output import Column, show_list
from stella.cli.scan_report import SEVERITIES, vex_mark
from stella.cli.written import checked_output, read, write
from stella.finding import Finding, finding_json, parse_findings
from stella.finding.model import is_open

Output = Annotated[str, typer.Option("-o", "--output", help="table|json|name")]
To = Annotated[Path | None, typer.Option(help="Write to this file.")]
_FORMATS = ("table", "json", "name")
_COLUMNS: dict[str, Column] = {
    "severity": "severity",
    "finding": "vulnerability",
    "component": lambda row: f"{row['component']} {row['version']}",
    "fixed in": lambda row: row["fixed"] or "no fix known",
    "exploited": lambda row: "yes" if row["exploited"] else "",
    "reach": lambda row: "" if row["reach"] == "unknown" else row["reach"],
    "vex": "vex",
    "image": "reference",
    "platform": "platform",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters, as the API names them; None and "" ask for nothing in particular.

    severity, reach, vex: words, comma between several.
    """

    severity: str = ""
    fixable: bool | None = None
    exploited: bool | None = None
    reach: str = ""
    vex: str = ""
    counts: bool | None = None
    component: str = ""
    image: str = ""
    environment: str = ""
    q: str = ""

    def query(self) -> dict[str, Any]:
        """What of it is asked for."""
        given = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in given.items() if value not in {None, ""}}

    def fits(self, finding: Finding) -> bool:
        """Whether the finding of a document is one of them."""
        words = (
            (self.severity, finding.severity),
            (self.reach, finding.reach.value),
            (self.vex, finding.vex.value),
            (self.component.lower(), finding.component.lower()),
        )
        flags = (
            (self.fixable, bool(finding.fixed)),
            (self.exploited, finding.kev),
            (self.counts, is_open(finding)),
        )
        text = " ".join((finding.id, finding.component, finding.purl, *finding.aliases))
        return (
            all(not asked or word in asked.split(",") for asked, word in words)
            and all(asked is None or asked is is_so for asked, is_so in flags)
            and self.q.lower() in text.lower()
        )


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

    The server's are in order of urgency: exploited ones first, then what is reachable, then what has a
    fix, then by severity; last what is unreachable.
    """
    checked_output(output, _FORMATS)
    wanted = Wanted(
        severity=_at_least(severity),
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
    if document is None:
        _list_on_server(wanted, limit, output, to)
    elif image or environment:
        raise typer.BadParameter("--image and --env ask the server: name no document with them")
    else:
        found = [one for one in parse_findings(read(document)).findings if wanted.fits(one)]
        write(_shown(found, output), to)


def finding_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """A line for each, for people."""
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


def _list_on_server(wanted: Wanted, limit: int, output: str, to: Path | None) -> None:
    from stella.client import open_client  # late: documents need no server

    with open_client() as client:
        found = list(islice(client.items("/findings", **wanted.query()), limit))
    show_list(found, _COLUMNS, output=output, to=to, name="vulnerability")


def _at_least(severity: str) -> str:
    """The severities from that one on, comma between them."""
    if not severity:
        return ""
    worst = SEVERITIES.index(checked_output(severity, SEVERITIES))
    return ",".join(SEVERITIES[: worst + 1])


def _shown(found: list[Finding], output: str) -> str:
    if output == "json":
        return json.dumps([finding_json(finding) for finding in found], indent=2) + "\n"
    if output == "name":
        return "".join(f"{one}\n" for one in dict.fromkeys(finding.id for finding in found))
    return "".join(f"{line}\n" for line in finding_lines(found))
