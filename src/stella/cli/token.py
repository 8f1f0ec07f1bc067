"""``stella token``: for programs that talk to the server."""

from typing import Annotated
from urllib.parse import quote

import typer

from stella.cli.id_token import (
    MachineLogin,
    TokenFile,
    TokenVariable,
    exchanged,
    id_token,
    no_id_token,
)
from stella.cli.output import Column, Output, To, say, show_list, show_one
from stella.client import Client, open_client
from stella.client.login import ca_file, server_url

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
def exchange(
    *,
    oidc_token_env: TokenVariable = None,
    oidc_token_file: TokenFile = None,
    machine: MachineLogin = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Give a job a short token for the ID token that its CI signed; keep nothing here.

    `stella login` does the same and keeps it for the next commands of the job.
    """
    token = id_token(oidc_token_env, oidc_token_file)
    if token is None:
        raise no_id_token("none was named")
    with Client(server_url(), ca_file=ca_file()) as client:
        made = exchanged(client, token, machine)
    columns: dict[str, Column] = {
        "token": "accessToken",
        "machine": "machine",
        "roles": "roles",
        "expires": "expiresAt",
    }
    show_one(made, columns, output=output, to=to, name="accessToken")


@app.command()
def delete(token: Annotated[str, typer.Argument(help="Its id, tok_...")]) -> None:
    """End a token."""
    with open_client() as client:
        client.delete(f"/tokens/{quote(token, safe='')}")
    say(f"ended {token}")
