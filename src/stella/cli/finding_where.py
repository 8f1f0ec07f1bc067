"""``stella finding where`` and ``stella sbom where``: over every image that the server has scanned."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, show_lines, show_list
from stella.client import open_client

_COMPONENTS: dict[str, Column] = {"scan": "scan", "component": "purl"}


def finding_where(
    name: Annotated[str, typer.Argument(help="Id or alias, such as CVE-2023-43804.")],
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """Say which images have a vulnerability, of which releases, and where those run now."""
    with open_client() as client:
        found = client.get(f"/vulnerabilities/{quote(name, safe='')}")
    show_lines(found, list(_lines(found)), output=output, to=to)


def component_where(
    name: Annotated[str, typer.Argument(help="The component's name, as its ecosystem writes it.")],
    *,
    version: Annotated[str, typer.Option(help="This version alone.")] = "",
    output: Output = "table",
    to: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
) -> None:
    """Say which of the images that the server has scanned hold a component."""
    with open_client() as client:
        found = list(client.items("/components", name=name, version=version))
    show_list(found, _COMPONENTS, output=output, to=to, name="scan")


def _lines(found: Any) -> Iterator[str]:
    images = found["images"]
    yield f"{found['name']}  {len(images)}{' and more' if found['more'] else ''} images"
    for one in images:
        counts = "" if one["counts"] else "  (settled by VEX)"
        yield f"  {one['severity']:<8} {one['reference']}  {one['platform']}{counts}"
    for release in found["releases"]:
        yield f"  release  {release['name']} {release['version']}"
    for one in found["runsIn"]:
        release = one["release"]
        where = ", ".join(one["targets"])
        yield f"  runs in  {one['environment']}: {release['name']} {release['version']} on {where}"
    if not images:
        yield "  in no image that was scanned; what was not scanned is not known"
