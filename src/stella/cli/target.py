"""``stella target``: the places in environments that agents serve."""

from typing import Annotated

import typer

from stella.cli.output import Column, Output, To, show_list
from stella.client import open_client

app = typer.Typer(no_args_is_help=True, help="The places in environments that agents serve.")

_COLUMNS: dict[str, Column] = {
    "name": "name",
    "environment": "environment",
    "connector": "connector",
    "agent": "agent",
    "agent is": "agentState",
    "project": "project",
    "components": lambda row: row["components"] or "all",
    "labels": lambda row: [f"{key}={value}" for key, value in row["labels"].items()],
}


@app.callback()
def target() -> None:
    """The places in environments that agents serve."""


@app.command("list")
def list_(
    *,
    env: Annotated[str | None, typer.Option("--env", "-e", help="Of this one only.")] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """List targets by name."""
    with open_client() as client:
        found = list(client.items("/targets", environment=env))
    show_list(found, _COLUMNS, output=output, to=to, name="name")
