"""``stella run``: what became of workflows, and what they wait for."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.inputs import read_input
from stella.cli.output import Column, Output, To, show_lines, show_list
from stella.cli.waiting import follow
from stella.client import Client, open_client

app = typer.Typer(no_args_is_help=True, help="What became of workflows, and what they wait for.")

Run = Annotated[str, typer.Argument(help="The run's id.")]
Step = Annotated[str, typer.Argument(help="A step as the run names it: deploy, or deploy[3].")]
Message = Annotated[str, typer.Option("-m", "--message", help="Why.")]
Wait = Annotated[bool, typer.Option("--wait", help="Until it has ended.")]
TimeoutS = Annotated[int, typer.Option("--timeout-s", help="How long to wait.", min=1)]

_FAILED, _TIMED_OUT = 7, 8
_COLUMNS: dict[str, Column] = {
    "id": "id",
    "workflow": lambda row: f"{row['workflow']}@{row['version']}",
    "state": "state",
    "by": lambda row: row["by"]["name"],
    "asked for": "at",
    "ended": "endedAt",
    "waits for people": lambda row: row["waits"] or None,
    "why": lambda row: row["message"] or None,
}


@app.command("list")
def list_(
    *,
    workflow: Annotated[str | None, typer.Option(help="Of one workflow.")] = None,
    state: Annotated[str | None, typer.Option(help="Of one state.")] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """List runs, the newest first."""
    with open_client() as client:
        found = list(client.items("/runs", workflow=workflow, state=state))
    show_list(found, _COLUMNS, output=output, to=to)


@app.command()
def show(run: Run, *, output: Output = "table", to: To = None) -> None:
    """Show a run, its steps, and what they wait for."""
    with open_client() as client:
        found = client.get(_path(run))
    show_lines(found, run_lines(found), output=output, to=to)


@app.command()
def watch(run: Run, *, timeout_s: TimeoutS = 3600, output: Output = "table", to: To = None) -> None:
    """Follow a run to its end; exit code 7 where it did not go well."""
    with open_client() as client:
        report_run(
            client, client.get(_path(run)), wait=True, timeout_s=timeout_s, output=output, to=to
        )


@app.command()
def cancel(run: Run, *, message: Message = "", output: Output = "table", to: To = None) -> None:
    """Begin nothing new in a run; what is to be taken back is."""
    with open_client() as client:
        found = client.post(f"{_path(run)}/cancel", {"reason": message})
    show_lines(found, run_lines(found), output=output, to=to)


@app.command()
def retry(
    run: Run,
    *,
    since: Annotated[
        str | None, typer.Option("--from", help="A step from which all is done anew.")
    ] = None,
    wait: Wait = False,
    timeout_s: TimeoutS = 3600,
    output: Output = "table",
    to: To = None,
) -> None:
    """Run again what did not succeed, in a new run that keeps what went well."""
    with open_client() as client:
        made = client.post(f"{_path(run)}/again", {"since": since})
        report_run(client, made, wait=wait, timeout_s=timeout_s, output=output, to=to)


@app.command()
def decide(
    run: Run,
    step: Step,
    action: Annotated[str, typer.Argument(help="approve, reject, answer, retry, skip or fail.")],
    *,
    message: Message = "",
    value: Annotated[
        list[str] | None, typer.Option("--value", help="NAME=VALUE of a form. Repeat.")
    ] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Say what a step waits for: yes or no, what a form asks for, or what follows a failure."""
    body = {
        "step": step,
        "action": action,
        "comment": message,
        "values": dict(map(read_input, value or [])),
    }
    with open_client() as client:
        found = client.post(f"{_path(run)}/decide", body)
    show_lines(found, run_lines(found), output=output, to=to)


@app.command()
def claim(
    run: Run,
    step: Step,
    *,
    give_back: Annotated[bool, typer.Option("--give-back", help="Look after it no more.")] = False,
    output: Output = "table",
    to: To = None,
) -> None:
    """Look after a step that waits for a person, so that nobody else speaks meanwhile."""
    with open_client() as client:
        found = client.post(f"{_path(run)}/claim", {"step": step, "giveBack": give_back})
    show_lines(found, run_lines(found), output=output, to=to)


def report_run(
    client: Client,
    made: Mapping[str, Any],
    *,
    wait: bool,
    timeout_s: int,
    output: str,
    to: Path | None,
) -> None:
    """Show a run, at its end where that is waited for. Exits with 7 where it did not go well."""
    if not wait:
        show_lines(made, run_lines(made), output=output, to=to)
        return
    ended = follow(
        lambda: client.get(_path(made["id"])),
        is_over=lambda seen: seen["isOver"],
        tell=_news,
        timeout_s=timeout_s,
    )
    show_lines(ended, run_lines(ended), output=output, to=to)
    if not ended["isOver"]:
        raise typer.Exit(_TIMED_OUT)
    if ended["state"] != "succeeded":
        raise typer.Exit(_FAILED)


def run_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """A run for people."""
    yield f"{found['id']}  {found['workflow']}@{found['version']}  {found['state']}"
    if found["message"]:
        code = f" ({found['code']})" if found["code"] else ""
        yield f"  {found['message']}{code}"
    for node in found["nodes"]:
        yield f"  {_line(node)}"
        if node["asked"]:
            asked = node["asked"]
            who = ", ".join(asked["by"])
            yield f"    asks {who}: {asked['message'] or 'go on?'} [{', '.join(asked['actions'])}]"
            yield f"    stella run decide {found['id']} {node['key']} {asked['actions'][0]}"


def _news(found: Mapping[str, Any]) -> Iterator[str]:
    yield from (_line(node) for node in found["nodes"] if node["state"] not in {"queued", "ready"})


def _line(node: Mapping[str, Any]) -> str:
    more = node["summary"] or node["message"] or node["waitsFor"]
    tries = f" (attempt {node['attempts']})" if node["attempts"] > 1 else ""
    return f"{node['key']}: {node['state']}{tries}" + (f"  {more}" if more else "")


def _path(run: str) -> str:
    return f"/runs/{quote(run, safe='')}"
