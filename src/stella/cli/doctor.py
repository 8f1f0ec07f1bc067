"""``stella doctor``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from stella.cli.errors import NothingToExamine
from stella.cli.output import Column, Output, To, show_list
from stella.client import NoServer, open_client
from stella.kernel import Remedy


def doctor(
    *,
    local: Annotated[
        bool, typer.Option("--local", help="Examine this host's data, also with no server running.")
    ] = False,
    settings: Annotated[Path | None, typer.Option("--settings", help="With --local.")] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Examine the server, each check with what to do; ends with 1 where one is not passed."""
    checks = _examine_here(settings) if local or settings else _ask_or_examine()
    columns: dict[str, Column] = {
        "check": "name",
        "outcome": "outcome",
        "found": "detail",
        "to do": lambda row: row["fix"] or None,
    }
    show_list(checks, columns, output=output, to=to, name="name")
    if any(one["outcome"] == "blocked" for one in checks):
        raise typer.Exit(1)


def _ask_or_examine() -> list[dict[str, Any]]:
    """The server that is logged in to; where none is, this host's own."""
    try:
        client = open_client()
    except NoServer:
        return _examine_here(None)
    with client:
        return list(client.get("/doctor")["checks"])


def _examine_here(file: Path | None) -> list[dict[str, Any]]:
    from dataclasses import asdict

    from stella.app.settings import load_settings
    from stella.app.wiring import open_services
    from stella.doctor import examine

    loaded = load_settings(file)
    if not loaded.data.exists():  # opening it would make it: keys, an empty database
        raise NothingToExamine(
            f"no server keeps data in {loaded.data}",
            remedy=Remedy(
                "Log in to the server, or name its settings.",
                command="stella doctor --settings FILE",
            ),
        )
    services = open_services(loaded)
    return [asdict(check) for check in examine(services.patient())]
