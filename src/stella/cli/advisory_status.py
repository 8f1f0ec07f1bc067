"""``stella advisory status``: what the server matches by, and how new it is."""

from collections.abc import Iterator
from typing import Any

from stella.cli.output import Output, To, show_lines
from stella.client import open_client


def status(*, output: Output = "table", to: To = None) -> None:
    """Say by which snapshot the server matches, and how new each feed in it is."""
    with open_client() as client:
        found = client.get("/advisories")
    show_lines(found, list(_lines(found)), output=output, to=to)


def _lines(found: Any) -> Iterator[str]:
    if found["snapshot"] is None:
        yield "no advisories: every scan says that its findings are unknown"
        return
    yield f"snapshot    {found['snapshot']}"
    yield f"ecosystems  {', '.join(found['ecosystems'])}"
    for one in found["feeds"]:
        yield f"feed        {one['name']}  of {one['at']}, {one['documents']} documents"
    if not found["feeds"]:
        yield "feeds       imported from files: their age is not known"
