"""``stella reauthenticate``: prove anew who you are, in the login that goes on."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stella.cli.output import say
from stella.client import NoServer, open_client
from stella.kernel import Remedy

if TYPE_CHECKING:
    from stella.client import Client


def reauthenticate(
    *,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Give your password again, where an environment asks that of who approves. The login goes on."""
    if not password_stdin and not sys.stdin.isatty():
        raise NoServer(
            "there is no terminal to ask on",
            remedy=Remedy("Give it.", command="stella reauthenticate --password-stdin"),
        )
    with open_client() as client:
        if password_stdin:
            _prove(client, sys.stdin.readline().rstrip("\n"))
        else:
            _prove(client, _asked())


def prove_where_needed(client: "Client", actions: dict[str, Any], *, yes: bool) -> None:
    """Ask on a terminal for what an approval needs first; elsewhere the server says what is missing.

    actions: of a promotion. yes: nothing is asked.
    """
    wanted = actions["reauthenticate"]
    if wanted is None or not wanted["needed"] or not wanted["possible"]:
        return
    if sys.stdin.isatty() and not yes:
        say(f"who approves here proves within {wanted['minutes']} min before who they are")
        _prove(client, _asked())


def _asked() -> str:
    return str(typer.prompt("Password", hide_input=True, err=True))


def _prove(client: "Client", password: str) -> None:
    made = client.post("/session/proof", {"password": password})
    say(f"proven at {made['provenAt']}")
