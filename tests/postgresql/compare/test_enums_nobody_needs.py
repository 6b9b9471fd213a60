"""An enum that the server lacks, or that lacks a label: it breaks where a statement needs it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from schema_guard import Guard, Impact
from tests.postgres.database import Database
from tests.truth.entities import world_of
from tests.truth.places import OnPostgresql
from tests.truth.program import statements

BEFORE = {
    "text, and no type": "CREATE TABLE t (id serial PRIMARY KEY, v text)",
    "text, and a type without the label": "CREATE TYPE mood AS ENUM ('a');"
    " CREATE TABLE t (id serial PRIMARY KEY, v text)",
    "text that is too short": "CREATE TABLE t (id serial PRIMARY KEY, v varchar(1))",
    "no such column": "CREATE TABLE t (id serial PRIMARY KEY)",
    "the type without the label": "CREATE TYPE mood AS ENUM ('a'); CREATE TABLE t (id serial PRIMARY KEY, v mood)",
}


@pytest.mark.newest_postgres
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000", "asyncpg"])
@pytest.mark.parametrize("before", BEFORE)
def test_the_verdict_is_that_of_the_statements(before: str, driver: str, postgres_database: Database) -> None:
    """asyncpg's dialect sends each value with a cast to the enum, the others send text."""
    metadata = sa.MetaData()
    sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("v", sa.Enum("a", "long", name="mood")),
    )
    with postgres_database.connect() as connection:
        connection.execute(BEFORE[before].encode())
    url = postgres_database.server.url(postgres_database.name, driver=driver)
    engine: Any = (create_async_engine if driver == "asyncpg" else sa.create_engine)(url, poolclass=NullPool)
    guard = Guard(metadata)
    own = getattr(engine, "sync_engine", engine)
    program = [each for each in statements(world_of(metadata.sorted_tables, own.dialect)) if not each.optional]
    failed = OnPostgresql(own).failures(program)
    assert (guard.check(engine).worst is Impact.BREAKS) == bool(failed)
    guard.apply(engine)
    failed = OnPostgresql(own).failures(program)
    assert (guard.check(engine).worst is Impact.BREAKS) == bool(failed)
    assert guard.plan(engine).steps == ()
