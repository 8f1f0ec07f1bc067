"""Brings a database to the schema of this version, once, however many servers start."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from stella.app.errors import NewerSchema
from stella.kernel import Remedy
from stella.record.errors import unusable

# Any constant will do, as long as it is the same in every server on one PostgreSQL database.
_ADVISORY_LOCK = 8474


def migrate(engine: Engine) -> str:
    """Apply what is missing, all of it or nothing; the revision that the database now has.

    Raises NewerSchema where a newer version was here, DatabaseUnusable.
    """
    try:
        with _exclusive(engine) as connection:
            current = revision_of(connection)
            _refuse_newer(current)
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except OperationalError as error:
        url = engine.url.render_as_string(hide_password=True)
        raise unusable(str(error.orig), url) from error
    return head_revision()


def revision_of(connection: Connection) -> str | None:
    """The revision that a database has, None where it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


@cache
def head_revision() -> str:
    """The revision that this version brings."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert head is not None, "there are no migrations"
    return head


@contextmanager
def schema_lock(engine: Engine) -> Iterator[None]:
    """Keeps other servers on one PostgreSQL database from making tables at the same moment."""
    if engine.dialect.name != "postgresql":
        yield
        return
    with engine.connect() as connection:
        connection.execute(text(f"SELECT pg_advisory_lock({_ADVISORY_LOCK})"))
        try:
            yield
        finally:
            connection.execute(text(f"SELECT pg_advisory_unlock({_ADVISORY_LOCK})"))


@contextmanager
def _exclusive(engine: Engine) -> Iterator[Connection]:
    """A transaction that no other migration runs beside: SQLite's owns the file from its start."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
        yield connection


def _refuse_newer(current: str | None) -> None:
    known = {
        script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()
    }
    if current is not None and current not in known:
        raise NewerSchema(
            f"the database is at revision {current}, which this version does not know",
            remedy=Remedy("Start the version that was here last, or restore an older backup."),
            revision=current,
        )


def alembic_config() -> Config:
    """Where the migrations are."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("file_template", "m%%(rev)s_%%(slug)s")
    return config
