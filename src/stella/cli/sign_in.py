"""``stella sign-in``: by whose word people are let in. ``stella apply`` makes and changes them."""

from typing import Annotated
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, say, show_list
from stella.client import open_client

app = typer.Typer(no_args_is_help=True, help="By whose word people are let in.")

_COLUMNS: dict[str, Column] = {
    "name": "name",
    "kind": lambda row: row["kind"] or "its integration is off",
    "integration": lambda row: row["spec"]["integration"],
    "groups": lambda row: list(row["spec"]["groups"]),
    "redirect uri": "redirectUri",
}


@app.command("list")
def list_(*, output: Output = "table", to: To = None) -> None:
    """List the documents SignIn, and the address that a provider must know each by."""
    with open_client() as client:
        show_list(list(client.items("/sign-ins")), _COLUMNS, output=output, to=to, name="name")


@app.command()
def delete(name: Annotated[str, typer.Argument(help="The SignIn.")]) -> None:
    """End one; sessions and tokens of the accounts that it made end."""
    with open_client() as client:
        client.delete(f"/sign-ins/{quote(name, safe='')}")
    say(f"ended {name}")
