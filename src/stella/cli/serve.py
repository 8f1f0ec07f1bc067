"""``stella serve``."""

import gc
import os
import signal
from pathlib import Path
from typing import Annotated

import typer

_INTERRUPTED = 130


def serve(
    *,
    settings: Annotated[
        Path | None, typer.Option("--settings", help="YAML file; also STELLA_SETTINGS.")
    ] = None,
    reset_admin: Annotated[
        bool, typer.Option("--reset-admin", help="Only set and print a new password for admin.")
    ] = False,
) -> None:
    """Run the server: the API, the console, and the port for agents."""
    from stella.app.logs import start_logs
    from stella.app.settings import load_settings

    os.umask(0o077)  # keys, records and bytes are the server's alone
    loaded = load_settings(settings)
    start_logs(loaded.log_level)
    if reset_admin:
        from stella.app.first_admin import first_login
        from stella.app.first_admin import reset_admin as new_password
        from stella.app.schema import migrate
        from stella.app.wiring import make_data_directory, open_database

        make_data_directory(loaded)
        database = open_database(loaded)
        migrate(database.engine)
        typer.echo(first_login(new_password(database, os.urandom)))
        return
    gc.disable()
    from stella.app.serve import serve as run

    gc.freeze()  # all that was loaded stays
    gc.enable()
    if run(loaded, typer.echo) == signal.SIGINT:
        raise typer.Exit(_INTERRUPTED)
