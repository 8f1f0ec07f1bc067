"""``stella promotion``: what was asked for, and how it stands."""

from typing import Annotated
from urllib.parse import quote

import typer

from stella.cli.break_glass import app as break_glass
from stella.cli.output import Column, Output, To, show_lines, show_list
from stella.cli.why_report import summary_lines
from stella.client import open_client

app = typer.Typer(no_args_is_help=True, help="What was asked for, and how it stands.")

app.add_typer(break_glass, name="break-glass")

COLUMNS: dict[str, Column] = {
    "release": lambda row: f"{row['release']['name']} {row['release']['version']}",
    "environment": "environment",
    "state": "state",
    "by": lambda row: "automatic" if row["follows"] else row["requestedBy"]["name"],
    "at": "requestedAt",
    "reason": lambda row: row["reason"] or None,
    "id": "id",
}


@app.command("list")
def list_(
    *,
    env: Annotated[str | None, typer.Option("--env", "-e", help="Into this one only.")] = None,
    release: Annotated[str | None, typer.Option(help="Of the release with this id only.")] = None,
    state: Annotated[
        str | None, typer.Option(help="In this state only; comma between several.")
    ] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Those that wait for your word.")] = False,
    output: Output = "table",
    to: To = None,
) -> None:
    """List promotions, the newest first."""
    with open_client() as client:
        found = client.items(
            "/promotions",
            environment=env,
            release=release,
            state=state,
            waitingForMe=mine or None,
        )
        show_list(list(found), COLUMNS, output=output, to=to)


@app.command()
def get(
    promotion: Annotated[str, typer.Argument(help="Its id.")],
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """Show how a promotion stands; `stella why` says everything about it."""
    with open_client() as client:
        found = client.get(f"/promotions/{quote(promotion, safe='')}")
    show_lines(found, summary_lines(found), output=output, to=to)
