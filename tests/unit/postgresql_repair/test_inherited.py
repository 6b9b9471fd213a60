"""A model of a partition, or of a table that inherits: its columns are its parent's."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table

from tests.postgres.database import Database
from tests.unit.postgresql_repair.stage import plan

pytestmark = pytest.mark.every_postgres


@pytest.mark.parametrize(
    "sql",
    [
        'CREATE TABLE "Up" (id int, a varchar(20)) PARTITION BY RANGE (id);'
        ' CREATE TABLE t PARTITION OF "Up" (PRIMARY KEY (id)) FOR VALUES FROM (0) TO (10)',
        'CREATE TABLE "Up" (id int, a varchar(20)); CREATE TABLE t (PRIMARY KEY (id)) INHERITS ("Up")',
    ],
)
def test_an_inherited_type_is_changed_at_the_parent(postgres_database: Database, sql: str) -> None:
    models = MetaData()
    Table("t", models, Column("id", Integer, primary_key=True, autoincrement=False), Column("a", String(80)))
    with postgres_database.connect() as connection:
        connection.execute(sql.encode())
        (refusal,) = plan(postgres_database, models).refusals
        assert refusal.reason == 'the column is inherited from "Up", which has to be altered instead'
        (statement,) = refusal.advice
        connection.execute(statement.encode())
    assert plan(postgres_database, models).refusals == ()
