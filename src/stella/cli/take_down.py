"""``stella environment take-down``: take away what runs somewhere, shown beforehand."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.errors import WaitedTooLong
from stella.cli.output import Column, Output, To, printable, show_lines, show_list
from stella.cli.waiting import follow
from stella.client import Client, open_client
from stella.deployment.lifecycle import TAKE_DOWN, TakeDownState
from stella.kernel import Remedy

EXIT_CODES: Mapping[TakeDownState, int] = {
    TakeDownState.SUCCEEDED: 0,
    TakeDownState.FAILED: 7,
    TakeDownState.ERRORED: 7,
}
_DENIED = 6


def _release(row: Mapping[str, Any]) -> str | None:
    return f"{row['release']['name']} {row['release']['version']}" if row["release"] else None


_COLUMNS: dict[str, Column] = {
    "state": "state",
    "release": _release,
    "by": lambda row: row["requestedBy"]["name"],
    "started": "startedAt",
    "ended": "endedAt",
    "reason": "reason",
    "id": "id",
}


def take_down(
    name: str,
    *,
    message: Annotated[str, typer.Option("-m", "--message", "--reason", help="Why.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would go, and what is against it.")
    ] = False,
    plan: Annotated[
        str | None, typer.Option(help="Only where it is this plan still, by digest.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Follow it to its end: 0 succeeded, 7 failed.")
    ] = False,
    timeout: Annotated[float, typer.Option(help="Seconds that --wait waits.", min=0)] = 3600.0,
    output: Output = "table",
    to: To = None,
) -> None:
    """Take away what runs there: containers and their networks, never volumes."""
    path = f"/environments/{quote(name, safe='')}/take-down"
    with open_client() as client:
        if dry_run:
            foreseen = client.get(path)
            show_lines(foreseen, _foreseen_lines(foreseen), output=output, to=to, name="planDigest")
            raise typer.Exit(_DENIED if foreseen["against"] else 0)
        if not message.strip():
            raise typer.BadParameter("say why, with --reason")
        asked = client.post(path, {"reason": message, "planDigest": plan})
        if wait:
            _wait(client, asked["id"], timeout, output=output, to=to)
        else:
            show_lines(asked, _lines(asked), output=output, to=to)


def take_downs(name: str, *, output: Output = "table", to: To = None) -> None:
    """List the take-downs of an environment, the newest first."""
    with open_client() as client:
        found = list(client.items("/take-downs", environment=name))
    show_list(found, _COLUMNS, output=output, to=to)


def _wait(
    client: Client, take_down: str, timeout_s: float, *, output: str, to: Path | None
) -> None:
    """Follow it to its end. Raises Exit with how it ended, WaitedTooLong."""
    last = follow(
        lambda: client.get(f"/take-downs/{take_down}"),
        is_over=lambda seen: TAKE_DOWN.is_final(TakeDownState(seen["state"])),
        tell=_lines,
        timeout_s=timeout_s,
    )
    state = TakeDownState(last["state"])
    if not TAKE_DOWN.is_final(state):
        raise WaitedTooLong(
            f"{take_down} is {state} after {timeout_s:g} s",
            remedy=Remedy(
                "Look again later.", f"stella environment take-downs {last['environment']}"
            ),
        )
    show_lines(last, _lines(last), output=output, to=to)
    raise typer.Exit(EXIT_CODES[state])


def _foreseen_lines(foreseen: Mapping[str, Any]) -> Iterator[str]:
    for target in foreseen["targets"]:
        yield f"{target['target']}: {_words(target)}"
        for action in target["actions"]:
            command = " ".join(action["argv"])
            yield printable(f"  {action['verb']} {action['subject']}  {command}".rstrip())
    yield f"plan {foreseen['planDigest']}"
    yield from (f"against it: {why}" for why in foreseen["against"])


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    what = _release(found) or "what deployments began"
    yield f"{what} is taken down in {found['environment']}: {found['state']} ({found['id']})"
    planned = {one["target"]: one for one in found["planned"]}
    for target in found["targets"]:
        why = " ".join(filter(None, (target["code"], target["message"])))
        words = f"  {target['target']}: {target['state']}, {_words(planned[target['target']])}"
        yield printable(f"{words}. {why}" if why else words)


def _words(target: Mapping[str, Any]) -> str:
    components = ", ".join(target["components"]) or "nothing"
    return (
        f"{components} of {target['release']} {target['version']} in project {target['project']},"
        f" {target['connector']} on {target['agent']}"
    )
