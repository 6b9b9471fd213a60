"""`quote=False`: the name stands without quotes in every statement, and PostgreSQL makes its letters small."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from schema_guard import Guard
from tests.postgres.database import Database


def models() -> sa.MetaData:
    metadata = sa.MetaData()
    columns: tuple[sa.Column[int], ...] = (
        sa.Column("Key", sa.Integer, primary_key=True, autoincrement=False, quote=False),
        sa.Column("Mixed", sa.Integer),
        sa.Column("Added", sa.Integer, unique=True, quote=False),
        sa.Column("Above", sa.ForeignKey("Trees.Key"), quote=False),
    )
    sa.Table("Trees", metadata, *columns, quote=False)
    return metadata


def assert_found(engine: sa.Engine) -> None:
    table = models().tables["Trees"]
    with engine.begin() as connection:
        connection.exec_driver_sql('CREATE TABLE Trees (Key INTEGER PRIMARY KEY, "Mixed" INTEGER)')
    guard = Guard(table.metadata)
    missing = [each.difference for each in guard.check(engine).findings if each.difference.code == "column-missing"]
    assert [difference.object.lower() for difference in missing] == ["trees.added", "trees.above"]
    assert guard.apply(engine).satisfied
    with engine.begin() as connection:
        connection.execute(table.insert(), {"Key": 1, "Mixed": 2, "Added": 3, "Above": 1})
        assert connection.execute(table.select()).all() == [(1, 2, 3, 1)]


def test_on_sqlite(sqlite_file: Path) -> None:
    assert_found(sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool))


@pytest.mark.newest_postgres
def test_on_postgresql(postgres_database: Database) -> None:
    assert_found(sa.create_engine(postgres_database.url, poolclass=NullPool))
