"""``stella db``: the server's own data."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Migrate, back up and restore the server's data.")

SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="YAML file; also STELLA_SETTINGS.")
]


@app.command()
def migrate(*, settings: SettingsFile = None) -> None:
    """Bring the database to the schema of this version; a server does it when it starts."""
    from stella.app.schema import migrate as run
    from stella.app.settings import load_settings
    from stella.app.wiring import make_data_directory, open_database

    loaded = load_settings(settings)
    make_data_directory(loaded)
    typer.echo(f"at revision {run(open_database(loaded).engine)}")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The tar file to make.")],
    *,
    settings: SettingsFile = None,
) -> None:
    """Copy database, keys and bytes into one file, also while the server runs."""
    from stella.app.backup import back_up
    from stella.app.settings import load_settings

    back_up(load_settings(settings), file)
    typer.echo(f"{file} holds private keys: keep it as you keep them", err=True)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `stella db backup` made.")],
    *,
    settings: SettingsFile = None,
) -> None:
    """Put a backup into an empty data directory."""
    from stella.app.backup import restore as put_back
    from stella.app.settings import load_settings

    loaded = load_settings(settings)
    put_back(loaded, file)
    typer.echo(f"restored to {loaded.data}", err=True)
