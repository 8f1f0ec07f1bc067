"""``stella why``: everything that was said about a promotion or a deployment."""

from typing import Annotated
from urllib.parse import quote

import typer

from stella.cli.following import look_at_promotion, with_ending
from stella.cli.output import Output, To, show_lines
from stella.cli.why_report import change_lines, promotion_lines
from stella.client import open_client


def why(
    subject: Annotated[str, typer.Argument(help="Id of a promotion or a deployment.")],
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """Say why it may go, may not, or did not: gates, findings, approvals, targets."""
    with open_client() as client:
        promotion = subject
        if subject.startswith("dep_"):
            promotion = client.get(f"/deployments/{quote(subject, safe='')}")["promotion"]
        way = with_ending(client, look_at_promotion(client, promotion))
    lines = [*promotion_lines(way.promotion, way.deployment), ""]
    show_lines(way.promotion, [*lines, *change_lines(way.promotion["diff"])], output=output, to=to)
