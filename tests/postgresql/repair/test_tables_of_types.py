"""Where PostgreSQL ties a table to a type: tables of a type, rows held in other tables, and replica identity."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Computed, Integer, MetaData, String, Table

from schema_guard.report import Outcome, Report
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, plan

pytestmark = pytest.mark.every_postgres


def applied(database: Database, models: MetaData, sql: str) -> Report:
    """Prepare and apply; what is left then is refused, not tried again at every boot."""
    with database.connect() as connection:
        connection.execute(sql.encode())
    report = apply(database, models)
    assert {result.outcome for result in report.results} <= {Outcome.DONE, Outcome.ALREADY}
    assert plan(database, models).empty
    return report


def refused(report: Report) -> dict[str, str]:
    return {finding.difference.object: finding.refusal.reason for finding in report.findings if finding.refusal}


def models(*columns: Column[int]) -> MetaData:
    metadata = MetaData()
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("a", String(80)), *columns)
    return metadata


def test_a_table_of_a_type_follows_its_type(postgres_database: Database) -> None:
    sql = """
    CREATE TYPE "Kind of" AS (id int, a varchar(20));
    CREATE TABLE t OF "Kind of" (PRIMARY KEY (id));
    INSERT INTO t VALUES (1, 'x');
    CREATE SEQUENCE t_id_seq OWNED BY t.id;
    ALTER TABLE t ALTER id SET DEFAULT nextval('t_id_seq')"""
    wanted = models(Column("b", Integer))
    report = applied(postgres_database, wanted, sql)
    reason = 't is a table of the type "Kind of", which has to be altered instead'
    assert refused(report) == {"t.a": reason, "t.b": reason}
    with postgres_database.connect() as connection:
        for finding in report.findings:
            for statement in finding.refusal.advice if finding.refusal else ():
                connection.execute(statement.encode())
    assert apply(postgres_database, wanted).findings == ()


@pytest.mark.parametrize(
    ("sql", "holder"),
    [
        ('CREATE TABLE u (id int, "R" t)', 'u."R"'),
        ("CREATE TABLE u (id int, r t[])", "u.r"),
        ("CREATE DOMAIN dt AS t; CREATE TYPE pair AS (x dt[], y int); CREATE TABLE u (r pair)", "u.r"),
        ("CREATE MATERIALIZED VIEW u AS SELECT NULL::t AS r", "u.r"),
    ],
)
def test_no_type_is_changed_while_rows_are_held_elsewhere(postgres_database: Database, sql: str, holder: str) -> None:
    before = "CREATE TABLE t (id serial PRIMARY KEY, a varchar(20)); INSERT INTO t (a) VALUES ('x');"
    report = applied(postgres_database, models(Column("b", Integer)), before + sql)
    assert refused(report) == {"t.a": f"PostgreSQL changes no type that is used by column {holder}"}


def test_a_view_of_whole_rows_holds_none(postgres_database: Database) -> None:
    sql = "CREATE TABLE t (id serial PRIMARY KEY, a varchar(20)); CREATE VIEW v AS SELECT NULL::t AS r"
    report = applied(postgres_database, models(), sql)
    assert refused(report) == {}


def test_a_default_is_for_new_rows_while_rows_are_held_elsewhere(postgres_database: Database) -> None:
    """ADD COLUMN with a DEFAULT would be an error: rows in other tables would not get it."""
    sql = """
    CREATE TABLE t (id serial PRIMARY KEY, a varchar(80));
    CREATE TABLE u (id int, r t);
    INSERT INTO t (a) VALUES ('x')"""
    wanted = models(
        Column("b", Integer, nullable=False, server_default="5"),
        Column("c", Integer, Computed("id * 2", persisted=True)),
    )
    report = applied(postgres_database, wanted, sql)
    assert refused(report) == {
        "t.b": "1 row holds NULL (key 1): give it a value, then run again",
        "t.c": "PostgreSQL computes no column anew while u.r holds rows of the table's type",
    }
    with postgres_database.connect() as connection:
        connection.execute(b"INSERT INTO t (a) VALUES ('y')")
        assert connection.execute(b"SELECT b FROM t ORDER BY id").fetchall() == [(None,), (5,)]


def test_a_replica_identity_holds_no_null(postgres_database: Database) -> None:
    sql = """
    CREATE TABLE t (id serial PRIMARY KEY, a varchar(80) NOT NULL);
    CREATE UNIQUE INDEX apart ON t (a);
    ALTER TABLE t REPLICA IDENTITY USING INDEX apart"""
    report = applied(postgres_database, models(), sql)
    assert refused(report)["t.a"] == "it is part of the table's replica identity, which cannot hold NULL"
