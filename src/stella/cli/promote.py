"""``stella promote`` and ``stella rollback``: ask for a release in an environment."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.following import wait_for_promotion
from stella.cli.output import Column, Output, To, say, show_lines, show_list
from stella.cli.promotion import COLUMNS
from stella.cli.times import end_from_now
from stella.cli.why_report import change_lines, decision_lines, plan_lines, summary_lines
from stella.client import open_client

if TYPE_CHECKING:
    from stella.client import Client

_BLOCKED_EXIT = 6
_GOES = frozenset({"pass", "waiting"})

Environment = Annotated[str, typer.Option("--env", "-e", help="The environment's name.")]
Environments = Annotated[
    list[str], typer.Option("--env", "-e", help="The environment's name; once for each of several.")
]
Wait = Annotated[
    bool,
    typer.Option(
        "--wait",
        help="Follow it to its end: 0 deployed, 6 blocked, rejected or expired, 7 failed,"
        " 8 timed out, 1 cancelled or superseded.",
    ),
]
Timeout = Annotated[float, typer.Option(help="Seconds that --wait waits.", min=0)]

_TIMEOUT_S = 3600.0
_VERDICTS: dict[str, Column] = {
    "environment": "environment",
    "outcome": lambda row: row["decision"]["outcome"],
    "what stands in the way": lambda row: (
        [one["summary"] for one in row["decision"]["gates"] if one["state"] != "pass"] or "nothing"
    ),
}


class Priority(StrEnum):
    """Who goes first into an environment."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


def promote(
    release: Annotated[str, typer.Argument(help="Its id, or NAME@VERSION.")],
    *,
    env: Environments,
    message: Annotated[str, typer.Option("-m", "--message", help="Why, for those who read.")] = "",
    not_before: Annotated[
        str | None, typer.Option(help="Begin no earlier: RFC 3339, or a span from now: 2h, 1d12h.")
    ] = None,
    not_after: Annotated[
        str | None, typer.Option(help="Begin before this, or not at all; the same forms.")
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(help="End it by itself where it has not begun by then; the same forms."),
    ] = None,
    priority: Annotated[
        Priority, typer.Option(help="Who goes first where several may go; rollbacks always do.")
    ] = Priority.NORMAL,
    hotfix: Annotated[
        bool,
        typer.Option(
            "--hotfix", help="Leave out the phases that its lifecycle lets you leave out."
        ),
    ] = False,
    ticket: Annotated[
        str, typer.Option(help="Change ticket that stands behind it: its key, or INTEGRATION:KEY.")
    ] = "",
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only say what the gates would say; 6 where they block."),
    ] = False,
    wait: Wait = False,
    timeout: Timeout = _TIMEOUT_S,
    output: Output = "table",
    to: To = None,
) -> None:
    """Ask for a release in an environment; the gates judge it, and then it is deployed."""
    body: dict[str, Any] = {"release": release, "reason": message, "priority": priority.value}
    if hotfix:
        body["hotfix"] = True
    if ticket:
        body["changeTicket"] = ticket
    times = {"notBefore": not_before, "notAfter": not_after, "expiresAt": expires}
    for key, text in times.items():
        if text is not None:
            body[key] = end_from_now(text)
    if len(env) > 1 and wait:
        raise typer.BadParameter("--wait goes with one --env at a time")
    with open_client() as client:
        if len(env) > 1 and dry_run:
            _preview_several(client, body, env, output=output, to=to)
            return
        if len(env) > 1:
            asked = client.post("/promotions/several", {**body, "environments": env})["items"]
            show_list(asked, COLUMNS, output=output, to=to)
            return
        body["environment"] = env[0]
        if dry_run:
            _preview(client, body, output=output, to=to)
            return
        asked = client.post("/promotions", body)
        _asked(client, asked, wait=wait, timeout_s=timeout, output=output, to=to)


def rollback(
    *,
    env: Environment,
    message: Annotated[str, typer.Option("-m", "--message", help="Why.")],
    release: Annotated[
        str | None,
        typer.Option("--release", help="One that ran there; by default the one before."),
    ] = None,
    ticket: Annotated[
        str, typer.Option(help="Change ticket that stands behind it: its key, or INTEGRATION:KEY.")
    ] = "",
    wait: Wait = False,
    timeout: Timeout = _TIMEOUT_S,
    output: Output = "table",
    to: To = None,
) -> None:
    """Ask for what ran before; it goes the same road as a promotion."""
    with open_client() as client:
        asked = client.post(
            f"/environments/{quote(env, safe='')}/rollback",
            {"reason": message, "release": release, **({"changeTicket": ticket} if ticket else {})},
        )
        _asked(client, asked, wait=wait, timeout_s=timeout, output=output, to=to)


def _asked(
    client: "Client",
    asked: dict[str, Any],
    *,
    wait: bool,
    timeout_s: float,
    output: str,
    to: Path | None,
) -> None:
    if wait:
        wait_for_promotion(client, asked["id"], timeout_s=timeout_s, output=output, to=to)
        return
    show_lines(asked, summary_lines(asked), output=output, to=to)
    say(f"it goes on by itself; see how it stands: stella why {asked['id']}")


def _preview_several(
    client: "Client", body: dict[str, Any], environments: list[str], *, output: str, to: Path | None
) -> None:
    found = [
        {
            "environment": one,
            **client.post(
                "/promotions/preview", {**body, "environment": one, "together": environments}
            ),
        }
        for one in environments
    ]
    show_list(found, _VERDICTS, output=output, to=to, name="environment")
    say("nothing was asked for (--dry-run); with one --env it says why, and what would be done")
    if any(one["decision"]["outcome"] not in _GOES for one in found):
        raise typer.Exit(_BLOCKED_EXIT)


def _preview(client: "Client", body: dict[str, Any], *, output: str, to: Path | None) -> None:
    found = client.post("/promotions/preview", body)
    lines = [
        *change_lines(found["diff"]),
        "",
        *decision_lines(found["decision"]),
        "",
        f"what would be done (deployment plan {found['plan']['digest']})",
        *plan_lines(found["plan"]),
    ]
    row = {"id": found["decision"]["planDigest"], **found}
    show_lines(row if output == "name" else found, lines, output=output, to=to)
    say("nothing was asked for (--dry-run)")
    if found["decision"]["outcome"] not in _GOES:
        raise typer.Exit(_BLOCKED_EXIT)
