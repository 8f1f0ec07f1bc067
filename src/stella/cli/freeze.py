"""``stella freeze``: times in which nothing goes into an environment."""

from typing import Annotated
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, show_list, show_one
from stella.cli.times import span_of
from stella.client import open_client

app = typer.Typer(no_args_is_help=True, help="Times in which nothing goes into an environment.")

Message = Annotated[str, typer.Option("-m", "--message", help="Why.")]

_COLUMNS: dict[str, Column] = {
    "environment": "environment",
    "holds": "holds",
    "from": "startsAt",
    "until": "endsAt",
    "ended": "endedAt",
    "by": lambda row: row["by"]["name"],
    "reason": "reason",
    "id": "id",
}


@app.command("list")
def list_(
    *,
    env: Annotated[str | None, typer.Option("--env", "-e", help="Of this one only.")] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """List freeze windows, the newest first."""
    with open_client() as client:
        show_list(list(client.items("/freezes", environment=env)), _COLUMNS, output=output, to=to)


@app.command()
def create(
    *,
    env: Annotated[str, typer.Option("--env", "-e", help="The environment's name.")],
    until: Annotated[str, typer.Option(help="RFC 3339, or a span from its start: 2h, 1d12h, 30m.")],
    message: Message,
    start: Annotated[str | None, typer.Option("--from", help="RFC 3339; by default now.")] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Freeze an environment for a time."""
    body = {"environment": env, **span_of(start, until), "reason": message}
    with open_client() as client:
        show_one(client.post("/freezes", body), _COLUMNS, output=output, to=to)


@app.command()
def end(
    freeze: Annotated[str, typer.Argument(help="Its id.")],
    *,
    message: Message = "",
    output: Output = "table",
    to: To = None,
) -> None:
    """End a freeze before its time."""
    with open_client() as client:
        ended = client.post(f"/freezes/{quote(freeze, safe='')}/end", {"reason": message})
    show_one(ended, _COLUMNS, output=output, to=to)


_WINDOW_COLUMNS: dict[str, Column] = {
    "from": "startsAt",
    "until": "endsAt",
    "environments": lambda row: ", ".join(row["environments"]) or "all",
    "components": lambda row: ", ".join(row["components"]) or "all",
    "reason": "reason",
    "freeze": "freeze",
}


@app.command()
def calendar(
    *,
    env: Annotated[str | None, typer.Option("--env", "-e", help="Of this one only.")] = None,
    days: Annotated[int, typer.Option(help="How far it looks ahead.", min=1, max=400)] = 31,
    output: Output = "table",
    to: To = None,
) -> None:
    """List what is frozen now and in the coming days, by rules as well."""
    with open_client() as client:
        found = client.items("/freezes/calendar", environment=env, days=days)
        rows = [{"id": row["freeze"], **row} for row in found]
        show_list(rows, _WINDOW_COLUMNS, output=output, to=to)


@app.command()
def override(
    freeze: Annotated[str, typer.Argument(help="Its id, or its rule's name.")],
    *,
    env: Annotated[str, typer.Option("--env", "-e", help="The environment's name.")],
    release: Annotated[str, typer.Option(help="Its id, or NAME@VERSION.")],
    message: Message,
    output: Output = "table",
    to: To = None,
) -> None:
    """Let one release through a freeze; another person than you has to ask for its promotion."""
    body = {"environment": env, "release": release, "reason": message}
    columns: dict[str, Column] = {
        "freeze": "freeze",
        "environment": "environment",
        "release": "release",
        "by": lambda row: row["by"]["name"],
        "until": "endsAt",
        "reason": "reason",
    }
    with open_client() as client:
        made = client.post(f"/freezes/{quote(freeze, safe='')}/override", body)
    show_one(made, columns, output=output, to=to)
