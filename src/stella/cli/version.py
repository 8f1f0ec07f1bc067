"""``stella version``."""

import json
from typing import Annotated

import typer

from stella import __version__
from stella.cli.written import checked_output, write


def version(
    *, output: Annotated[str, typer.Option("-o", "--output", help="table|json|name")] = "table"
) -> None:
    """Say which version this is."""
    checked_output(output, ("table", "json", "name"))
    texts = {"json": json.dumps({"name": "stella", "version": __version__}), "name": __version__}
    write(texts.get(output, f"stella {__version__}") + "\n", None)
