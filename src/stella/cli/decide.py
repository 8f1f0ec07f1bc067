"""``stella approve``, ``stella reject``, ``stella cancel``: a person's word on a promotion."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from stella.cli.errors import NotConfirmed
from stella.cli.output import Output, To, say, show_lines, show_list
from stella.cli.promotion import COLUMNS
from stella.cli.reauthenticate import prove_where_needed
from stella.cli.why_report import change_lines, plan_lines, summary_lines
from stella.client import open_client
from stella.kernel import Remedy

if TYPE_CHECKING:
    from stella.client import Client

Promotion = Annotated[str, typer.Argument(help="The promotion's id.")]
Promotions = Annotated[
    list[str], typer.Argument(help="The promotion's id; several that are alike, each with its own.")
]
Message = Annotated[str, typer.Option("-m", "--message", help="Why; it is kept and signed.")]


def approve(
    promotions: Promotions,
    *,
    message: Message,
    plan: Annotated[
        str | None,
        typer.Option(
            help="Digest of the plan that was looked at: refused where it has changed since."
        ),
    ] = None,
    stands_for: Annotated[
        str | None, typer.Option("--for", help="The absent one in whose place you speak.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask on the terminal.")] = False,
    output: Output = "table",
    to: To = None,
) -> None:
    """Say yes to a promotion's plan. Without --plan it is shown, and approved as it is now.

    Several at a time are of the same images and asked for by the same rules, or none is approved.
    """
    if len(promotions) > 1:
        if plan is not None:
            raise typer.BadParameter("--plan goes with one promotion at a time")
        _approve_alike(promotions, message, stands_for, yes=yes, output=output, to=to)
        return
    path = _path(promotions[0])
    with open_client() as client:
        if plan is None:
            plan = _looked_at(client, path, yes=yes)
        body = {"planDigest": plan, "comment": message, "standsFor": stands_for}
        after = client.post(f"{path}/approve", body)
    show_lines(after, summary_lines(after), output=output, to=to)
    say(f"the gates count it in a moment: stella why {after['id']}")


def _approve_alike(
    promotions: list[str],
    message: str,
    stands_for: str | None,
    *,
    yes: bool,
    output: str,
    to: Path | None,
) -> None:
    with open_client() as client:
        plans = [
            {"promotion": one, "planDigest": _looked_at(client, _path(one), yes=yes)}
            for one in dict.fromkeys(promotions)
        ]
        body = {"plans": plans, "comment": message, "standsFor": stands_for}
        after = client.post("/promotions/approve", body)["items"]
    show_list(after, COLUMNS, output=output, to=to)
    say("the gates count it in a moment: stella promotion list")


def reject(
    promotion: Promotion, *, message: Message, output: Output = "table", to: To = None
) -> None:
    """Say no to a promotion, which ends it."""
    _end("reject", promotion, message, output=output, to=to)


def cancel(
    promotion: Promotion, *, message: Message, output: Output = "table", to: To = None
) -> None:
    """Take a promotion back before it is deployed."""
    _end("cancel", promotion, message, output=output, to=to)


def _end(verb: str, promotion: str, message: str, *, output: str, to: Path | None) -> None:
    with open_client() as client:
        after = client.post(f"{_path(promotion)}/{verb}", {"comment": message})
    show_lines(after, summary_lines(after), output=output, to=to)


def _looked_at(client: "Client", path: str, *, yes: bool) -> str:
    """The digest of the plan as it is now, after it was shown. Raises NotConfirmed."""
    found = client.get(path)
    for line in (
        *summary_lines(found),
        *change_lines(found["diff"]),
        *(plan_lines(found["plan"]) if found["plan"] else ()),
    ):
        say(line)
    is_asked = found["actions"]["approve"]["allowed"] and sys.stdin.isatty() and not yes
    if is_asked and not typer.confirm("Approve this plan?", err=True):
        raise NotConfirmed(
            "nothing was approved",
            remedy=Remedy("Say why instead.", command=f"stella reject {found['id']} -m TEXT"),
        )
    if found["actions"]["approve"]["allowed"]:
        prove_where_needed(client, found["actions"], yes=yes)
    return str(found["planDigest"] or "")


def _path(promotion: str) -> str:
    return f"/promotions/{quote(promotion, safe='')}"
