"""What a person or an older server wrote in other words is no difference, and no repair that comes again."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, Date, DateTime, Identity, Index, Integer, MetaData, Table, Time, text

from schema_guard.guard import Guard
from tests.postgres.database import Database

pytestmark = pytest.mark.server
OLD = "('now'::text)::"
"""How servers before PostgreSQL 10 wrote CURRENT_DATE and its like into a dump."""


@pytest.mark.parametrize(
    ("column", "live"),
    [
        (Column("x", DateTime, server_default=text("now()")), "LOCALTIMESTAMP"),
        (Column("x", DateTime, server_default=text("LOCALTIMESTAMP")), "now()"),
        (Column("x", DateTime, server_default=text("LOCALTIMESTAMP")), f"{OLD}timestamp without time zone"),
        (Column("x", Date, server_default=text("CURRENT_DATE")), "now()::date"),
        (Column("x", Date, server_default=text("now()")), "CURRENT_DATE"),
        (Column("x", Date, server_default=text("CURRENT_DATE")), f"{OLD}date"),
        (Column("x", Time, server_default=text("LOCALTIME")), "now()::time"),
        (Column("x", DateTime(True), server_default=text("CURRENT_TIMESTAMP(0)")), f"{OLD}timestamp(0) with time zone"),
        (Column("x", DateTime, server_default=text("LOCALTIMESTAMP(3)")), f"{OLD}timestamp(3) without time zone"),
    ],
)
def test_the_same_moment(postgres_database: Database, column: Column[object], live: str) -> None:
    models = MetaData()
    Table("t", models, Column("id", Integer, primary_key=True), column._copy())
    type_ = column.type.compile(sa.create_engine(postgres_database.url).dialect)
    with postgres_database.connect() as connection:
        connection.execute(f"CREATE TABLE t (id serial PRIMARY KEY, x {type_} DEFAULT {live})".encode())
    assert Guard(models).check(postgres_database.url).satisfied


def test_another_precision_is_another_moment(postgres_database: Database) -> None:
    models = MetaData()
    now = text("CURRENT_TIMESTAMP(0)")
    Table("t", models, Column("id", Integer, primary_key=True), Column("x", DateTime(True), server_default=now))
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE t (id serial PRIMARY KEY, x timestamptz DEFAULT now())")
    (finding,) = Guard(models).check(postgres_database.url).findings
    assert finding.difference.code == "default-differs"


def test_an_index_whose_condition_is_true_has_none(postgres_database: Database) -> None:
    models = MetaData()
    table = Table("t", models, Column("id", Integer, primary_key=True), Column("x", Integer))
    Index("ix_x", table.c.x, postgresql_where=sa.true())
    guard = Guard(models)
    assert guard.apply(postgres_database.url).satisfied
    report = guard.check(postgres_database.url)
    assert report.findings == ()


def test_the_end_that_the_models_give_an_identity_is_no_finding(postgres_database: Database) -> None:
    models = MetaData()
    Table("up", models, Column("id", Integer, Identity(maxvalue=1000), primary_key=True))
    down = Identity(start=-1, increment=-1, minvalue=-100, maxvalue=-1)
    Table("down", models, Column("id", Integer, down, primary_key=True))
    guard = Guard(models)
    guard.apply(postgres_database.url)
    assert guard.check(postgres_database.url).findings == ()
