"""A table of which no column can be written is not made: it would be of no use, and SQLite has no table without one."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from schema_guard import Guard
from tests.postgres.database import Database


def assert_refused(url: str) -> None:
    models = sa.MetaData()
    sa.Table("t", models, sa.Column("x", sa.types.NullType()))
    sa.Table("beside", models, sa.Column("id", sa.Integer, primary_key=True))
    guard = Guard(models)
    report = guard.apply(url)
    assert [result.step.object for result in report.results] == ["beside"]
    told = {finding.difference.object: finding.difference.headline for finding in report.findings}
    assert told == {"t.x": "the column has no type", "t": "table missing"}
    (reason,) = (refusal.reason for refusal in guard.plan(url).refusals if refusal.difference.object == "t")
    assert reason == "the models have no column for it that can be written: correct them"


def test_on_sqlite(sqlite_file: Path) -> None:
    assert_refused(f"sqlite:///{sqlite_file}")


@pytest.mark.newest_postgres
def test_on_postgresql(postgres_database: Database) -> None:
    assert_refused(postgres_database.url)


@pytest.mark.newest_postgres
def test_postgresql_makes_a_table_that_the_models_want_without_any(postgres_database: Database) -> None:
    models = sa.MetaData()
    sa.Table("t", models)
    assert Guard(models).apply(postgres_database.url).satisfied
    with postgres_database.connect() as connection:
        connection.execute("INSERT INTO t DEFAULT VALUES")
