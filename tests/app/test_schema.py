"""The migrated schema is the one that the rooms' tables describe, on both databases."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from stella.app.errors import NewerSchema
from stella.app.schema import alembic_config, head_revision, migrate, revision_of
from stella.app.tables import metadata
from stella.hub.allow import is_allowed
from stella.hub.model import Integration
from stella.hub.store import integration_at
from stella.kernel import Digest
from stella.plugin.contract.core import Kind
from stella.record.database import Database, open_engine
from stella.trust import ORDER, new_signer, sign_statement


def changes(context: MigrationContext) -> list[object]:
    found = compare_metadata(context, metadata)
    # Tests of the record put tables of their own into the same metadata.
    return [one for one in found if not str(getattr(one[1], "name", "")).startswith("test_")]


@pytest.mark.long
def test_the_migrated_schema_equals_the_tables(empty_database_url: str):
    engine = open_engine(empty_database_url)
    assert migrate(engine) == head_revision()
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert changes(context) == []
        assert revision_of(connection) == head_revision()
    engine.dispose()


def test_servers_that_start_at_once_migrate_once(empty_database_url: str):
    engines = [open_engine(empty_database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(migrate, engines)) == {head_revision()}
    for engine in engines:
        engine.dispose()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(empty_database_url: str):
    engine = open_engine(empty_database_url)
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerSchema):
        migrate(engine)
    with engine.begin() as connection:
        assert revision_of(connection) == "9999"
    engine.dispose()


def test_what_was_in_use_before_uses_of_secrets_were_noted_goes_on(empty_database_url: str):
    engine = open_engine(empty_database_url)
    value = Integration(
        "main", Kind.REGISTRY, "oci", "R.Example", credentials={"password": "secret://word"}
    )
    with engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(
            text("INSERT INTO integration VALUES ('default', 'main', :spec, 3, '2030', NULL)"),
            {"spec": json.dumps(value.spec())},
        )
    engine.dispose()
    database = Database.open(
        empty_database_url, now=lambda: datetime.now(UTC), new_id=lambda prefix: prefix
    )
    migrate(database.engine)
    with database.read() as tx:
        found = integration_at(tx, Kind.REGISTRY, "r.example")
        assert found is not None
        assert (found.integration, found.revision) == (value, 3)
        assert is_allowed(tx, "word", value)
        assert not is_allowed(tx, "word", replace(value, endpoint="other.example"))
    database.close()


def test_what_was_ordered_before_places_were_noted_has_the_project_of_its_order(
    empty_database_url: str,
):
    engine = open_engine(empty_database_url)
    bundle = sign_statement(
        new_signer(),
        subject_name="ord_1",
        subject=Digest.of(b""),
        predicate_type=ORDER,
        predicate={"intent": {"project": "shop-dev"}},
    )
    part = (
        "INSERT INTO target_deployment (id, tenant, deployment, position, target, purpose, connector,"
        ' agent, plan, state, "order", running) VALUES'
        " (:id, 'default', 'dep_1', 0, 'dev-a', 'deploy', 'docker', 'host-a', 'p', 'succeeded',"
        " :order, '[]')"
    )
    with engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0043")
        connection.execute(
            text(
                "INSERT INTO target_order (id, tenant, agent, deployment, target, purpose, state,"
                " bundle, issued_at, expires_at, fence) VALUES ('ord_1', 'default', 'agt_1', 'dep_1',"
                " 'dev-a', 'deploy', 'succeeded', :bundle, '2030', '2030', 1)"
            ),
            {"bundle": bundle.decode()},
        )
        connection.execute(text(part), {"id": "tdp_1", "order": "ord_1"})
        connection.execute(text(part), {"id": "tdp_2", "order": None})
        connection.execute(
            text(
                "INSERT INTO take_down (id, tenant, environment, state, plan, input, record,"
                " requested_by, reason, simulated, started_at) VALUES"
                " ('tkd_1', 'default', 'dev', 'failed', 'p', 'i', 'r', '{}', 'over', FALSE, '2031')"
            )
        )
    migrate(engine)
    with engine.begin() as connection:
        found = connection.execute(text("SELECT id, project FROM target_deployment ORDER BY id"))
        assert found.all() == [("tdp_1", "shop-dev"), ("tdp_2", None)]
        began = connection.execute(
            text("SELECT take_down, environment, at FROM environment_emptying")
        )
        assert began.all() == [("tkd_1", "dev", "2031")]
    engine.dispose()
