"""Statements of a new schema that go to the server in one message."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from schema_guard import Guard
from schema_guard.dialects.postgresql.scripts import MOST, scripts
from tests.postgres.database import Database
from tests.postgres.server_log import ServerLog, sent

PLAIN = ("CREATE TABLE a (b text DEFAULT 'it''s')", """CREATE INDEX i ON "o'a" ("/*", (c - d / e))""")
NOT_PLAIN = (
    "CREATE TABLE a (b text DEFAULT 'it)",
    'CREATE TABLE "a (b text)',
    "SELECT 1 -- and more",
    "SELECT 1 /* and more",
    "SELECT $$and more",
    "SELECT E'it\\'s'",
    """SELECT "'" '""",
)


def test_plain_ones_are_joined_in_their_order() -> None:
    assert list(scripts(PLAIN)) == [";\n".join(PLAIN)]
    assert [text.count(";\n") for text in scripts(["SELECT 1"] * (2 * MOST + 1))] == [MOST - 1, MOST - 1, 0]
    assert list(scripts([])) == []


@pytest.mark.parametrize("statement", NOT_PLAIN)
def test_what_may_not_end_where_it_ends_is_sent_alone(statement: str) -> None:
    assert list(scripts([*PLAIN, statement, *PLAIN])) == [";\n".join(PLAIN), statement, ";\n".join(PLAIN)]


def metadata(*more: sa.schema.SchemaItem) -> sa.MetaData:
    models = sa.MetaData()
    sa.Table("above", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("word", sa.Text, index=True))
    sa.Table(
        "below",
        models,
        sa.Column("id", sa.Integer, primary_key=True, comment="it's; a -- comment"),
        sa.Column("state", sa.Enum("new", "it's", name="state"), server_default="it's"),
        sa.Column("above_id", sa.ForeignKey("above.id"), index=True),
        *more,
    )
    return models


@pytest.mark.newest_postgres
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000", "asyncpg"])
def test_every_driver_takes_them(driver: str, postgres_database: Database) -> None:
    """What plan shows, in one message."""
    database = postgres_database
    with database.connect() as connection:
        connection.execute(f"ALTER DATABASE {database.name} SET log_statement = 'all'".encode())
    url, guard = database.url.replace("+psycopg:", f"+{driver}:"), Guard(metadata())
    engine = create_async_engine(url) if driver == "asyncpg" else sa.create_engine(url)
    planned = [statement for step in guard.plan(engine, schema="t_1").steps for statement in step.statements]
    log = ServerLog(database)
    report = guard.apply(engine, schema="t_1")
    assert (report.satisfied, report.findings) == (True, ())
    (made,) = [text for _, text in sent(log, database) if "CREATE SCHEMA" in text]
    assert made.split(";\n") == planned
    assert guard.check(engine, schema="t_1").findings == ()


@pytest.mark.newest_postgres
def test_a_quote_that_is_not_closed_swallows_no_other_statement(postgres_database: Database) -> None:
    """Together the two would be one statement, in which all between them is text."""
    models = metadata(sa.CheckConstraint("state <> 'new"))
    sa.Table("last", models, sa.Column("id", sa.Integer), sa.CheckConstraint("'no' <> '"))
    report = Guard(models).apply(postgres_database.url, schema="t_1")
    assert {finding.difference.object for finding in report.findings} == {
        "below.check(state <> 'new)",
        "last.check('no' <> ')",
    }
