"""``stella trigger``: what starts runs when nobody asks."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from stella.cli.inputs import read_input
from stella.cli.output import Column, Output, To, show_list, write_document
from stella.client import open_client

app = typer.Typer(no_args_is_help=True, help="What starts runs when nobody asks.")

Name = Annotated[str, typer.Argument(help="The trigger's name.")]

_COLUMNS: dict[str, Column] = {
    "name": "name",
    "workflow": "workflow",
    "on": lambda row: row["event"] or f"{row['schedule']} ({row['timezone']})",
    "enabled": "enabled",
    "next": "nextAt",
    "last": lambda row: row["last"] and f"{row['last']['outcome']} {row['last']['at']}",
    "can start": lambda row: not row["faults"],
    "held back": lambda row: row["heldBack"] or None,
    "rights of": lambda row: row["by"]["name"],
    "owner": "owner",
}
_FIRINGS: dict[str, Column] = {
    "at": "at",
    "event": "event",
    "subject": "subject",
    "outcome": "outcome",
    "run": lambda row: row["run"] or None,
    "why": lambda row: row["message"] or None,
}
_REACHED: dict[str, Column] = {
    "workflow": "name",
    "version": "version",
    "lent for": "isLent",
    "by": lambda row: row["by"]["name"],
    "at": "at",
    "digest": "digest",
}
_EVENTS: dict[str, Column] = {
    "name": "name",
    "what": "words",
    "fields": lambda row: [f"{name}: {shape}" for name, shape in row["fields"].items()],
}
_TRIED: dict[str, Column] = {
    "holds": "holds",
    "inputs": lambda row: [f"{name}={value}" for name, value in row["inputs"].items()],
}


@app.command("list")
def list_(
    *,
    workflow: Annotated[str | None, typer.Option(help="Of one workflow.")] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """List triggers, by name."""
    with open_client() as client:
        found = list(client.items("/triggers", workflow=workflow))
    show_list(found, _COLUMNS, output=output, to=to, name="name")


@app.command()
def get(name: Name, *, output: Output = "yaml", to: Path | None = None) -> None:
    """Show a trigger as the document that ``stella apply`` takes."""
    with open_client() as client:
        found = client.get(_path(name))
    if output == "table":
        show_list([found], _COLUMNS, output=output, to=to, name="name")
        return
    document = {
        "apiVersion": "stella/v1",
        "kind": "Trigger",
        "name": found["name"],
        "spec": found["spec"],
    }
    write_document(document, output=output, to=to)


@app.command()
def events(*, output: Output = "table", to: To = None) -> None:
    """List what triggers can hear of, and what is known of it then."""
    with open_client() as client:
        found = list(client.items("/event-types"))
    show_list(found, _EVENTS, output=output, to=to, name="name")


@app.command()
def history(name: Name, *, output: Output = "table", to: To = None) -> None:
    """List what became of the events that a trigger answered, the newest first."""
    with open_client() as client:
        found = list(client.items(f"{_path(name)}/firings"))
    show_list(found, _FIRINGS, output=output, to=to, name="id")


@app.command()
def lend(
    name: Name,
    *,
    digest: Annotated[
        str,
        typer.Option(help="Of what you looked at; without it, what you would lend for is shown."),
    ] = "",
    output: Output = "table",
    to: To = None,
) -> None:
    """Let a trigger's runs go with your rights, for its workflow as it stands."""
    with open_client() as client:
        found = client.get(_path(name))
        if not digest:
            show_list(found["reached"], _REACHED, output=output, to=to, name="name")
            typer.echo(
                f"Look at them (stella workflow get NAME), then lend your rights:\n"
                f"  stella trigger lend {name} --digest {found['digest']}",
                err=True,
            )
            return
        found = client.post(f"{_path(name)}/lend", {"digest": digest})
    show_list([found], _COLUMNS, output=output, to=to, name="name")


@app.command("try")
def try_(
    name: Name,
    *,
    field: Annotated[
        list[str] | None, typer.Option("--field", "-f", help="NAME=VALUE of the event. Repeat.")
    ] = None,
    subject: Annotated[str, typer.Option(help="What the event is about.")] = "",
    output: Output = "table",
    to: To = None,
) -> None:
    """Say what a trigger would do about an event; nothing is started."""
    with open_client() as client:
        event = client.get(_path(name))["event"]
        types = {one["name"]: one["fields"] for one in client.items("/event-types")}
        texts = {one for one, shape in types.get(event, {}).items() if shape == "string"}
        body = {
            "subject": subject,
            "data": dict(read_input(one, texts) for one in field or []),
        }
        found = client.post(f"{_path(name)}/try", body)
    show_list([found], _TRIED, output=output, to=to)


@app.command()
def delete(name: Name) -> None:
    """End a trigger; the runs that it started go on."""
    with open_client() as client:
        client.delete(_path(name))
    typer.echo(f"ended {name}", err=True)


def _path(name: str) -> str:
    return f"/triggers/{quote(name, safe='')}"
