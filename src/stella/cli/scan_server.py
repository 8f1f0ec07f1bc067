"""Scans that the server made: listed, asked for, waited for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import typer

from stella.cli.errors import ScanDidNotEnd, WaitedTooLong
from stella.cli.output import Column, show_lines, show_list
from stella.cli.scan_report import SEVERITIES
from stella.cli.traits_report import lasting_text, trait_lines
from stella.cli.waiting import follow
from stella.cli.written import checked_output, write
from stella.client import open_client
from stella.kernel import Remedy
from stella.sbom.lifetime import Lifetime
from stella.sbom.traits import Answer, Traits

_TIMEOUT_S = 600.0


def scan_line(scan: Mapping[str, Any]) -> str:
    """What is known of one platform image, in a line. Without advisories nothing is known."""
    if scan["state"] == "failed":
        return f"scan failed: {scan['error']['message']} ({scan['error']['code']})"
    if scan["state"] != "done":
        return f"scan {scan['state']}"
    if scan["counts"] is None:
        return f"{scan['components']} packages; findings unknown: the server has no advisories"
    counts = [f"{count} {word}" for word, count in scan["counts"].items() if count]
    exploited = f", {scan['kev']} known to be exploited" if scan["kev"] else ""
    return f"{scan['components']} packages; {', '.join(counts) or 'no findings'}{exploited}"


COLUMNS: dict[str, Column] = {
    "image": "reference",
    "platform": "platform",
    "result": scan_line,
    "at": "at",
    "id": "id",
}


def show_scans(image: str | None, *, output: str, to: Path | None) -> None:
    """List scans. image: of this digest only."""
    with open_client() as client:
        show_list(list(client.items("/scans", image=image)), COLUMNS, output=output, to=to)


def show_image(scan: str, *, output: str, to: Path | None) -> None:
    """What the image of that scan is beside its packages."""
    with open_client() as client:
        seen = client.get(f"/scans/{quote(scan, safe='')}/image")
    show_lines(seen, _image_lines(seen), output=output, to=to)


def _image_lines(seen: Mapping[str, Any]) -> list[str]:
    lines = [f"{seen['scan']}"]
    if seen["lifetime"] is not None:
        lifetime = msgspec.convert(seen["lifetime"], Lifetime)
        lines.append(f"  end of life {lasting_text(lifetime, Answer(seen['lifetime']['over']))}")
    if seen["traits"] is None:
        return [*lines, "  unknown: its scan does not say; scan the image again"]
    lines += trait_lines(msgspec.convert(seen["traits"], Traits))
    base = seen["knownBase"]
    if base is not None:
        same = f"its lowest {base['layers']} layers are those"
        made = f", made {base['created']}" if base["created"] else ""
        lines.append(f"  built on    {base['reference']} {base['digest']} ({same}{made})")
    return lines


def write_document_of(scan: str, *, output: str, to: Path | None) -> None:
    """The document of a scan. output: a format of SBOMs, or sarif or openvex for what was found."""
    checked_output(output, ("cyclonedx-json", "cyclonedx-xml", "spdx-json", "sarif", "openvex"))
    path = f"/scans/{quote(scan, safe='')}"
    with open_client() as client:
        if output in {"sarif", "openvex"}:
            content = client.content(f"{path}/findings/{output}")
        else:
            content = client.content(f"{path}/sbom", format=output)
    write(content, to)


def scan_on_server(reference: str, rules: frozenset[str], *, output: str, to: Path | None) -> None:
    """Ask the server to scan ``reference``, wait, and show what it found.

    rules: those of ``--fail-on``; where one fails, the command ends with 1.
    Raises ScanDidNotEnd, WaitedTooLong.
    """
    with open_client() as client:
        asked = client.post("/scans", {"reference": reference})
        path = f"/scans/{quote(asked['id'], safe='')}"
        seen = follow(
            lambda: client.get(path),
            is_over=lambda scan: scan["state"] != "pending",
            tell=lambda scan: [f"{scan['reference']} {scan['state']}"],
            timeout_s=_TIMEOUT_S,
        )
    show_lines(seen, [f"{seen['reference']}  {seen['id']}", scan_line(seen)], output=output, to=to)
    if seen["state"] == "pending":
        raise WaitedTooLong(
            f"{seen['reference']} is not scanned after {_TIMEOUT_S:g} s",
            remedy=Remedy("It goes on; look again.", command="stella image scans"),
            scan=seen["id"],
        )
    if seen["state"] == "failed":
        raise ScanDidNotEnd(
            f"{seen['reference']} could not be scanned: {seen['error']['message']}",
            remedy=Remedy(f"Do as it says ({seen['error']['code']}), then scan again."),
            scan=seen["id"],
            because=seen["error"]["code"],
        )
    failed = failures(seen, rules)
    for reason in failed:
        typer.echo(f"failed: {reason}", err=True)
    if failed:
        raise typer.Exit(1)


def failures(scan: Mapping[str, Any], rules: frozenset[str]) -> list[str]:
    """Why the rules fail this scan; a severity rule takes everything at least as severe."""
    if not rules:
        return []
    if scan["counts"] is None:
        return ["unknown: the server has no advisories; no rule can be judged"]
    counts = scan["counts"]
    hits = {
        rule: sum(counts[word] for word in SEVERITIES[: place + 1])
        for place, rule in enumerate(SEVERITIES)
    }
    hits |= {"any": sum(counts.values()), "kev": scan["kev"], "unknown": counts["unknown"]}
    return [f"{hits[rule]} findings under the rule {rule}" for rule in sorted(rules) if hits[rule]]
