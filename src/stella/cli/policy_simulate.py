"""``stella policy simulate``: what a draft would have said, of now or of all that was decided."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from stella.cli.output import Output, To, say, show_lines

_PART = 100
_REASONS_SHOWN = 3


def simulate(
    policy: Annotated[list[Path], typer.Argument(help="The draft: files or folders.")],
    *,
    release: Annotated[
        str | None, typer.Option("--release", "-r", help="Id or name@version; goes with --env.")
    ] = None,
    env: Annotated[
        str | None,
        typer.Option("--env", "-e", help="Judge for it what runs there now, or --release."),
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Past decisions; with --env those of it alone.")
    ] = False,
    last: Annotated[
        int, typer.Option(help="At most so many past decisions, the newest first.", min=1)
    ] = 10_000,
    output: Output = "table",
    to: To = None,
) -> None:
    """List the decisions of which a draft says something else, and why. Nothing is changed."""
    # Late: the offline verbs owe no time to HTTP.
    from stella.cli.policy_draft import read_draft
    from stella.client import open_client

    if not history and env is None:
        raise typer.BadParameter("--env or --history says what to judge")
    if history and release is not None:
        raise typer.BadParameter("--release is of now, --history is not")
    body: dict[str, Any] = {"files": read_draft(policy)}
    body |= {"of": env} if history else {"release": release, "environment": env}
    whole: dict[str, Any] = {"policy": "", "judged": 0, "flips": [], "skipped": []}
    whole |= {"left": 0, "stopped": ""}
    with open_client() as client:
        left, cursor = last, None
        while left > 0:
            asked = {**body, "cursor": cursor, "limit": min(left, _PART)}
            part = client.post("/policies/simulate", asked)
            whole |= {name: part[name] for name in ("policy", "left", "stopped")}
            whole["judged"] += part["judged"]
            whole["flips"] += part["flips"]
            whole["skipped"] += part["skipped"]
            left -= asked["limit"]
            cursor = part["next"]
            if cursor is None:
                break
            say(f"{whole['judged']} judged, {len(whole['flips'])} flip")
    show_lines(whole, _lines(whole), output=output, to=to, name="policy")


def _lines(whole: Mapping[str, Any]) -> Iterator[str]:
    for one in whole["flips"]:
        subject = one["promotion"] or "now"
        yield (
            f"{one['before'].upper()} -> {one['after'].upper()}  {one['name']} {one['version']}"
            f" -> {one['environment']}  {subject}  {one['decidedAt']}"
        )
        sign = "-" if one["after"] == "pass" else "+"
        for reason in one["reasons"][:_REASONS_SHOWN]:
            yield f"  {sign} {reason['rule']}: {reason['message']}"
        more = len(one["reasons"]) - _REASONS_SHOWN
        if more > 0:
            yield f"  {sign} and {more} more"
    for one in whole["skipped"]:
        yield f"skipped {one['promotion']}: {one['why']}"
    if whole["stopped"]:
        yield f"stopped: {whole['stopped']}"
    if whole["left"]:
        yield f"{whole['left']} past decisions were not judged"
    yield (
        f"{len(whole['flips'])} of {whole['judged']} decisions flip,"
        f" {len(whole['skipped'])} skipped, by policy {whole['policy']}"
    )
