"""``stella variable``: what deployments are configured with, and where it counts."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, show_lines, show_list
from stella.client import open_client

app = typer.Typer(no_args_is_help=True, help="What deployments are configured with, and where.")


def said(one: Mapping[str, Any]) -> str:
    """What a variable says."""
    return str(one["secret"]) if one["value"] is None else repr(one["value"])


_COLUMNS: dict[str, Column] = {
    "name": "name",
    "says": said,
    "counts": "scope",
    "document": "group",
}


@app.command("list")
def list_(
    *,
    document: Annotated[str | None, typer.Option(help="Of this document only.")] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """List variables as they are applied now. Releases that are sealed keep those they have."""
    with open_client() as client:
        found = [
            one
            for listed in client.items("/variables")
            if document is None or listed["name"] == document
            for one in listed["variables"]
        ]
    show_list(found, _COLUMNS, output=output, to=to, name="name")


@app.command()
def preview(
    release: Annotated[str, typer.Argument(help="Its id, or NAME@VERSION.")],
    *,
    env: Annotated[str, typer.Option("--env", "-e", help="Where it would be deployed.")],
    target: Annotated[str | None, typer.Option(help="On which of its targets.")] = None,
    component: Annotated[str | None, typer.Option(help="For which component.")] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Say what a release's variables say at a place: which won, why, and which it beat."""
    with open_client() as client:
        path = f"/releases/{quote(release, safe='')}/variables"
        found = client.get(path, environment=env, target=target, component=component)
    show_lines(found, preview_lines(found), output=output, to=to, name="revision")


def preview_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """A preview for people."""
    place = found["place"]
    where = ", ".join(
        f"{key} {place[key]}" for key in ("environment", "target", "component") if place[key]
    )
    yield f"revision {found['revision']}  {where}"
    for one in found["answers"]:
        yield ""
        yield f"{one['name']}  {said(one['used']) if one['used'] else 'nothing'}"
        yield f"  {one['why']}"
        for word, listed in (("beats", one["beaten"]), ("rival", one["rivals"])):
            for other in listed:
                yield f"  {word}  {said(other)}  {other['scope']} ({other['group']})"
    if not found["answers"]:
        yield "no variable counts there"
    for why in found["faults"]:
        yield f"fault  {why}"
    yield f"more exact first: {', '.join(found['order'])}"
