"""``stella login``, ``stella logout``, ``stella whoami``."""

import os
import sys
from typing import Annotated

import typer

from stella.cli.id_token import MachineLogin, TokenFile, TokenVariable, exchanged, id_token
from stella.cli.output import Output, To, say, show_one
from stella.client import (
    Client,
    Login,
    NoServer,
    Refused,
    forget_login,
    load_login,
    open_client,
    save_login,
)
from stella.client.login import DEFAULT_URL, ca_file
from stella.kernel import Remedy


def login(
    url: Annotated[str | None, typer.Argument(help=f"By default {DEFAULT_URL}.")] = None,
    *,
    name: Annotated[str | None, typer.Option(help="User; asked for on a terminal.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    oidc_token_env: TokenVariable = None,
    oidc_token_file: TokenFile = None,
    machine: MachineLogin = None,
) -> None:
    """Log in, and remember the server for the next commands.

    A job of a CI logs in by the ID token that its CI signs for it, once: nothing secret is stored.
    """
    kept = load_login()
    where = (url or os.environ.get("STELLA_URL") or (kept.url if kept else DEFAULT_URL)).rstrip("/")
    token = id_token(oidc_token_env, oidc_token_file)
    if token is not None:
        with Client(where, ca_file=ca_file()) as client:
            made = exchanged(client, token, machine)
        save_login(Login(where, made["accessToken"], made["machine"], made["expiresAt"]))
        say(f"logged in at {where} as {made['machine']} until {made['expiresAt']}")
        return
    is_asking = sys.stdin.isatty() and not password_stdin
    if not is_asking and (name is None or not password_stdin):
        raise NoServer(
            "there is no terminal to ask on",
            remedy=Remedy("Give both.", command="stella login --name NAME --password-stdin"),
        )
    user = name or typer.prompt("User", err=True)
    password = (
        typer.prompt("Password", hide_input=True, err=True)
        if is_asking
        else sys.stdin.readline().rstrip("\n")
    )
    with Client(where, ca_file=ca_file()) as client:
        made = client.post("/login", {"name": user, "password": password}, token=True)
    save_login(Login(where, made["token"], made["user"]["name"], made["expiresAt"]))
    say(f"logged in at {where} as {made['user']['name']} until {made['expiresAt']}")


def logout() -> None:
    """End the login, here and on the server."""
    kept = load_login()
    if kept is None:
        say("nobody is logged in here")
        return
    try:
        with Client(kept.url, kept.token) as client:
            client.post("/logout")
    except Refused as refusal:
        # An ended token is as good as logged out; anything else must be seen.
        if refusal.status != 401:
            raise
    forget_login()
    say(f"logged out from {kept.url}")


def whoami(*, output: Output = "table", to: To = None) -> None:
    """Say who the server takes you for, and what you may do."""
    with open_client() as client:
        me = client.get("/me")
        row = {**me["user"], "permissions": me["permissions"], "server": client.url}
    columns = {"user": "name", "id": "id", "roles": "roles", "may": "permissions", "at": "server"}
    show_one(row, {**columns}, output=output, to=to, name="name")
