"""``stella lifecycle``: the ways of releases through environments."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, show_lines, show_list
from stella.client import open_client

app = typer.Typer(no_args_is_help=True, help="The ways of releases through environments.")

_COLUMNS: dict[str, Column] = {
    "name": "name",
    "phases": lambda row: [one["name"] for one in row["phases"]],
    "channels": lambda row: row["channels"] + (row["hotfix"]["channels"] if row["hotfix"] else []),
    "default": "default",
    "owner": "owner",
}


@app.command("list")
def list_(*, output: Output = "table", to: To = None) -> None:
    """List lifecycles, by name."""
    with open_client() as client:
        found = list(client.items("/lifecycles"))
    show_list(found, _COLUMNS, output=output, to=to, name="name")


@app.command()
def show(
    name: str,
    *,
    release: Annotated[
        str | None, typer.Option(help="Say where it stands: its id, or NAME@VERSION.")
    ] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Show a lifecycle's phases, and where a release stands in them."""
    with open_client() as client:
        found = client.get(f"/lifecycles/{quote(name, safe='')}", release=release)
    show_lines(found, lifecycle_lines(found), output=output, to=to, name="name")


def lifecycle_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """A lifecycle for people: a phase, what it follows, and its environments."""
    taken = [f"releases of {', '.join(found['channels'])}"] if found["channels"] else []
    taken += ["all that no other lifecycle takes"] if found["default"] else []
    yield f"{found['name']}, taken by {' and '.join(taken) or 'hotfixes alone'}"
    release = found["release"]
    if release:
        yield f"where {release['name']} {release['version']} stands:"
    for phase in found["phases"]:
        yield f"{phase['name']}: {_needs(phase)}"
        yield from (f"  {one['environment']}{_stands(one)}" for one in phase["environments"])
    if found["hotfix"]:
        path = found["hotfix"]
        who = [f"releases of {', '.join(path['channels'])}"] if path["channels"] else []
        who += [f"what {', '.join(path['by'])} asks for with --hotfix"] if path["by"] else []
        yield f"{' and '.join(who)} may leave out {', '.join(path['skip'])}"


def _needs(phase: Mapping[str, Any]) -> str:
    of = len(phase["environments"])
    parts = [f"follows {', '.join(phase['after'])}" if phase["after"] else "comes first"]
    if phase["optional"]:
        parts.append("optional")
    else:
        parts.append(f"{phase['count']} of {of} before what follows")
    if phase["soak"]:
        parts.append(f"soaks {phase['soak']} h")
    if phase["done"] is not None:
        parts.append(f"{phase['done']} done")
        parts.append("may go there" if phase["letsIn"] else "not its turn yet")
    return ", ".join(parts)


def _stands(place: Mapping[str, Any]) -> str:
    if place["state"] is None:
        return ""
    more = f" until {place['until']}" if place["until"] else ""
    more += f" ({place['promotion']})" if place["promotion"] else ""
    return f"  {place['state']}{more}"
