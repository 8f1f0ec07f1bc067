"""``stella notification``: who is told of what, and what became of each message."""

import time
from typing import Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, say, show_list, show_one, write_document
from stella.client import open_client

app = typer.Typer(no_args_is_help=True, help="Who is told of what, and what became of it.")

Name = Annotated[str, typer.Argument(help="Its name.")]

_TEST_S = 60.0
_LOOK_S = 0.5


def _last_of(row: Any) -> str:
    last = row["last"]
    return f"{last['state']} {last['queuedAt']}" if last else "nothing yet"


_COLUMNS: dict[str, Column] = {
    "name": "name",
    "on": lambda row: ", ".join(row["on"]),
    "environments": lambda row: ", ".join(row["environments"]) or "all",
    "integration": "integration",
    "enabled": lambda row: "yes" if row["enabled"] else "no",
    "last": _last_of,
}
_MESSAGES: dict[str, Column] = {
    "id": "id",
    "queued": "queuedAt",
    "rule": "rule",
    "event": "event",
    "title": "title",
    "state": "state",
    "attempts": "attempts",
    "detail": "detail",
}


@app.command("list")
def list_(*, output: Output = "table", to: To = None) -> None:
    """List the rules by name."""
    with open_client() as client:
        found = list(client.items("/notifications"))
    show_list(found, _COLUMNS, output=output, to=to, name="name")


@app.command()
def get(name: Name, *, output: Output = "table", to: To = None) -> None:
    """Show one rule; -o yaml as a document that `stella apply` takes."""
    with open_client() as client:
        found = client.get(_path(name))
    if output in {"json", "yaml"}:
        keys = ("on", "environments", "integration", "includeText", "enabled")
        document = {
            "apiVersion": "stella/v1",
            "kind": "Notification",
            "name": found["name"],
            "spec": {key: found[key] for key in keys},
        }
        write_document(document if output == "yaml" else found, output=output, to=to)
        return
    show_one(found, _COLUMNS, output=output, to=to, name="name")


@app.command()
def events(*, output: Output = "table", to: To = None) -> None:
    """List what a rule can tell of."""
    with open_client() as client:
        found = list(client.items("/notifications/events"))
    columns: dict[str, Column] = {"name": "name", "when": "meaning", "fact": "fact"}
    show_list(found, columns, output=output, to=to, name="name")


@app.command("test")
def try_it(name: Name, *, output: Output = "table", to: To = None) -> None:
    """Send a message that says it is a test; exit code 1 where it does not arrive."""
    with open_client() as client:
        made = client.post(f"{_path(name)}/test")
        deadline = time.monotonic() + _TEST_S
        while made["state"] == "waiting" and not made["detail"] and time.monotonic() < deadline:
            time.sleep(_LOOK_S)
            found = client.items("/notifications/sent", rule=name)
            made = next((one for one in found if one["id"] == made["id"]), made)
    show_one(made, _MESSAGES, output=output, to=to, name="state")
    if made["state"] != "sent":
        raise typer.Exit(1)


@app.command()
def sent(
    rule: Annotated[str | None, typer.Option(help="Of this rule alone.")] = None,
    state: Annotated[str | None, typer.Option(help="waiting, sent or failed.")] = None,
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """List messages and what became of them, the newest first."""
    with open_client() as client:
        found = list(client.items("/notifications/sent", rule=rule, state=state))
    show_list(found, _MESSAGES, output=output, to=to, name="id")


@app.command()
def resend(message: Annotated[str, typer.Argument(help="Its id.")]) -> None:
    """Try a message anew that was given up."""
    with open_client() as client:
        client.post(f"/notifications/sent/{quote(message, safe='')}/resend")
    say(f"{message} is tried again")


@app.command()
def delete(name: Name) -> None:
    """End a rule; what waits is still sent."""
    with open_client() as client:
        client.delete(_path(name))
    say(f"{name} is no more")


def _path(name: str) -> str:
    return f"/notifications/{quote(name, safe='')}"
