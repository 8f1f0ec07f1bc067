"""``stella machine``: jobs that are let in by the word of an issuer."""

from typing import Annotated
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, say, show_list
from stella.client import Client, open_client

app = typer.Typer(no_args_is_help=True, help="Machines that an issuer's word lets in.")

_COLUMNS: dict[str, Column] = {
    "name": "name",
    "login": "login",
    "disabled": "disabled",
    "last": "lastAt",
    "id": "id",
}
_LOGINS: dict[str, Column] = {
    "name": "name",
    "issuer": "issuer",
    "audience": lambda row: row["spec"]["audience"],
    "roles": lambda row: row["spec"]["roles"],
    "enabled": lambda row: row["spec"]["enabled"],
}
Name = Annotated[str, typer.Argument(help="Its name or id, as listed.")]


@app.command("list")
def list_(
    *,
    login: Annotated[str | None, typer.Option(help="Of one MachineLogin alone.")] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """List the machines that were here, those that were last first."""
    with open_client() as client:
        rows = list(client.items("/machines", login=login))
        show_list(rows, _COLUMNS, output=output, to=to, name="name")


@app.command()
def logins(*, output: Output = "table", to: To = None) -> None:
    """List which machines are let in: the documents MachineLogin."""
    with open_client() as client:
        show_list(list(client.items("/machine-logins")), _LOGINS, output=output, to=to, name="name")


@app.command()
def disable(name: Name) -> None:
    """Shut a machine out; what it was given ends."""
    _change(name, disabled=True)
    say(f"shut out {name}")


@app.command()
def enable(name: Name) -> None:
    """Let a machine in again."""
    _change(name, disabled=False)
    say(f"let in again: {name}")


@app.command("end-login")
def end_login(name: Annotated[str, typer.Argument(help="The MachineLogin.")]) -> None:
    """End a MachineLogin, and what machines were given by it."""
    with open_client() as client:
        client.delete(f"/machine-logins/{quote(name, safe='')}")
    say(f"ended {name}")


def _change(name: str, *, disabled: bool) -> None:
    with open_client() as client:
        client.patch(f"/machines/{quote(_id(client, name), safe='')}", {"disabled": disabled})


def _id(client: Client, name: str) -> str:
    """A name has slashes, which no path takes."""
    if name.startswith("mch_"):
        return name
    found = [one["id"] for one in client.items("/machines") if one["name"] == name]
    return found[0] if found else name
