"""``stella deploy``: how far deployments are, and what their agents print."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.following import wait_for_deployment
from stella.cli.output import (
    Column,
    Output,
    To,
    printable,
    show_lines,
    show_list,
)
from stella.cli.waiting import follow
from stella.cli.why_report import deployment_lines
from stella.client import Client, open_client
from stella.deployment.lifecycle import DEPLOYMENT, DeploymentState

app = typer.Typer(no_args_is_help=True, help="How far deployments are, and what they print.")

Deployment = Annotated[str, typer.Argument(help="Its id.")]

_COLUMNS: dict[str, Column] = {
    "release": lambda row: f"{row['release']['name']} {row['release']['version']}",
    "environment": "environment",
    "state": "state",
    "started": "startedAt",
    "ended": "endedAt",
    "by": lambda row: row["requestedBy"]["name"],
    "id": "id",
}
_LOG_COLUMNS: dict[str, Column] = {"at": "at", "target": "target", "line": "line"}
_LINES = 1000
_FOLLOW_S = 24 * 3600.0


@app.command("list")
def list_(
    *,
    env: Annotated[str | None, typer.Option("--env", "-e", help="In this one only.")] = None,
    state: Annotated[
        str | None, typer.Option(help="In this state only; comma between several.")
    ] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """List deployments, the newest first."""
    with open_client() as client:
        found = list(client.items("/deployments", environment=env, state=state))
    show_list(found, _COLUMNS, output=output, to=to)


@app.command()
def show(deployment: Deployment, *, output: Output = "table", to: To = None) -> None:
    """Show a deployment: targets, what runs, the generated files."""
    with open_client() as client:
        found = client.get(_path(deployment))
    show_lines(found, [*deployment_lines(found), *_made_lines(found)], output=output, to=to)


@app.command()
def logs(
    deployment: Deployment,
    *,
    target: Annotated[str | None, typer.Option(help="Of this target only.")] = None,
    is_following: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the deployment has ended.")
    ] = False,
    output: Output = "table",
    to: To = None,
) -> None:
    """Print what the agents print. With --follow, JSON is one line a line."""
    with open_client() as client:
        if not is_following:
            lines = list(_log(client, deployment, target))
            show_list(lines, _LOG_COLUMNS, output=output, to=to, name="line")
            return
        if output not in {"table", "json"} or to is not None:
            raise typer.BadParameter("--follow prints lines as they come, as table or json")
        _follow_log(client, deployment, target, is_json=output == "json")


@app.command()
def watch(
    deployment: Deployment,
    *,
    timeout: Annotated[float, typer.Option(help="Seconds to wait.", min=0)] = 3600.0,
    output: Output = "table",
    to: To = None,
) -> None:
    """Follow a deployment to its end: 0 succeeded, 7 failed, 8 timed out."""
    with open_client() as client:
        wait_for_deployment(client, deployment, timeout_s=timeout, output=output, to=to)


def _follow_log(client: Client, deployment: str, target: str | None, *, is_json: bool) -> None:
    """Print lines as they come. The end is looked at before the lines: none is missed."""
    place = 0

    def look() -> bool:
        nonlocal place
        state = DeploymentState(client.get(_path(deployment))["state"])
        for line in _log(client, deployment, target, after=place):
            place = line["seq"]
            text = f"{line['at']}  {line['target']}  {line['line']}"
            typer.echo(json.dumps(line, ensure_ascii=False) if is_json else printable(text))
        return DEPLOYMENT.is_final(state)

    follow(look, is_over=bool, tell=lambda _: (), timeout_s=_FOLLOW_S)


def _log(
    client: Client, deployment: str, target: str | None, after: int = 0
) -> Iterator[dict[str, Any]]:
    """Every line behind the place ``after``."""
    while True:
        page = client.get(f"{_path(deployment)}/log", after=after, target=target, limit=_LINES)
        yield from page["items"]
        if page["next"] is None:
            return
        after = int(page["next"])


def _made_lines(deployment: Mapping[str, Any]) -> Iterator[str]:
    for target in deployment["targets"]:
        for one in target["running"]:
            yield f"  {target['target']} runs {one['name']}: {one['state']}, {one['digest']}"
    for made in deployment["artifacts"]:
        yield f"made {made['name']}  {made['digest']}  {made['target'] or ''}".rstrip()


def _path(deployment: str) -> str:
    return f"/deployments/{quote(deployment, safe='')}"
