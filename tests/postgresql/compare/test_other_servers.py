"""What a view or a foreign table reads lies on another server, which is down or does not answer.

A function that is IMMUTABLE is called while a statement is planned, as postgres_fdw asks the other server then where
its option use_remote_estimate is on.
"""

from __future__ import annotations

import time

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from schema_guard import Guard, Impact
from tests.postgres.database import Database

DOWN = "RAISE EXCEPTION 'could not connect to server \"s\"' USING ERRCODE = '08001'"
LOST = "RAISE EXCEPTION 'the other connection is lost' USING ERRCODE = '08006'"
ENDED = "RAISE EXCEPTION 'the other server shuts down' USING ERRCODE = '57P01'"
SILENT = "PERFORM pg_catalog.pg_sleep(600)"
VIEWS = 3


def stage(database: Database, says: str) -> sa.MetaData:
    """Views of what another server has, and a table that lacks a column."""
    models = sa.MetaData()
    sa.Table("own", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("lacking", sa.Integer))
    with database.connect() as connection:
        connection.execute(
            f"""CREATE FUNCTION other_server(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql
            AS $$ BEGIN {says}; RETURN 1; END $$;
            CREATE TABLE own (id serial PRIMARY KEY)""".encode()
        )
        for number in range(VIEWS):
            connection.execute(f"CREATE VIEW v{number} AS SELECT id FROM own WHERE other_server(1) = 1".encode())
            column = sa.Column("id", sa.Integer, primary_key=True)
            sa.Table(f"v{number}", models, column, info={"is_view": True})
    return models


@pytest.mark.parametrize("says", [DOWN, LOST, ENDED])
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000", "asyncpg"])
def test_a_server_that_is_down(driver: str, says: str, postgres_database: Database) -> None:
    """It is another connection that is lost, whatever state the error has: what concerns the own tables is found."""
    models = stage(postgres_database, says)
    url = postgres_database.url.replace("+psycopg:", f"+{driver}:")
    report = Guard(models).check(create_async_engine(url) if driver == "asyncpg" else sa.create_engine(url))
    broken = [each.difference.object for each in report.findings if each.difference.impact is Impact.BREAKS]
    assert broken == ["own.lacking"]


def test_a_server_that_does_not_answer(postgres_database: Database) -> None:
    """A few seconds are enough for a plan; what was not answered is a doubt, and the others are asked for less."""
    models = stage(postgres_database, SILENT)
    begun = time.monotonic()
    report = Guard(models).check(postgres_database.url)
    assert time.monotonic() - begun < 2 * 5 + VIEWS * 2 + 10
    found = {each.difference.object: each.difference.impact for each in report.findings}
    assert found == {"own.lacking": Impact.BREAKS} | {f"v{number}": Impact.WEAKENS for number in range(VIEWS)}
