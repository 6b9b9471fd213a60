"""Columns that the models don't know: whether the INSERTs that leave them out work, held against the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from schema_guard.difference import Impact
from schema_guard.guard import Guard
from schema_guard.report import Report
from tests.postgres.database import Database

models = sa.MetaData()
rooms = sa.Table("rooms", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("beds", sa.Integer))

FAIL, WORK, DOUBT = "every INSERT fails", "every INSERT works", "not provable"
NULL_FAILS = "an INSERT of NULL fails"
"""The models write NULL, as they do where they leave the value out: that breaks as NOT NULL of the column would."""
DOMAINS = (
    "CREATE DOMAIN filled AS int CHECK (VALUE IS NOT NULL); "
    "CREATE DOMAIN given AS int DEFAULT 1 CHECK (VALUE IS NOT NULL);"
    "CREATE DOMAIN wrong AS int DEFAULT 1 CHECK (VALUE > 1); CREATE DOMAIN above AS filled; CREATE DOMAIN free AS int;"
)
FUNCTIONS = (
    "CREATE FUNCTION refuse() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;"
    "CREATE FUNCTION never() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;"
    "CREATE FUNCTION always() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';"
    "CREATE SEQUENCE numbers;"
)
COLUMNS = {
    "x int": WORK,
    "x int NOT NULL DEFAULT 1": WORK,
    "x int NOT NULL": FAIL,
    "x int CHECK (x IS NOT NULL)": FAIL,
    "x int GENERATED ALWAYS AS (beds + 1) STORED": WORK,
    "x int GENERATED ALWAYS AS (beds + 1) STORED NOT NULL": NULL_FAILS,
    "x int GENERATED ALWAYS AS (coalesce(beds, 0) + id) STORED NOT NULL": DOUBT,
    "x int GENERATED ALWAYS AS (beds + 1) STORED CHECK (x IS NOT NULL)": DOUBT,
}
ON_POSTGRESQL = {
    **COLUMNS,
    "x int GENERATED ALWAYS AS IDENTITY CHECK (x IS NOT NULL)": DOUBT,
    "x filled": FAIL,
    "x above": FAIL,
    "x given": WORK,
    "x wrong": FAIL,
    "x wrong DEFAULT 2": WORK,
    "x free": WORK,
    "x filled[]": WORK,
    "x int DEFAULT 1 / 0": FAIL,
    "x int NOT NULL DEFAULT 1 / 0": FAIL,
    "x int DEFAULT 6 / 2": WORK,
    "x int NOT NULL DEFAULT nullif(1, 1)": FAIL,
    "x int DEFAULT nullif(1, 1)": WORK,
    "x int DEFAULT ('a' || 'b')::int": FAIL,
    "x smallint DEFAULT 70000": FAIL,
    "x bigint DEFAULT 70000": WORK,
    "x numeric(3, 1) DEFAULT 1234": FAIL,
    "x varchar(2) DEFAULT 'abc'": FAIL,
    "x varchar(2) DEFAULT 'ab  '": WORK,
    "x char(4) DEFAULT 'abc'": WORK,
    "x bit(3) DEFAULT B'1'": FAIL,
    "x jsonb NOT NULL DEFAULT '{}'": WORK,
    "x text[] DEFAULT ARRAY['a', 'b']": WORK,
    "x date DEFAULT CURRENT_DATE": WORK,
    "x date NOT NULL DEFAULT now() + interval '1 day'": WORK,
    "x uuid DEFAULT current_setting('app.tenant')::uuid": DOUBT,
    "x text NOT NULL DEFAULT current_setting('app.tenant', true)": DOUBT,
    "x text DEFAULT lpad(nextval('numbers')::text, 8, '0')": WORK,
    "x int DEFAULT (random() * 100)::int": WORK,
    "x int DEFAULT refuse()": DOUBT,
    "x int DEFAULT never()": FAIL,
    "x int DEFAULT always()": WORK,
    "x free DEFAULT 1 / 0": FAIL,
    "x int GENERATED ALWAYS AS (1 / y) STORED, y int DEFAULT 0": FAIL,
    "x int GENERATED ALWAYS AS (1 / y) STORED, y int DEFAULT 1": WORK,
}
ON_SQLITE = {
    **COLUMNS,
    "x text DEFAULT (json('{'))": FAIL,
    "x text DEFAULT (json('{}'))": WORK,
    "x int NOT NULL DEFAULT (1 / 0)": FAIL,
    "x int DEFAULT (1 / 0)": WORK,
    "x int DEFAULT abc": WORK,
    "x int NOT NULL DEFAULT NULL": FAIL,
}


def fails(engine: sa.Engine, beds: int | None) -> bool:
    with engine.connect() as connection:
        try:
            connection.execute(rooms.insert().values(beds=beds))
        except sa.exc.DBAPIError:
            return True
        finally:
            connection.rollback()
    return False


def held_against_the_truth(engine: sa.Engine, column: str, expected: str) -> None:
    failed = [fails(engine, beds) for beds in (None, 1)]
    report = Guard(models).check(engine)
    assert verdict(report) == (FAIL if expected == NULL_FAILS else expected)
    assert failed == {FAIL: [True, True], WORK: [False, False], NULL_FAILS: [True, False]}.get(expected, failed)
    if "CHECK (x IS NOT NULL)" in column and expected == DOUBT and "IDENTITY" not in column:
        assert failed == [True, False]


def verdict(report: Report) -> str:
    if report.remains(Impact.BREAKS):
        return FAIL
    worst = [each.difference for each in report.findings if each.difference.impact is Impact.WEAKENS]
    assert all(each.effect.startswith("not provable: ") for each in worst)
    return DOUBT if worst else WORK


@pytest.mark.parametrize("column", ON_POSTGRESQL)
def test_on_postgresql(postgres_database: Database, column: str) -> None:
    with postgres_database.connect() as connection:
        connection.execute((DOMAINS + FUNCTIONS).encode())
        connection.execute(f"CREATE TABLE rooms (id serial PRIMARY KEY, beds int, {column})".encode())
    engine = sa.create_engine(postgres_database.url)
    held_against_the_truth(engine, column, ON_POSTGRESQL[column])
    engine.dispose()


@pytest.mark.parametrize("column", ON_SQLITE)
def test_on_sqlite(tmp_path: Path, column: str) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'app.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE rooms (id INTEGER PRIMARY KEY, beds int, {column})")
    held_against_the_truth(engine, column, ON_SQLITE[column])
    engine.dispose()


LEFT_TO_SERVER: dict[str, sa.Column[Any]] = {
    "varchar DEFAULT never()::text": sa.Column("x", sa.String, server_default=sa.func.gen_random_uuid()),
    "varchar DEFAULT (1 / 0)::text": sa.Column("x", sa.String, server_default="a"),
    "smallint DEFAULT 70000": sa.Column("x", sa.SmallInteger, server_default="7"),
    "numeric(4, 2) DEFAULT 123": sa.Column("x", sa.Numeric(4, 2), server_default="7"),
    "int NOT NULL DEFAULT 1 / 0": sa.Column("x", sa.Integer, server_default=sa.FetchedValue(), nullable=False),
}


@pytest.mark.parametrize("live", LEFT_TO_SERVER)
def test_a_default_that_raises_an_error_where_the_models_leave_the_value_to_it(
    postgres_database: Database, live: str
) -> None:
    metadata = sa.MetaData()
    table = sa.Table("rooms", metadata, sa.Column("id", sa.Integer, primary_key=True), LEFT_TO_SERVER[live]._copy())
    with postgres_database.connect() as connection:
        connection.execute(FUNCTIONS.encode())
        connection.execute(f"CREATE TABLE rooms (id serial PRIMARY KEY, x {live})".encode())
    engine = sa.create_engine(postgres_database.url)
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError):
        connection.execute(table.insert())
    guard = Guard(metadata)
    assert guard.check(engine).worst is Impact.BREAKS
    report = guard.apply(engine)
    fetched = LEFT_TO_SERVER[live].server_default.__class__ is sa.FetchedValue
    assert (report.worst is Impact.BREAKS) is fetched  # how the value is made, these models do not say
    with engine.connect() as connection:
        if not fetched:
            connection.execute(table.insert())
    assert guard.plan(engine).steps == ()
    engine.dispose()


def test_a_key_whose_default_raises_an_error(postgres_database: Database) -> None:
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE rooms (id int PRIMARY KEY DEFAULT 1 / 0, beds int)")
    guard = Guard(models)
    report = guard.apply(postgres_database.url)
    (finding,) = report.findings
    assert report.results == ()
    assert finding.refusal is not None
    with postgres_database.connect() as connection:
        connection.execute(finding.refusal.advice[0].encode())
    assert guard.apply(postgres_database.url).satisfied
    engine = sa.create_engine(postgres_database.url)
    assert not fails(engine, 1)
    engine.dispose()


USUAL = (
    "timestamp DEFAULT (now() AT TIME ZONE 'utc')",
    "uuid DEFAULT gen_random_uuid()",
    "varchar(36) DEFAULT gen_random_uuid()",
    "text DEFAULT encode(gen_random_bytes(16), 'hex')",
    "varchar(8) DEFAULT upper(substr(md5(random()::text), 1, 8))",
    "text DEFAULT 'A-' || nextval('numbers')",
    "bigint DEFAULT (extract(epoch FROM clock_timestamp()) * 1000)::bigint",
    "date DEFAULT CURRENT_DATE + 7",
    "timestamptz(0) DEFAULT CURRENT_TIMESTAMP(0)",
    "name DEFAULT session_user",
    "jsonb NOT NULL DEFAULT jsonb_build_object('a', 1)",
    "text[] NOT NULL DEFAULT ARRAY[]::text[]",
    "mood NOT NULL DEFAULT 'fine'",
    "pair DEFAULT ROW(1, 'a')::pair",
    "money DEFAULT 0",
    "numeric(10, 2) NOT NULL DEFAULT 0.00",
    "smallint DEFAULT '1'",
    "bigint DEFAULT 9999999999",
    "char(3) NOT NULL DEFAULT ' '",
    "bit varying(5) DEFAULT B'101'",
    "bytea NOT NULL DEFAULT ''",
    "interval NOT NULL DEFAULT '1 day'",
    "int4range DEFAULT '[1,5)'",
    "tsvector DEFAULT to_tsvector('english', '')",
    "hstore DEFAULT ''",
    "citext NOT NULL DEFAULT 'A'",
    "given NOT NULL",
    "text COLLATE \"C\" DEFAULT E'a\\'b'",
    "text DEFAULT NULL",
    "serial",
)


@pytest.mark.every_postgres
def test_usual_defaults_are_no_more_than_a_note(postgres_database: Database) -> None:
    with postgres_database.connect() as connection:
        connection.execute((DOMAINS + FUNCTIONS).encode())
        connection.execute("CREATE EXTENSION pgcrypto; CREATE EXTENSION hstore; CREATE EXTENSION citext")
        connection.execute("CREATE TYPE mood AS ENUM ('fine'); CREATE TYPE pair AS (a int, b text)")
        columns = ", ".join(f"x{number} {default}" for number, default in enumerate(USUAL))
        connection.execute(f"CREATE TABLE rooms (id serial PRIMARY KEY, beds int, {columns})".encode())
    engine = sa.create_engine(postgres_database.url)
    assert not fails(engine, 1)
    report = Guard(models).check(engine)
    assert [each.difference.object for each in report.findings if each.difference.impact is not Impact.NOTES] == []
    assert len(report.findings) == len(USUAL)
    engine.dispose()


@pytest.mark.parametrize("null", ["", "NOT NULL "])
def test_the_advice_for_a_default_that_raises_an_error_works(postgres_database: Database, null: str) -> None:
    with postgres_database.connect() as connection:
        connection.execute(f"CREATE TABLE rooms (id serial PRIMARY KEY, beds int, x int {null}DEFAULT 1 / 0)".encode())
    engine = sa.create_engine(postgres_database.url)
    (finding,) = Guard(models).check(engine).findings
    assert finding.difference.headline == "unknown to the models, with DEFAULT (1 / 0)"
    assert finding.refusal is not None
    with postgres_database.connect() as connection:
        for statement in finding.refusal.advice:
            connection.execute(statement.encode())
    assert not fails(engine, 1)
    assert verdict(Guard(models).check(engine)) == WORK
    engine.dispose()


def test_a_sequence_that_the_role_may_not_use_is_told_with_its_grant(postgres_database: Database) -> None:
    role = f"guest_{postgres_database.name}"
    with postgres_database.connect() as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN; CREATE SEQUENCE numbers".encode())
        table = "CREATE TABLE rooms (id serial PRIMARY KEY, beds int, x int DEFAULT nextval('numbers'))"
        connection.execute(f"{table}; GRANT ALL ON rooms, rooms_id_seq TO {role}".encode())
    engine = sa.create_engine(postgres_database.server.url(postgres_database.name, user=role))
    try:
        assert fails(engine, 1)
        report = Guard(models).check(engine)
        assert verdict(report) == DOUBT
        (told,) = [each for each in report.findings if each.refusal is not None]
        assert told.refusal is not None
        assert told.refusal.advice == (f"GRANT USAGE ON SEQUENCE public.numbers TO {role};",)
        with postgres_database.connect() as connection:
            connection.execute(told.refusal.advice[0].encode())
        assert not fails(engine, 1)
        assert verdict(Guard(models).check(engine)) == WORK
    finally:
        engine.dispose()
        with postgres_database.connect() as connection:
            connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


def test_an_identity_that_takes_no_key_is_a_doubt(postgres_database: Database) -> None:
    with postgres_database.connect() as connection:
        connection.execute(b"CREATE TABLE rooms (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, beds int)")
    engine = sa.create_engine(postgres_database.url)
    with engine.connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="GeneratedAlways"):
        connection.execute(rooms.insert().values(id=1))
    report = Guard(models).check(engine)
    (finding,) = report.findings
    assert verdict(report) == DOUBT
    assert finding.refusal is not None
    with postgres_database.connect() as connection:
        for statement in finding.refusal.advice:
            connection.execute(statement.encode())
    assert Guard(models).check(engine).findings == ()
    with engine.connect() as connection:
        connection.execute(rooms.insert().values(id=1))
    engine.dispose()
