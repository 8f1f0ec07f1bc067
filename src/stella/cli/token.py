"""``stella token``: for programs that talk to the server."""

from typing import Annotated
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, say, show_list, show_one
from stella.client import open_client

app = typer.Typer(no_args_is_help=True, help="Tokens for programs.")

_COLUMNS: dict[str, Column] = {
    "name": "name",
    "user": lambda row: row["user"]["name"],
    "roles": "roles",
    "expires": "expiresAt",
    "id": "id",
}


@app.command("list")
def list_(*, output: Output = "table", to: To = None) -> None:
    """List the tokens that still hold: your own; an administrator sees all."""
    with open_client() as client:
        show_list(list(client.items("/tokens")), _COLUMNS, output=output, to=to)


@app.command()
def create(
    name: str,
    *,
    role: Annotated[list[str] | None, typer.Option("--role", help="By default your own.")] = None,
    days: Annotated[int, typer.Option(help="How long it lasts.", min=1, max=366)] = 90,
    user: Annotated[str | None, typer.Option(help="Id of its owner; by default you.")] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Make a token. It is shown this once."""
    body = {"name": name, "roles": role or None, "expiresInDays": days, "user": user}
    with open_client() as client:
        made = client.post("/tokens", body)
    say("Keep it now: it is not shown again.")
    show_one(made, {"token": "token", "id": "id", "expires": "expiresAt"}, output=output, to=to)


@app.command()
def delete(token: Annotated[str, typer.Argument(help="Its id, tok_...")]) -> None:
    """End a token."""
    with open_client() as client:
        client.delete(f"/tokens/{quote(token, safe='')}")
    say(f"ended {token}")
