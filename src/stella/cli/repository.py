"""``stella repository``: the repositories whose documents the server applies by itself."""

import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.errors import WaitedTooLong
from stella.cli.output import Column, Output, To, say, show_lines, show_list
from stella.client import open_client
from stella.kernel import Remedy

app = typer.Typer(no_args_is_help=True, help="Repositories that the server follows.")

_LOOK_S = 0.5
_COLUMNS: dict[str, Column] = {
    "name": "name",
    "state": "state",
    "commit": lambda row: (row["applied"] or "")[:12],
    "since": "appliedAt",
    "checked": "checkedAt",
    "documents": "documents",
    "repository": "repository",
}


@app.command("list")
def list_(*, output: Output = "table", to: To = None) -> None:
    """List the repositories that are followed, by name."""
    with open_client() as client:
        found = list(client.items("/repositories"))
    show_list(found, _COLUMNS, output=output, to=to, name="name")


@app.command()
def show(name: str, *, output: Output = "table", to: To = None) -> None:
    """Show what is followed, which commit counts, and why a newer one does not."""
    with open_client() as client:
        found = client.get(_path(name))
    show_lines(found, repository_lines(found), output=output, to=to, name="name")


@app.command()
def sync(
    name: str,
    *,
    wait: Annotated[bool, typer.Option(help="Wait until it was looked at.")] = True,
    timeout: Annotated[int, typer.Option(min=1, max=3600, help="Seconds to wait.")] = 60,
    output: Output = "table",
    to: To = None,
) -> None:
    """Have it looked at now."""
    with open_client() as client:
        found = client.post(f"{_path(name)}/sync", {})
        deadline = time.monotonic() + timeout
        while wait and found["isAskedFor"]:
            if time.monotonic() > deadline:
                raise WaitedTooLong(
                    f"{name} was not looked at within {timeout} s",
                    remedy=Remedy("Look at the server's log, or wait for longer: --timeout."),
                )
            time.sleep(_LOOK_S)
            found = client.get(_path(name))
    show_lines(found, repository_lines(found), output=output, to=to, name="name")


@app.command()
def accept(
    name: str,
    commit: Annotated[str, typer.Argument(help="The whole id of the commit.")],
    *,
    reason: Annotated[str, typer.Option("-m", "--reason", help="Why it is to count.")],
) -> None:
    """Let a commit count that history does not lead to. It has to be signed where all have to."""
    with open_client() as client:
        client.post(f"{_path(name)}/accept", {"commit": commit, "reason": reason})
    say(f"{name}: {commit[:12]} may follow; it is looked at now")


def repository_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """A followed repository for people."""
    signed = ", signed commits alone" if found["signedCommits"] else ""
    yield f"{found['name']}: {found['state']}"
    yield f"{found['repository']} by {found['integration']}, {found['branch']}{signed}"
    yield f"files: {', '.join(found['files'])}"
    if found["kinds"]:
        yield f"may bring also: {', '.join(found['kinds'])}"
    if found["applied"]:
        number = found["documents"]
        kept = f"{number} document{'' if number == 1 else 's'} kept as {found['keepsAs']}"
        yield f"applied: {found['applied'][:12]} since {found['appliedAt']}, {kept}"
        yield from (f"  {one['path']}: {one['documents']}" for one in found["counted"])
    head = found["head"]
    if head and head["id"] != found["applied"]:
        yield f"newest: {head['id'][:12]} {head['title']}, by {head['author']}"
    if found["refusal"]:
        yield f"{found['refusal']['code']}: {found['refusal']['message']}"
        yield f"  {found['refusal']['advice']}"
    yield f"looked at: {found['checkedAt'] or 'not yet'}"


def _path(name: str) -> str:
    return f"/repositories/{quote(name, safe='')}"
