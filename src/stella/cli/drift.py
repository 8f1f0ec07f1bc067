"""``stella drift``: where something else runs than what was deployed."""

import typer

from stella.cli.output import Column, Output, To, show_list
from stella.client import open_client

app = typer.Typer(no_args_is_help=True, help="Where something else runs than what was deployed.")

_COLUMNS: dict[str, Column] = {
    "environment": "environment",
    "component": "component",
    "drift": "drift",
    "detail": lambda cell: cell["detail"] or None,
    "release": lambda cell: f"{cell['release']['name']} {cell['release']['version']}",
    "deployment": "deployment",
}


@app.callback()
def drift() -> None:
    """Where something else runs than what was deployed."""


@app.command("list")
def list_(*, output: Output = "table", to: To = None) -> None:
    """List what drifted, and what is not known to be as it was deployed."""
    with open_client() as client:
        cells = client.get("/matrix")["cells"]
    found = [cell for cell in cells if cell["drift"] != "none"]
    show_list(found, _COLUMNS, output=output, to=to, name="deployment")
