"""``stella promotion break-glass``: in an emergency two people let a promotion through its gates."""

from typing import Annotated
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, say, show_one
from stella.cli.times import end_from_now
from stella.client import open_client

app = typer.Typer(
    no_args_is_help=True,
    help="In an emergency: let one promotion through its gates, by two people's word.",
)

Promotion = Annotated[str, typer.Argument(help="The promotion's id.")]
Comment = Annotated[str, typer.Option("-m", "--message", help="Why; everybody is told.")]

_COLUMNS: dict[str, Column] = {
    "environment": "environment",
    "state": "state",
    "until": "endsAt",
    "by": lambda row: row["requestedBy"]["name"],
    "agreed": lambda row: (row["agreedBy"] or {}).get("name", ""),
    "gates": lambda row: ", ".join(row["gates"] or ()),
    "plan": "planDigest",
    "reason": "reason",
    "id": "id",
}


@app.command()
def request(
    promotion: Promotion,
    *,
    message: Annotated[
        str, typer.Option("-m", "--message", help="The emergency; everybody is told.")
    ],
    until: Annotated[
        str, typer.Option(help="RFC 3339, or a span from now: 1h, 30m. 4h at most.")
    ] = "1h",
    plan: Annotated[
        str | None, typer.Option(help="Digest of the plan that is meant; the present one without.")
    ] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Ask that a promotion go through its gates with one plan; another person has to agree."""
    body = {"reason": message, "endsAt": end_from_now(until)}
    with open_client() as client:
        if plan is None:
            plan = client.get(f"/promotions/{quote(promotion, safe='')}")["planDigest"]
        made = client.post(_path(promotion), {**body, "planDigest": plan or ""})
    show_one(made, _COLUMNS, output=output, to=to)
    say(f"another person has to agree: stella promotion break-glass agree {promotion}")


@app.command()
def agree(
    promotion: Promotion, *, message: Comment = "", output: Output = "table", to: To = None
) -> None:
    """Agree, as the second person: it is judged again with that."""
    with open_client() as client:
        found = client.post(f"{_path(promotion)}/agree", {"comment": message})
    show_one(found, _COLUMNS, output=output, to=to)
    say(f"it is judged again in a moment: stella why {promotion}")


@app.command()
def end(
    promotion: Promotion, *, message: Comment = "", output: Output = "table", to: To = None
) -> None:
    """Take it back before its end: what has not begun is judged without it."""
    with open_client() as client:
        found = client.post(f"{_path(promotion)}/end", {"comment": message})
    show_one(found, _COLUMNS, output=output, to=to)


@app.command()
def show(promotion: Promotion, *, output: Output = "table", to: To = None) -> None:
    """Show who broke the glass last for a promotion, or asked to."""
    with open_client() as client:
        show_one(client.get(_path(promotion)), _COLUMNS, output=output, to=to)


def _path(promotion: str) -> str:
    return f"/promotions/{quote(promotion, safe='')}/break-glass"
