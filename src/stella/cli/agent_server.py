"""The verbs of ``stella agent`` that ask the server: who serves, who may, who may no more."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, say, show_list, show_one


def _engines(row: Mapping[str, Any]) -> list[str]:
    return [f"{one['kind']} {one['engine'] or one['problem']}" for one in row["connectors"]]


_COLUMNS: dict[str, Column] = {
    "name": "name",
    "state": "state",
    "last seen": "lastSeenAt",
    "version": "version",
    "engines": _engines,
    "reaches": lambda row: row.get("reaches") or "itself",
    "targets": "targets",
    "id": "id",
}


def list_(*, output: Output = "table", to: To = None) -> None:
    """List the agents that enrolled, by name."""
    # Late: the program on a host, which stands beside these verbs, owes no time to them.
    from stella.client import open_client

    with open_client() as client:
        show_list(list(client.items("/agents")), _COLUMNS, output=output, to=to, name="name")


def token(
    name: Annotated[str, typer.Argument(help="What the agent shall be called.")],
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """Make a token that enrols one agent, once; it is shown this once."""
    from stella.client import open_client

    with open_client() as client:
        made = client.post("/agents/tokens", {"name": name})
    say("Run the command on the host; the token is not shown again.")
    columns: dict[str, Column] = {
        "name": "name",
        "token": "token",
        "until": "expiresAt",
        "command": "command",
    }
    show_one(made, columns, output=output, to=to, name="token")


def revoke(
    agent: Annotated[str, typer.Argument(help="Its id or name.")],
    *,
    message: Annotated[str, typer.Option("-m", "--message", help="Why.")],
    output: Output = "table",
    to: To = None,
) -> None:
    """Trust an agent no more: its next request is refused."""
    from stella.client import open_client

    with open_client() as client:
        trusted = [one for one in client.items("/agents") if one["state"] != "revoked"]
        found = next((one["id"] for one in trusted if one["name"] == agent), agent)
        path = f"/agents/{quote(found, safe='')}/revoke"
        after = client.post(path, {"reason": message})
    show_one(after, _COLUMNS, output=output, to=to, name="name")


def attach(app: typer.Typer) -> None:
    """Put these verbs beside those that ``app`` has."""
    app.command("list")(list_)
    app.command()(token)
    app.command()(revoke)
