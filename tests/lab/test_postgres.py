"""The PostgreSQL of the tests is a real server of version 15, of the run's own."""

import psycopg
import pytest


@pytest.mark.postgres
def test_the_server_answers_and_lives_in_a_directory_of_its_own(postgres: str) -> None:
    with psycopg.connect(postgres.replace("+psycopg", "")) as connection:
        version = connection.execute("show server_version_num").fetchone()[0]
        directory = connection.execute("show data_directory").fetchone()[0]
    assert version.startswith("15")
    assert "/stella-pg-" in directory
