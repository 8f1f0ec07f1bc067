"""``stella secret``: secrets of the server's built-in store. No value is shown, or on a command line."""

import sys
from getpass import getpass
from typing import Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.errors import NotConfirmed, NotLookedAt
from stella.cli.output import Column, Output, To, say, show_list, show_one
from stella.client import open_client
from stella.kernel import Remedy

app = typer.Typer(no_args_is_help=True, help="Secrets of the built-in store.")

Name = Annotated[str, typer.Argument(help="Its name; secret://NAME refers to it.")]

_COLUMNS: dict[str, Column] = {
    "name": "name",
    "version": "version",
    "changed": "changedAt",
    "by": lambda row: row["changedBy"]["name"],
    "used by": "usedBy",
    "allowed": lambda row: [one["integration"] for one in row["allowed"]],
    "waiting": "waiting",
    "key": "keyId",
}


@app.command("list")
def list_(*, output: Output = "table", to: To = None) -> None:
    """List secrets by name, without their values."""
    with open_client() as client:
        found = list(client.items("/secrets"))
    show_list(found, _COLUMNS, output=output, to=to, name="name")


@app.command("set")
def set_(name: Name, *, output: Output = "table", to: To = None) -> None:
    """Store a new version; the value comes from standard input, or is asked for at a terminal."""
    value = getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.read().rstrip("\r\n")
    with open_client() as client:
        stored = client.put(f"/secrets/{quote(name, safe='')}", {"value": value})
    columns: dict[str, Column] = {"name": "name", "version": "version"}
    show_one(stored, columns, output=output, to=to, name="name")


Integration = Annotated[
    str, typer.Argument(help="The integration that names it, or hosts:ENVIRONMENT.")
]
_HOSTS = "hosts:"


@app.command()
def allow(
    name: Name,
    integration: Integration,
    *,
    place: Annotated[
        str | None,
        typer.Option(help="Where it leads, looked at before: `place` of `stella integration get`."),
    ] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Let an integration send it to where that leads, as you looked at it; yours if you stored it.

    Without --place it shows where that is, and asks.
    """
    with open_client() as client:
        path = f"/secrets/{quote(name, safe='')}/allow"
        if integration.startswith(_HOSTS):
            shown = client.post(path, {"integration": integration, "place": integration})
            say(
                f"{name} goes to hosts of {integration.removeprefix(_HOSTS)} that are deployed with it"
            )
            show_one(shown, _COLUMNS, output=output, to=to, name="name")
            return
        found = client.get(f"/integrations/{quote(integration, safe='')}")
        for line in _leads(found):
            say(line)
        # What was looked at is what is allowed: where it changed in between, the server refuses.
        body = {"integration": integration, "place": place or _confirmed(name, found)}
        shown = client.post(path, body)
    say(f"{name} goes to {found['endpoint'] or found['title']}, by {integration}")
    show_one(shown, _COLUMNS, output=output, to=to, name="name")


@app.command()
def forbid(
    name: Name, integration: Integration, *, output: Output = "table", to: To = None
) -> None:
    """Let an integration send it no more."""
    with open_client() as client:
        path = f"/secrets/{quote(name, safe='')}/forbid"
        shown = client.post(path, {"integration": integration})
    show_one(shown, _COLUMNS, output=output, to=to, name="name")


@app.command()
def delete(name: Name) -> None:
    """End a secret that no integration names."""
    with open_client() as client:
        client.delete(f"/secrets/{quote(name, safe='')}")
    say(f"{name} is no more")


@app.command("rotate-key")
def rotate_key(*, output: Output = "table", to: To = None) -> None:
    """Bring every secret under a new key, while the server runs."""
    with open_client() as client:
        rotated = client.post("/secrets/rotate-key")
    columns: dict[str, Column] = {"key": "keyId", "secrets": "secrets"}
    show_one(rotated, columns, output=output, to=to, name="keyId")


@app.command()
def rewrap(*, output: Output = "table", to: To = None) -> None:
    """Bring every secret under the active key of the keeper that `secret_keepers` names first."""
    with open_client() as client:
        moved = client.post("/secrets/rewrap")
    columns: dict[str, Column] = {"key": "keyId", "secrets": "secrets"}
    show_one(moved, columns, output=output, to=to, name="keyId")


_LEADS = ("endpoint", "hosts", "networks", "proxy", "config", "ca")


def _leads(found: Any) -> list[str]:
    """All that its place is the digest of, but for what says nothing."""
    spec = found["spec"]
    told = [("by", f"{found['title']} ({spec['kind']} {spec['connector']})")]
    told += [(key, str(spec[key]).strip()) for key in _LEADS if spec[key]]
    return [f"{key}: {value}" for key, value in told]


def _confirmed(name: str, found: Any) -> str:
    """Its place, after a person said yes to it. Raises NotLookedAt, NotConfirmed."""
    command = f"stella secret allow {name} {found['name']} --place {found['place']}"
    if not sys.stdin.isatty():
        raise NotLookedAt(
            f"{name} is allowed for a place that somebody looked at, and nobody is asked here",
            remedy=Remedy("Look at where it leads, above; then say so.", command=command),
            integration=found["name"],
            place=found["place"],
        )
    if not typer.confirm(f"Send {name} there?", err=True):
        raise NotConfirmed(
            "nothing was allowed",
            remedy=Remedy("Look where it leads.", f"stella integration get {found['name']}"),
        )
    return str(found["place"])
