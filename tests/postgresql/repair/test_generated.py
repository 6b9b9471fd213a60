"""Generated columns that are missing from a table with rows."""

from __future__ import annotations

from sqlalchemy import Column, Computed, Integer, MetaData, Table

from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply


def test_a_virtual_column_is_generated_though_it_is_not_null(postgres_database: Database) -> None:
    """First without NOT NULL, which would read every row; never as an ordinary column, which nothing would fill."""
    models = MetaData()
    Table(
        "t",
        models,
        Column("id", Integer, primary_key=True),
        Column("twice", Integer, Computed("id * 2", persisted=False), nullable=False),
    )
    with postgres_database.connect() as connection:
        connection.execute(b"CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t VALUES (21)")
    assert apply(postgres_database, models).findings == ()
    with postgres_database.connect() as connection:
        assert connection.execute(b"SELECT twice FROM t").fetchall() == [(42,)]
        not_null = b"SELECT attnotnull FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'twice'"
        assert connection.execute(not_null).fetchone() == (True,)
