"""A view that the models define (CreateView of SQLAlchemy 2.1) is made where it is missing, after what it reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.sql import ddl

from schema_guard import Guard
from tests.postgres.database import Database

CREATE_VIEW: Any = getattr(ddl, "CreateView", None)
pytestmark = pytest.mark.skipif(CREATE_VIEW is None, reason="SQLAlchemy 2.0 has no CreateView")


def models(**options: bool) -> sa.MetaData:
    metadata = sa.MetaData()
    key = sa.Column("id", sa.Integer, primary_key=True, autoincrement=False)
    users = sa.Table("users", metadata, key, sa.Column("Is in", sa.Boolean))
    query = sa.select(users.c.id).where(users.c["Is in"].is_(True))
    CREATE_VIEW(query, "active users", metadata=metadata, **options)
    return metadata


def works(engine: sa.Engine, metadata: sa.MetaData) -> None:
    guard = Guard(metadata)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id INTEGER PRIMARY KEY)")
    column, view = guard.plan(engine).steps
    assert "ADD COLUMN" in column.statements[0]
    assert view.statements[0].startswith("CREATE ")
    assert "REPLACE" not in view.statements[0]
    report = guard.apply(engine)
    assert report.satisfied, [finding.difference.headline for finding in report.findings]
    assert guard.plan(engine).empty
    with engine.begin() as connection:
        assert connection.execute(sa.select(metadata.tables["active users"])).all() == []
    engine.dispose()


@pytest.mark.every_postgres
@pytest.mark.parametrize("options", [{}, {"materialized": True}, {"or_replace": True}], ids=str)
def test_on_postgresql(postgres_database: Database, options: dict[str, bool]) -> None:
    works(sa.create_engine(postgres_database.url), models(**options))


def test_on_sqlite(sqlite_file: Path) -> None:
    works(sa.create_engine(f"sqlite:///{sqlite_file}"), models())
