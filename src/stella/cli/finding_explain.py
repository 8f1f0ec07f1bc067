"""``stella finding explain``: why it is a finding, and why it is none."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from stella.advisory import StoredSnapshot
from stella.advisory.errors import UnknownAdvisory
from stella.cli.advisories import opened_advisories
from stella.cli.errors import MissingAdvisories
from stella.cli.sbom import read_sbom
from stella.cli.scan_target import RegistryAccess, open_target
from stella.cli.scanning import known_of
from stella.cli.written import checked_output, read, write
from stella.finding import (
    Explained,
    Finding,
    Outcome,
    UnknownFinding,
    explain_name,
    finding_json,
    match_inventory,
    parse_findings,
)
from stella.kernel import Remedy
from stella.reach import Evidence
from stella.sbom import Inventory


class _Head(msgspec.Struct, frozen=True):
    findings: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_heads = msgspec.json.Decoder(_Head)


def explain(
    name: Annotated[str, typer.Argument(help="Id or alias, such as CVE-2023-43804.")],
    target: Annotated[
        str, typer.Argument(help="A findings document, an SBOM, or what `stella scan` takes.")
    ],
    *,
    advisories: Annotated[
        Path | None, typer.Option(help="Advisory snapshot, its directory, or feeds as they are.")
    ] = None,
    platform: Annotated[str | None, typer.Option(help="os/architecture[/variant].")] = None,
    plain_http: Annotated[bool, typer.Option(help="Talk HTTP, not HTTPS.")] = False,
    ca_file: Annotated[str | None, typer.Option(help="PEM of the registry's authority.")] = None,
    output: Annotated[str, typer.Option("-o", "--output", help="table|json")] = "table",
    to: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
) -> None:
    """Say why something is a finding, or is none: each range that was compared.

    Of a findings document it tells what is in it; with --advisories also what is not a finding.
    """
    checked_output(output, ("table", "json"))
    if Path(name).is_file() and not Path(target).is_file():
        name, target = target, name
    content = read(Path(target)) if Path(target).is_file() else b""
    if content and advisories is None and _is_findings(content):
        _of_document(Path(target), content, name, output, to)
        return
    if advisories is None:
        raise MissingAdvisories(
            "what is no finding is not known without the advisories",
            remedy=Remedy("Name a snapshot, or feeds.", command=f"{_COMMAND} --advisories DIR"),
        )
    if content:
        known: list[tuple[Inventory, Evidence | None]] = [(read_sbom(Path(target)), None)]
    else:
        access = RegistryAccess(plain_http=plain_http, ca_file=ca_file)
        known = known_of(open_target(target, access), platform)
    inventories = [inventory for inventory, _ in known]
    with opened_advisories(advisories) as snapshot:
        found = [one for each in known for one in _explained(name, *each, snapshot)]
        held = _said_of(name, snapshot)
        unknown = {} if found else _without_feed(inventories, snapshot)
    if output == "json":
        write(json.dumps([asdict(one) for one in found], indent=2) + "\n", to)
    else:
        lines = [line for one in found for line in _verdict(one)]
        lines = lines or [f"{name}: the snapshot holds no record of a package"]
        gaps = [
            f"unknown: no advisories for {count} components of {kind}"
            for kind, count in sorted(unknown.items())
        ]
        write(_lines([*lines, *gaps, *held]), to)


_NOT_LOOKED = "nobody has looked"
_COMMAND = "stella finding explain CVE TARGET"


def _explained(
    name: str, inventory: Inventory, evidence: Evidence | None, snapshot: StoredSnapshot
) -> Iterator[Explained]:
    try:
        records = list(snapshot.named(name))
    except UnknownAdvisory:
        return
    yield from explain_name(inventory, records, snapshot.ecosystems, evidence)


def _without_feed(inventories: Iterable[Inventory], snapshot: StoredSnapshot) -> Counter[str]:
    """What no feed covers: there, "no record" says nothing."""
    found: Counter[str] = Counter()
    for one in inventories:
        found.update(match_inventory(one, snapshot).unmatched)
    return found


def _said_of(name: str, snapshot: StoredSnapshot) -> list[str]:
    """What is said of the vulnerability, whatever package it is in."""
    return [
        f"{rating.source} says {rating.severity} {rating.cvss}".rstrip() + f": {text}"
        for rating, text in snapshot.assessments(name)
    ]


def _is_findings(content: bytes) -> bool:
    try:
        return _heads.decode(content).findings is not msgspec.UNSET
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _of_document(document: Path, content: bytes, name: str, output: str, to: Path | None) -> None:
    findings = parse_findings(content).findings
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


def _verdict(one: Explained) -> Iterator[str]:
    yield f"{one.outcome:<16} {one.advisory}  {one.package}"
    if one.purl:
        yield f"  component      {one.purl}"
    yield f"  because        {one.reason}"
    if one.fixed:
        yield f"  fixed in       {one.fixed}"
    if one.outcome in {Outcome.AFFECTED, Outcome.UNKNOWN_VERSION}:
        yield f"  rated          {', '.join(one.rated)}"
        yield f"  reachability   {one.reach}: {one.reached_by or _NOT_LOOKED}"


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
    if finding.epss_permille is not None:
        yield f"  EPSS           {finding.epss_permille / 10:.1f} % in 30 days"
    if finding.note:
        yield f"  note           {finding.note}"
    yield from _reach(finding)
    yield from _vex(finding)


def _reach(finding: Finding) -> Iterator[str]:
    """Whether it can be reached, and by what that is known."""
    why = finding.reach_why
    reason = why.reason if why else _NOT_LOOKED
    yield f"  reachability   {finding.reach.value}: {reason}"
    if why is None:
        return
    for path in why.files:
        yield f"    in           {path}"
    for symbol in why.symbols:
        yield f"    linked       {symbol}"
    if why.chain:
        yield f"    loaded       {' -> '.join(why.chain)}"


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
