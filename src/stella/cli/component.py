"""``stella component``: where images lie, and which of their tags are versions."""

from typing import Annotated
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, say, show_list, show_one
from stella.client import open_client

app = typer.Typer(no_args_is_help=True, help="Where images lie, and which tags are versions.")

_COLUMNS: dict[str, Column] = {
    "name": "name",
    "image": "image",
    "mirrors": lambda row: row["mirrors"] or "none",
    "tags": lambda row: row["versions"]["tag"],
    "range": lambda row: row["versions"]["range"] or "any",
    "channels": lambda row: sorted(row["channels"]),
    "platforms": lambda row: row["platforms"] or "any",
}

_TOLD: dict[str, Column] = {
    "version": "version",
    "channel": lambda row: row["channel"] or "none",
    "image": "image",
    "commit": lambda row: row["commit"] or "not told",
    "build": lambda row: row["build"] or "not told",
}

_RESOLVED: dict[str, Column] = {
    "version": "version",
    "from": lambda row: row["tag"] or "told",
    "image": "image",
    "digest": "digest",
    "platforms": "platforms",
}


@app.command("list")
def list_(*, output: Output = "table", to: To = None) -> None:
    """List components by name."""
    with open_client() as client:
        found = list(client.items("/release-components"))
    show_list(found, _COLUMNS, output=output, to=to, name="name")


@app.command()
def get(name: str, *, output: Output = "table", to: To = None) -> None:
    """Show a component."""
    with open_client() as client:
        found = client.get(f"/release-components/{quote(name, safe='')}")
    show_one(found, _COLUMNS, output=output, to=to, name="name")


@app.command()
def versions(
    name: str,
    *,
    channel: Annotated[str, typer.Option(help="By this channel's rule.")] = "",
    output: Output = "table",
    to: To = None,
) -> None:
    """List what a component's registry has of it now, the newest first."""
    with open_client() as client:
        found = client.get(f"/release-components/{quote(name, safe='')}/versions", channel=channel)
    for one in found["silent"]:
        say(f"{one} does not answer; these are of {found['image']}")
    columns: dict[str, Column] = {
        "version": "version",
        "tag": lambda row: row["tag"] or "told",
        "build": lambda row: (row["told"] or {}).get("build") or "",
    }
    show_list(found["versions"], columns, output=output, to=to, name="version")


@app.command()
def resolve(
    name: str,
    version: Annotated[str, typer.Argument(help="A version or a tag that it has.")],
    *,
    channel: Annotated[str, typer.Option(help="By this channel's rule.")] = "",
    output: Output = "table",
    to: To = None,
) -> None:
    """Show what a version is now, as a release would take it."""
    path = f"/release-components/{quote(name, safe='')}/versions/{quote(version, safe='')}"
    with open_client() as client:
        found = client.get(path, channel=channel)
    show_one(found, _RESOLVED, output=output, to=to, name="version")


@app.command()
def tell(
    name: str,
    version: Annotated[str, typer.Argument(help="As semver writes it: 1.4.0.")],
    image: Annotated[str, typer.Argument(help="HOST/REPOSITORY:TAG or @sha256:...")],
    *,
    channel: Annotated[str, typer.Option(help="For this channel alone.")] = "",
    commit: Annotated[str, typer.Option(help="The whole id of the commit.")] = "",
    build: Annotated[str, typer.Option(help="What the CI calls the build.")] = "",
    url: Annotated[str, typer.Option(help="Where the build can be seen.")] = "",
    output: Output = "table",
    to: To = None,
) -> None:
    """Say which image a version is, from a job whose tags are no versions; it stays that image."""
    body = {
        "version": version,
        "image": image,
        "channel": channel,
        "commit": commit,
        "build": build,
        "url": url,
    }
    with open_client() as client:
        found = client.post(f"/release-components/{quote(name, safe='')}/versions", body)
    show_one(found, _TOLD, output=output, to=to, name="version")
