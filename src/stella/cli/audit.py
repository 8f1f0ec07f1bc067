"""``stella audit``: what happened, and whether the record of it holds."""

from itertools import islice
from typing import Annotated

import typer

from stella.cli.output import Column, Output, To, show_list, show_one
from stella.client import open_client

app = typer.Typer(no_args_is_help=True, help="The chain of facts.")

_COLUMNS: dict[str, Column] = {
    "place": "position",
    "at": "at",
    "fact": "kind",
    "subject": "subject",
    "by": lambda row: row["actor"]["name"],
}


@app.command("list")
def list_(
    *,
    subject: Annotated[str | None, typer.Option(help="Of this promotion, user, ... only.")] = None,
    kind: Annotated[str | None, typer.Option(help="Of this kind only: PromotionApproved.")] = None,
    after: Annotated[int, typer.Option(help="Behind this place in the chain.", min=0)] = 0,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 1000,
    output: Output = "table",
    to: To = None,
) -> None:
    """List facts in the order of the chain."""
    with open_client() as client:
        found = client.items("/facts", subject=subject, kind=kind, after=after)
        show_list(list(islice(found, limit)), _COLUMNS, output=output, to=to)


@app.command()
def verify(*, output: Output = "table", to: To = None) -> None:
    """Walk the whole chain; ends with 1 where it does not hold."""
    with open_client() as client:
        report = client.get("/audit/verify")
    columns: dict[str, Column] = {
        "holds": "good",
        "facts": "length",
        "head": "head",
        "breaks at": "place",
        "held against": lambda row: (
            f"{row['logged']} checkpoints in the ledger, the last of fact {row['loggedTo']}"
        ),
        "because": lambda row: row["detail"] or None,
    }
    show_one(report, columns, output=output, to=to, name="head")
    if not report["good"]:
        raise typer.Exit(1)
