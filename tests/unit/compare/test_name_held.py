"""A relation's name is one among all of its schema: what holds it is said, and nothing is built under it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Index, Integer, MetaData, Table, UniqueConstraint

from schema_guard.guard import Guard
from tests.postgres.database import Database


def test_an_unknown_table_holds_the_name(postgres_database: Database) -> None:
    models = MetaData()
    Table(
        "t",
        models,
        Column("id", Integer, primary_key=True),
        Column("a", Integer),
        UniqueConstraint("a", name="held"),
        Index("held_too", "a", "id"),
    )
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id serial PRIMARY KEY, a integer)")
        connection.exec_driver_sql("CREATE TABLE held (x integer)")
        connection.exec_driver_sql("CREATE TABLE held_too (x integer)")
    report = Guard(models).apply(engine)
    assert report.results == ()
    reasons = [finding.refusal.reason for finding in report.findings if finding.refusal]
    assert reasons == ["the name held is held by table held", "the name public.held_too is held by table held_too"]
