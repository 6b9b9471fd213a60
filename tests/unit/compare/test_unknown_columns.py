"""Columns that the models don't know: whether the INSERTs that leave them out work, held against the truth."""

from __future__ import annotations

from pathlib import Path

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
    "CREATE DOMAIN wrong AS int DEFAULT 1 CHECK (VALUE > 1); CREATE DOMAIN above AS filled; CREATE DOMAIN free AS int"
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
}


def fails(engine: sa.Engine, beds: int | None) -> bool:
    with engine.connect() as connection:
        try:
            connection.execute(rooms.insert().values(beds=beds))
        except sa.exc.IntegrityError:
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
        connection.execute(DOMAINS.encode())
        connection.execute(f"CREATE TABLE rooms (id serial PRIMARY KEY, beds int, {column})".encode())
    engine = sa.create_engine(postgres_database.url)
    held_against_the_truth(engine, column, ON_POSTGRESQL[column])
    engine.dispose()


@pytest.mark.parametrize("column", COLUMNS)
def test_on_sqlite(tmp_path: Path, column: str) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'app.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE rooms (id INTEGER PRIMARY KEY, beds int, {column})")
    held_against_the_truth(engine, column, COLUMNS[column])
    engine.dispose()


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
