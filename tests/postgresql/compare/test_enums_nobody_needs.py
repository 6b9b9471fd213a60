"""An enum or a domain that the server lacks, or an enum that lacks a label: it breaks where a statement needs it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
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


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000"])
@pytest.mark.parametrize("there", ["varchar(32)", "text", "integer", None])
def test_a_domain_is_needed_where_no_type_of_its_values_stands_for_it(
    there: str | None, driver: str, postgres_database: Database
) -> None:
    """SQLAlchemy casts to it only where it inserts several new objects at once."""
    metadata = sa.MetaData()
    domain = postgresql.DOMAIN("checksum", sa.String(32))
    table = sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("v", domain))
    with postgres_database.connect() as connection:
        column = f", v {there}" if there else ""
        connection.execute(f"CREATE TABLE t (id serial PRIMARY KEY{column})".encode())
    url = postgres_database.server.url(postgres_database.name, driver=driver)
    engine = sa.create_engine(url, poolclass=NullPool)
    guard = Guard(metadata)

    def works() -> bool:
        with engine.connect() as connection:
            try:
                connection.execute(sa.insert(table).values(v="ab"))
                connection.execute(sa.update(table).values(v="cd"))
                connection.execute(sa.select(table).where(table.c.v == "cd")).all()
            except sa.exc.DBAPIError:
                return False
        return True

    assert guard.check(engine).remains(Impact.BREAKS) is not works()
    assert guard.apply(engine).remains(Impact.BREAKS) is not works()
    assert guard.plan(engine).steps == ()
