"""``stella away``: while somebody is away, another speaks for them."""

from typing import Annotated
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, show_list, show_one
from stella.cli.times import span_of
from stella.client import open_client

app = typer.Typer(no_args_is_help=True, help="While somebody is away, another speaks for them.")

_COLUMNS: dict[str, Column] = {
    "away": lambda row: row["person"]["name"],
    "stand-in": lambda row: row["standIn"]["name"],
    "holds": "holds",
    "from": "startsAt",
    "until": "endsAt",
    "ended": "endedAt",
    "reason": lambda row: row["reason"] or None,
    "id": "id",
}


@app.command("list")
def list_(*, output: Output = "table", to: To = None) -> None:
    """List who is away and who stands in, the newest first."""
    with open_client() as client:
        show_list(list(client.items("/absences")), _COLUMNS, output=output, to=to)


@app.command("set")
def set_(
    *,
    stand_in: Annotated[str, typer.Option("--to", help="Name of the user who speaks for you.")],
    until: Annotated[str, typer.Option(help="RFC 3339, or a span from its start: 12h, 14d.")],
    start: Annotated[str | None, typer.Option("--from", help="RFC 3339; by default now.")] = None,
    message: Annotated[str, typer.Option("-m", "--message", help="Why.")] = "",
    output: Output = "table",
    to: To = None,
) -> None:
    """Say who approves for you while you are away."""
    body = {"standIn": stand_in, **span_of(start, until), "reason": message}
    with open_client() as client:
        show_one(client.post("/absences", body), _COLUMNS, output=output, to=to)


@app.command()
def end(
    absence: Annotated[str, typer.Argument(help="Its id.")],
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """Say that you are back before the time."""
    with open_client() as client:
        ended = client.post(f"/absences/{quote(absence, safe='')}/end")
    show_one(ended, _COLUMNS, output=output, to=to)
