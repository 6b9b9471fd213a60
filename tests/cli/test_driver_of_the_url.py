"""The driver that the URL names is the application's: what it sends decides, whichever driver the guard connects by."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from schema_guard.dialects.postgresql.dialect import PostgreSQLDialect
from tests.cli.conftest import Command
from tests.postgres.database import Database

MODELS = """
from sqlalchemy import Column, Enum, Integer, MetaData, Table

metadata = MetaData()
Table("t", metadata, Column("id", Integer, primary_key=True), Column("state", Enum("x", "y", name="state")))
"""
BEFORE = "CREATE TABLE t (id serial PRIMARY KEY, state varchar(9) CHECK (state IN ('x', 'y')))"
DRIVERS = {"psycopg": 0, "psycopg2": 0, "pg8000": 0, "asyncpg": 1}
"""asyncpg alone sends a label with a cast to the enum, which is not there."""


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("how", ["models", "frozen", "ddl url", "several hosts"])
def test_the_verdict_is_that_of_the_driver(
    postgres_database: Database, application: Path, command: Command, driver: str, how: str
) -> None:
    (application / "states.py").write_text(MODELS)
    with postgres_database.connect() as connection:
        connection.execute(BEFORE)
    url = postgres_database.server.url(postgres_database.name, driver=driver)
    target = "states:metadata"
    if how == "frozen":
        assert command("freeze", target, "-o", "states.json").code == 0
        target = "states.json"
    arguments = ["check", target, "--url", url]
    if how == "ddl url":  # where the guard works
        arguments = ["apply", target, "--url", url, "--ddl-url", postgres_database.url, "--dry-run"]
    if how == "several hosts":  # which SQLAlchemy alone reads
        place = f"{postgres_database.name}?host=127.0.0.1:{postgres_database.server.port}"
        if driver == "pg8000":
            pytest.skip("it takes one host")
        arguments[-1] = f"postgresql+{driver}://postgres@/{place}"
    ran = command(*arguments)
    assert ran.code == DRIVERS[driver], ran


@pytest.mark.parametrize("driver", DRIVERS)
def test_without_sqlalchemy_the_same_is_known_of_a_driver(driver: str) -> None:
    with_it = PostgreSQLDialect(sa.make_url(f"postgresql+{driver}://").get_dialect()())
    assert vars(PostgreSQLDialect(driver).own_rules) == vars(with_it.own_rules)
