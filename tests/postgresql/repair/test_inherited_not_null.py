"""A table that inherits a column has its NOT NULL, too: where it stands decides what can be done."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from schema_guard import Impact
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, prepare

INHERITED = "CREATE TABLE top (id serial PRIMARY KEY, a integer{}); CREATE TABLE low (b integer) INHERITS (top)"
PARTITION = """CREATE TABLE top (id integer NOT NULL, a integer{}, b integer) PARTITION BY RANGE (id);
    CREATE TABLE low PARTITION OF top DEFAULT"""
NOT_NULL = " NOT NULL"


def models(**nullable: bool) -> MetaData:
    """By table, whether `a` may be NULL."""
    metadata = MetaData()
    for name, may_be_null in nullable.items():
        key = Column("id", Integer, primary_key=True, autoincrement=False)
        Table(name, metadata, key, Column("a", Integer, nullable=may_be_null))
    return metadata


@pytest.mark.parametrize("made", [INHERITED, PARTITION], ids=["inherits", "partition"])
@pytest.mark.every_postgres
def test_it_is_dropped_where_it_stands(postgres_database: Database, made: str) -> None:
    """Before 18 a table that inherits without being a partition may be without it."""
    prepare(postgres_database, made.format(NOT_NULL))
    report = apply(postgres_database, models(low=True))
    assert report.results is not None
    assert all(result.changed for result in report.results), [result.message for result in report.results]
    if made == INHERITED and int(postgres_database.server.version.partition(".")[0]) < 18:
        assert report.worst is not Impact.BREAKS
    else:
        assert report.worst is Impact.BREAKS
        assert report.plan is not None
        (refusal,) = report.plan.refusals
        assert refusal.reason == "the NOT NULL is inherited from top, which has to be altered instead"
        assert refusal.advice == ("ALTER TABLE public.top ALTER COLUMN a DROP NOT NULL;",)
        prepare(postgres_database, *refusal.advice)
    assert apply(postgres_database, models(low=True)).worst is not Impact.BREAKS
    prepare(postgres_database, "INSERT INTO low (id) VALUES (1)")


@pytest.mark.newest_postgres
def test_the_topmost_table_is_named(postgres_database: Database) -> None:
    prepare(
        postgres_database,
        "CREATE TABLE top (id integer, a integer NOT NULL); CREATE TABLE middle () INHERITS (top);"
        "CREATE TABLE low (PRIMARY KEY (id)) INHERITS (middle)",
    )
    report = apply(postgres_database, models(low=True))
    assert report.plan is not None
    assert [refusal.advice for refusal in report.plan.refusals] == [
        ("ALTER TABLE public.top ALTER COLUMN a DROP NOT NULL;",)
    ]


@pytest.mark.newest_postgres
def test_both_tables_of_the_models(postgres_database: Database) -> None:
    prepare(postgres_database, INHERITED.format(NOT_NULL))
    assert apply(postgres_database, models(top=True, low=True)).worst is not Impact.BREAKS
    prepare(postgres_database, "INSERT INTO top (id) VALUES (1); INSERT INTO low (id) VALUES (2)")


@pytest.mark.parametrize("low_may_be_null", [True, False])
@pytest.mark.every_postgres
def test_it_is_not_set_where_models_below_write_null(postgres_database: Database, low_may_be_null: bool) -> None:
    prepare(postgres_database, INHERITED.format(""))
    report = apply(postgres_database, models(top=False, low=low_may_be_null))
    assert report.plan is not None
    if low_may_be_null:
        prepare(postgres_database, "INSERT INTO low (id) VALUES (1)")
        (refusal,) = report.plan.refusals
        assert refusal.reason == "low would inherit it, and its models write NULL: correct either of the models"
    else:
        assert report.satisfied
        with pytest.raises(psycopg.errors.NotNullViolation):
            prepare(postgres_database, "INSERT INTO low (id) VALUES (1)")
