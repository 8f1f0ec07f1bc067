"""``stella oncall``: who is on call, and shifts that people take."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, show_lines, show_list, show_one
from stella.cli.times import span_of
from stella.client import open_client

app = typer.Typer(no_args_is_help=True, help="Who is on call, and shifts that people take.")

Schedule = Annotated[str, typer.Argument(help="The schedule's name.")]

_COLUMNS: dict[str, Column] = {
    "name": "name",
    "on call": lambda row: row["now"]["person"] or "nobody",
    "until": lambda row: row["now"]["endsAt"],
    "next": lambda row: row["next"] and (row["next"]["person"] or "nobody"),
    "gaps": "gaps",
    "asked by": "environments",
    "owner": "owner",
}
_TAKEN: dict[str, Column] = {
    "schedule": "schedule",
    "person": "person",
    "from": "startsAt",
    "until": "endsAt",
    "by": lambda row: row["by"]["name"],
    "reason": lambda row: row["reason"] or None,
    "given back": "endedAt",
    "id": "id",
}


@app.command("list")
def list_(*, output: Output = "table", to: To = None) -> None:
    """List on-call schedules, by name, and who is on call."""
    with open_client() as client:
        found = list(client.items("/oncall"))
    show_list(found, _COLUMNS, output=output, to=to, name="name")


@app.command()
def show(
    schedule: Schedule,
    *,
    days: Annotated[int, typer.Option(help="How many days ahead.", min=1, max=92)] = 14,
    output: Output = "table",
    to: To = None,
) -> None:
    """Show who is on call now and in the coming days, and when nobody is."""
    with open_client() as client:
        found = client.get(_path(schedule), days=days)
    show_lines(found, schedule_lines(found), output=output, to=to, name="name")


@app.command()
def override(
    schedule: Schedule,
    *,
    person: Annotated[str, typer.Option("--person", "-p", help="Name of who is on call then.")],
    until: Annotated[str, typer.Option(help="RFC 3339, or a span from its start: 8h, 2d.")],
    start: Annotated[str | None, typer.Option("--from", help="RFC 3339; by default now.")] = None,
    message: Annotated[str, typer.Option("-m", "--message", help="Why.")] = "",
    output: Output = "table",
    to: To = None,
) -> None:
    """Take a shift, or give it to another, in the place of whoever is on call."""
    body = {"person": person, **span_of(start, until), "reason": message}
    with open_client() as client:
        show_one(client.post(f"{_path(schedule)}/shifts", body), _TAKEN, output=output, to=to)


@app.command("return")
def return_(
    schedule: Schedule,
    shift: Annotated[str, typer.Argument(help="Its id.")],
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """Give a shift back that was taken."""
    with open_client() as client:
        done = client.post(f"{_path(schedule)}/shifts/{quote(shift, safe='')}/return")
    show_one(done, _TAKEN, output=output, to=to)


def schedule_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """A schedule for people: who is on call, who takes turns, and the coming shifts."""
    now = found["now"]
    until = f" until {now['endsAt']}" if now["endsAt"] else ""
    yield f"{found['name']}: {now['person'] or 'nobody'} is on call{until}"
    asking = found["environments"]
    yield f"asked by {', '.join(asking)}" if asking else "no approval rule asks for it"
    for layer in found["layers"]:
        hours = [f"{one['from']}-{one['until']} {' '.join(one['days'])}" for one in layer["only"]]
        only = f", only {', '.join(one.strip() for one in hours)}" if hours else ""
        yield f"layer {layer['name']}: {', '.join(layer['people'])}{only}"
    strangers = [one["name"] for one in found["people"] if not one["isKnown"]]
    if strangers:
        yield f"no user who is let in: {', '.join(strangers)}"
    for one in found["shifts"]:
        who = one["person"] or "NOBODY"
        by = f"  ({one['by']})" if one["by"] else ""
        yield f"  {one['startsAt']}  {one['endsAt'] or 'no end in sight'}  {who}{by}"


def _path(schedule: str) -> str:
    return f"/oncall/{quote(schedule, safe='')}"
