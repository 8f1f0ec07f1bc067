"""``stella integration``: how outside services are reached, and whether they are."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.errors import NameIsTaken
from stella.cli.output import Column, Output, To, say, show_list, show_one, write_document
from stella.cli.written import read
from stella.client import open_client
from stella.kernel import Remedy

app = typer.Typer(no_args_is_help=True, help="How outside services are reached.")

Name = Annotated[str, typer.Argument(help="Its name.")]


def _health_of(row: Any) -> str:
    if not row["enabled"]:
        return "switched off"
    if row["leftAloneUntil"]:
        return f"left alone until {row['leftAloneUntil']}"
    return str((row["health"] or {"outcome": "not looked at"})["outcome"])


def _due(row: Any) -> str | None:
    day = row["spec"]["rotateBy"]
    return f"{day} (due)" if row["isDue"] else day


_COLUMNS: dict[str, Column] = {
    "name": "name",
    "kind": "kind",
    "connector": "connector",
    "endpoint": "endpoint",
    "health": _health_of,
    "used": "usedAt",
}
_HEALTH: dict[str, Column] = {
    "at": "at",
    "outcome": "outcome",
    "took": lambda row: f"{row['durationMs']} ms",
    "detail": "detail",
}


_COMMITS: dict[str, Column] = {
    "commit": lambda row: row["id"][:12],
    "at": "committedAt",
    "author": "authorName",
    "signature": lambda row: row["signature"]["state"],
    "title": "title",
}


@app.command("list")
def list_(*, output: Output = "table", to: To = None) -> None:
    """List integrations by name."""
    with open_client() as client:
        found = list(client.items("/integrations"))
    show_list(found, _COLUMNS, output=output, to=to, name="name")


@app.command()
def get(name: Name, *, output: Output = "table", to: To = None) -> None:
    """Show one integration; -o yaml as a document that `stella apply` takes."""
    with open_client() as client:
        found = client.get(_path(name))
    if output in {"json", "yaml"}:
        document = {
            "apiVersion": "stella/v1",
            "kind": "Integration",
            "name": found["name"],
            "spec": found["spec"],
        }
        write_document(document if output == "yaml" else found, output=output, to=to)
        return
    columns: dict[str, Column] = {
        **_COLUMNS,
        "why": lambda row: (row["health"] or {}).get("detail"),
        "credentials": lambda row: [f"{k}: {v}" for k, v in row["spec"]["credentials"].items()],
        "for": lambda row: row["spec"]["roles"] or "everybody",
        "place": "place",
        "rotate by": _due,
        "waits for": "waitsFor",
        "note": lambda row: (
            "counts before `registries` of the settings" if row["overridesSettings"] else None
        ),
        "changed": "changedAt",
    }
    show_one(found, columns, output=output, to=to, name="name")


@app.command("test")
def examine(name: Name, *, output: Output = "table", to: To = None) -> None:
    """Use it once, its credentials read anew; exit code 1 where it does not work."""
    with open_client() as client:
        health = client.post(f"{_path(name)}/test")
    show_one(health, _HEALTH, output=output, to=to, name="outcome")
    if health["outcome"] != "pass":
        raise typer.Exit(1)


@app.command()
def history(name: Name, *, output: Output = "table", to: To = None) -> None:
    """How it was, the newest first."""
    with open_client() as client:
        found = list(client.items(f"{_path(name)}/health"))
    show_list(found, _HEALTH, output=output, to=to, name="outcome")


@app.command()
def commits(
    name: Name,
    *,
    repository: Annotated[str, typer.Option(help="Its path there, such as shop/web.")],
    base: Annotated[str, typer.Option(help="A whole commit id.")],
    head: Annotated[str, typer.Option(help="Another; what it has and the first has not.")],
    limit: Annotated[int, typer.Option(min=1, max=500)] = 100,
    output: Output = "table",
    to: To = None,
) -> None:
    """List what was committed between two commits, by an integration of the kind scm."""
    query: dict[str, Any] = {"repository": repository, "base": base, "head": head, "limit": limit}
    with open_client() as client:
        found = client.get(f"{_path(name)}/commits", **query)
    if not found["isComplete"]:
        say("and more before these")
    if found["dropped"]:
        say(f"{found['dropped']} commits of {base[:12]} are not in {head[:12]}")
    show_list(found["commits"], _COMMITS, output=output, to=to)


@app.command()
def create(
    name: Name,
    *,
    kind: Annotated[str, typer.Option(help="As registry, scm; stella plugin list names them.")],
    connector: Annotated[str, typer.Option(help="What reaches it, as oci, git.")],
    endpoint: Annotated[str, typer.Option(help="Its URL; of a registry its host.")] = "",
    credential: Annotated[
        list[str] | None, typer.Option(help="NAME=REFERENCE, as password=secret://shop. Repeat.")
    ] = None,
    config: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, JSON or a text. Repeat.")
    ] = None,
    environment: Annotated[
        list[str] | None, typer.Option("--env", help="For this one alone. Repeat.")
    ] = None,
    role: Annotated[
        list[str] | None, typer.Option(help="Who may use it, everybody if left out. Repeat.")
    ] = None,
    network: Annotated[
        list[str] | None, typer.Option(help="A private network (CIDR) it may reach. Repeat.")
    ] = None,
    host: Annotated[
        list[str] | None, typer.Option(help="A further host it may lead to. Repeat.")
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="PEM of the authority of its certificate.")
    ] = None,
    proxy: Annotated[str | None, typer.Option(help="URL of the HTTP proxy to it.")] = None,
    timeout_s: Annotated[
        int | None, typer.Option(help="How long one answer may take; 30 if left out.")
    ] = None,
    requests_per_s: Annotated[
        int | None, typer.Option(help="What is more is refused; no limit if left out.")
    ] = None,
    rotate_by: Annotated[
        str | None, typer.Option(help="The day by which its credentials are to be others.")
    ] = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="Made, and switched off.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say whether it could be.")
    ] = False,
) -> None:
    """Make an integration. It is changed as a document: stella apply.

    One of that name is refused; a secret stands in it by reference alone.
    """
    spec: dict[str, Any] = {"kind": kind, "connector": connector}
    spec |= {"endpoint": endpoint} if endpoint else {}
    spec |= {"credentials": dict(_pairs(credential))} if credential else {}
    spec |= {"config": {key: _value(text) for key, text in _pairs(config)}} if config else {}
    for key, given in (
        ("environments", environment),
        ("roles", role),
        ("networks", network),
        ("hosts", host),
        ("ca", None if ca_file is None else read(ca_file).decode("ascii", "replace")),
        ("proxy", proxy),
        ("timeoutS", timeout_s),
        ("requestsPerS", requests_per_s),
        ("rotateBy", rotate_by),
        ("enabled", False if disabled else None),
    ):
        spec |= {} if given is None else {key: given}
    document = {"apiVersion": "stella/v1", "kind": "Integration", "name": name, "spec": spec}
    with open_client() as client:
        if any(one["name"] == name for one in client.items("/integrations")):
            raise NameIsTaken(
                f"there is an integration {name} already",
                remedy=Remedy("Change it as a document.", command=f"stella integration get {name}"),
            )
        client.post("/apply", {"documents": [document], "dryRun": dry_run})
    say(
        f"{name} could be made"
        if dry_run
        else f"{name} is made; see: stella integration test {name}"
    )


@app.command()
def delete(name: Name) -> None:
    """End an integration that no other one reads its credentials from."""
    with open_client() as client:
        client.delete(_path(name))
    say(f"{name} is no more")


def _pairs(words: Iterable[str] | None) -> Iterator[tuple[str, str]]:
    for word in words or ():
        key, mark, value = word.partition("=")
        if not (key and mark and value):
            raise typer.BadParameter(f"{word!r} is not NAME=VALUE")
        yield key, value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _path(name: str) -> str:
    return f"/integrations/{quote(name, safe='')}"
