"""``stella user``: who may use the server."""

import sys
from typing import Annotated
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, say, show_list, show_one
from stella.client import open_client

app = typer.Typer(no_args_is_help=True, help="Users and their roles.")
addresses = typer.Typer(no_args_is_help=True, help="By which addresses somebody commits.")
app.add_typer(addresses, name="address")

_COLUMNS: dict[str, Column] = {
    "name": "name",
    "roles": "roles",
    "disabled": "disabled",
    "from": lambda row: ", ".join(one["signIn"] for one in row["outside"]) or "here",
    "commits as": lambda row: ", ".join(row["addresses"]),
    "created": "createdAt",
    "id": "id",
}
Roles = Annotated[
    list[str], typer.Option("--role", help="viewer|developer|approver|operator|admin; repeat.")
]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read a password from standard input.")
]


@app.command("list")
def list_(*, output: Output = "table", to: To = None) -> None:
    """List every user."""
    with open_client() as client:
        show_list(list(client.items("/users")), _COLUMNS, output=output, to=to, name="name")


@app.command()
def get(user: str, *, output: Output = "table", to: To = None) -> None:
    """Show one user, by name or id."""
    with open_client() as client:
        show_one(
            client.get(f"/users/{quote(user, safe='')}"),
            _COLUMNS,
            output=output,
            to=to,
            name="name",
        )


@app.command()
def create(
    name: str,
    *,
    role: Roles,
    password_stdin: PasswordStdin = False,
    output: Output = "table",
    to: To = None,
) -> None:
    """Make a user; without a password it has tokens only."""
    body: dict[str, object] = {"name": name, "roles": role}
    if password_stdin:
        body["password"] = sys.stdin.readline().rstrip("\n")
    with open_client() as client:
        show_one(client.post("/users", body), _COLUMNS, output=output, to=to, name="name")


@app.command()
def change(
    user: str,
    *,
    role: Annotated[list[str] | None, typer.Option("--role", help="The new roles; repeat.")] = None,
    disable: Annotated[bool, typer.Option("--disable", help="Let it in no more.")] = False,
    enable: Annotated[bool, typer.Option("--enable", help="Let it in again.")] = False,
    password_stdin: PasswordStdin = False,
    output: Output = "table",
    to: To = None,
) -> None:
    """Change roles, the password, or whether the user may come in."""
    if disable and enable:
        raise typer.BadParameter("--enable and --disable exclude each other")
    body: dict[str, object] = {}
    if role:
        body["roles"] = role
    if disable or enable:
        body["disabled"] = disable
    if password_stdin:
        body["password"] = sys.stdin.readline().rstrip("\n")
    with open_client() as client:
        changed = client.patch(f"/users/{quote(user, safe='')}", body)
        show_one(changed, _COLUMNS, output=output, to=to, name="name")


@addresses.command("add")
def add_address(user: str, address: str) -> None:
    """Say that commits with this address are theirs."""
    with open_client() as client:
        client.post(_addresses(user), {"address": address})
    say(f"commits of {address} are {user}'s")


@addresses.command("remove")
def remove_address(user: str, address: str) -> None:
    """Say that commits with this address are nobody's any more."""
    with open_client() as client:
        client.delete(f"{_addresses(user)}/{quote(address, safe='')}")
    say(f"commits of {address} are nobody's")


def _addresses(user: str) -> str:
    return f"/users/{quote(user, safe='')}/addresses"


@app.command()
def link(
    user: str,
    *,
    sign_in: Annotated[str, typer.Option("--sign-in", help="The document SignIn.")],
    subject: Annotated[
        str, typer.Option("--subject", help="Their id there, as the audit shows it.")
    ],
) -> None:
    """Let somebody whom a provider or directory knows be this user."""
    with open_client() as client:
        client.put(f"/users/{quote(user, safe='')}/link", {"signIn": sign_in, "subject": subject})
    say(f"{user} is let in by {sign_in}")


@app.command()
def unlink(user: str) -> None:
    """Let nobody in as this user by an outside word any more; its sessions and tokens end."""
    with open_client() as client:
        client.delete(f"/users/{quote(user, safe='')}/link")
    say(f"{user} is let in by no outside word")
