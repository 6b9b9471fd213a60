"""Labels of an enum that were renamed in the models."""

from __future__ import annotations

from sqlalchemy import Column, Enum, Integer, MetaData, Table

from schema_guard.guard import Guard
from tests.postgres.database import Database
from tests.postgresql.repair.stage import plan, prepare


def test_a_label_that_was_renamed_is_told_once(postgres_database: Database) -> None:
    """The statement works once; two columns hold the old label, and the models lack it."""
    prepare(
        postgres_database,
        "CREATE TYPE kind AS ENUM ('NEW'); CREATE TABLE t (id serial PRIMARY KEY, a kind, b kind);"
        "INSERT INTO t (a, b) VALUES ('NEW', 'NEW')",
    )
    metadata = MetaData()
    kind = Enum("new", name="kind")
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("a", kind), Column("b", kind))
    advice = [line for refusal in plan(postgres_database, metadata).refusals for line in refusal.advice]
    (statement,) = [line for line in advice if "RENAME VALUE" in line]
    prepare(postgres_database, statement)
    assert Guard(metadata).check(postgres_database.url).satisfied
