"""``stella waiver``: objections that are passed over for a time, because two people say so."""

from typing import Annotated
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, show_list, show_one
from stella.cli.times import end_from_now
from stella.client import open_client

app = typer.Typer(
    no_args_is_help=True, help="Objections that are passed over for a time, by two people's word."
)

Id = Annotated[str, typer.Argument(help="Its id.")]

_COLUMNS: dict[str, Column] = {
    "environment": "environment",
    "state": "state",
    "rule": "rule",
    "finding": "finding",
    "component": "component",
    "unknown": "unknown",
    "until": "expiresAt",
    "by": lambda row: row["requestedBy"]["name"],
    "approved": lambda row: (row["approvedBy"] or {}).get("name", ""),
    "reason": "reason",
    "id": "id",
}


@app.command("list")
def list_(
    *,
    env: Annotated[str | None, typer.Option("--env", "-e", help="Of this one only.")] = None,
    state: Annotated[
        str | None, typer.Option(help="requested, standing, ended, lapsed; comma between several.")
    ] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """List waivers, the newest first."""
    with open_client() as client:
        rows = list(client.items("/waivers", environment=env, state=state))
    show_list(rows, _COLUMNS, output=output, to=to)


@app.command()
def create(
    *,
    env: Annotated[str, typer.Option("--env", "-e", help="The environment's name.")],
    rule: Annotated[str, typer.Option(help="The rule whose objection shall be passed over.")],
    until: Annotated[
        str, typer.Option(help="RFC 3339, or a span from now: 30d, 12h. 180d at most.")
    ],
    message: Annotated[str, typer.Option("-m", "--message", help="Why that is acceptable.")],
    finding: Annotated[
        str | None, typer.Option(help="Of this finding only: its id or an alias.")
    ] = None,
    component: Annotated[str | None, typer.Option(help="In this component only.")] = None,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Also where the rule could not know.")
    ] = False,
    output: Output = "table",
    to: To = None,
) -> None:
    """Ask for a waiver; it counts once somebody else has approved it."""
    body = {
        "environment": env,
        "rule": rule,
        "finding": finding,
        "component": component,
        "unknown": unknown,
        "reason": message,
        "expiresAt": end_from_now(until),
    }
    with open_client() as client:
        show_one(client.post("/waivers", body), _COLUMNS, output=output, to=to)


@app.command()
def approve(
    waiver: Id,
    *,
    message: Annotated[str, typer.Option("-m", "--message", help="Why.")] = "",
    output: Output = "table",
    to: To = None,
) -> None:
    """Agree to a waiver that somebody else asked for."""
    with open_client() as client:
        found = client.post(f"/waivers/{quote(waiver, safe='')}/approve", {"comment": message})
    show_one(found, _COLUMNS, output=output, to=to)


@app.command()
def end(
    waiver: Id,
    *,
    message: Annotated[str, typer.Option("-m", "--message", help="Why.")] = "",
    output: Output = "table",
    to: To = None,
) -> None:
    """End a waiver before its time."""
    with open_client() as client:
        found = client.post(f"/waivers/{quote(waiver, safe='')}/end", {"comment": message})
    show_one(found, _COLUMNS, output=output, to=to)
