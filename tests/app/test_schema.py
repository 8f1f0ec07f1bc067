"""The migrated schema is the one that the rooms' tables describe, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from stella.app.errors import NewerSchema
from stella.app.schema import head_revision, migrate, revision_of
from stella.app.tables import metadata
from stella.record.database import open_engine


def changes(context: MigrationContext) -> list[object]:
    found = compare_metadata(context, metadata)
    # Tests of the record put tables of their own into the same metadata.
    return [one for one in found if not str(getattr(one[1], "name", "")).startswith("test_")]


def test_the_migrated_schema_equals_the_tables(database_url: str):
    engine = open_engine(database_url)
    assert migrate(engine) == head_revision()
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert changes(context) == []
        assert revision_of(connection) == head_revision()
    engine.dispose()


def test_servers_that_start_at_once_migrate_once(database_url: str):
    engines = [open_engine(database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(migrate, engines)) == {head_revision()}
    for engine in engines:
        engine.dispose()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(database_url: str):
    engine = open_engine(database_url)
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerSchema):
        migrate(engine)
    with engine.begin() as connection:
        assert revision_of(connection) == "9999"
    engine.dispose()
