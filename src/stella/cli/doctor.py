"""``stella doctor``: what is wrong with a server, what to do, and what it tells those who help."""

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from stella.cli.errors import NothingToExamine, UnwritableOutput
from stella.cli.output import Column, Output, To, say, show_list
from stella.client import NoServer, open_client
from stella.kernel import Remedy

app = typer.Typer(invoke_without_command=True, help="Examine the server, and say what to do.")

_ALL = "all"

Local = Annotated[
    bool, typer.Option("--local", help="Examine this host's data, also with no server running.")
]
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="Of this host's server.")]
Data = Annotated[Path | None, typer.Option("--data", help="This host's data directory.")]

_COLUMNS: dict[str, Column] = {
    "area": "area",
    "check": "name",
    "outcome": "outcome",
    "found": "detail",
    "to do": lambda row: row["fix"] or None,
}


@app.callback()
def doctor(
    ctx: typer.Context,
    *,
    area: Annotated[
        list[str] | None, typer.Option("--area", help="Only these checks, such as keys; repeat.")
    ] = None,
    fix: Annotated[
        list[str] | None,
        typer.Option(
            "--fix", help="First mend what this check found, where that is safe; repeat, or: all."
        ),
    ] = None,
    local: Local = False,
    settings: SettingsFile = None,
    data: Data = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Examine the server, each check with what to do; ends with 1 where one is not passed."""
    if ctx.invoked_subcommand is not None:
        return
    areas, fixes = area or [], fix or []
    if local or settings or data:
        checks = _examine_here(settings, data, areas, fixes)
    else:
        try:
            with open_client() as client:
                if fixes:
                    named = [one for one in fixes if one != _ALL]
                    _say_mended(client.post("/doctor/fix", {"checks": named})["items"])
                checks = list(client.get("/doctor", area=",".join(areas) or None)["checks"])
        except NoServer:
            checks = _examine_here(None, None, areas, fixes)
    show_list(checks, _COLUMNS, output=output, to=to, name="name")
    if any(one["outcome"] == "blocked" for one in checks):
        raise typer.Exit(1)


@app.command("bundle")
def bundle_(
    *,
    to: Annotated[Path, typer.Option("--to", help="The tar file to write.")],
    local: Local = False,
    settings: SettingsFile = None,
    data: Data = None,
) -> None:
    """Write a support bundle: what the server is and how it is, without any secret."""
    if local or settings or data:
        content = _bundle_here(settings, data)
    else:
        try:
            with open_client() as client:
                content = client.content("/doctor/bundle")
        except NoServer:
            content = _bundle_here(None, None)
    try:
        to.write_bytes(content)
    except OSError as error:
        raise UnwritableOutput(
            f"{to} cannot be written: {error.strerror}", remedy=Remedy("Name another file.")
        ) from error
    say(f"{to} holds no secrets; its manifest.json says what is in it")


def _say_mended(mended: list[Any]) -> None:
    for one in mended:
        say(f"mended {one['check']}: {one['about']} {one['before']} -> {one['after']}")
    if not mended:
        say("there was nothing to mend")


def _examine_here(
    file: Path | None, data: Path | None, areas: list[str], fixes: list[str]
) -> list[dict[str, Any]]:
    from stella.app.doctoring.here import checks_here, database_here
    from stella.doctor import examine, mend

    loaded = _settings_here(file, data)
    checks = checks_here(loaded)
    if fixes:
        named = [one for one in fixes if one != _ALL]
        by = f"{getpass.getuser()} on this host"
        made = mend(database_here(loaded), checks, named, actor="system", by=by)
        _say_mended(
            [
                {"check": one.subject, "about": one.about, "before": one.before, "after": one.after}
                for one in made
            ]
        )
        checks = checks_here(loaded)
    return [
        {
            "id": one.check,
            "area": one.area.value,
            "name": one.name,
            "why": one.why,
            "how": one.how,
            "outcome": one.outcome.value,
            "detail": one.detail,
            "fix": one.fix,
            "canFix": one.can_fix,
        }
        for one in examine(checks, areas)
    ]


def _bundle_here(file: Path | None, data: Path | None) -> bytes:
    from stella.app.doctoring.here import bundle_here

    return bundle_here(_settings_here(file, data))


def _settings_here(file: Path | None, data: Path | None) -> Any:
    from dataclasses import replace

    from stella.app.settings import load_settings

    loaded = load_settings(file)
    if data is not None:
        loaded = replace(loaded, data_directory=str(data))
    if not loaded.data.exists():  # opening it would make it: keys, an empty database
        raise NothingToExamine(
            f"no server keeps data in {loaded.data}",
            remedy=Remedy(
                "Log in to the server, or name its settings.",
                command="stella doctor --settings FILE",
            ),
        )
    return loaded
