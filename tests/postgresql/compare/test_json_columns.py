"""A column of json where the models say JSONB: INSERT and SELECT work, a query that compares it does not."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import ProgrammingError

from schema_guard.difference import Impact
from schema_guard.guard import Guard
from tests.postgres.database import Database


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000"])
def test_jsonb_in_a_column_of_json(postgres_database: Database, driver: str) -> None:
    models = sa.MetaData()
    table = sa.Table("t", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("data", JSONB))
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE t (id serial PRIMARY KEY, data json)")
    engine = sa.create_engine(postgres_database.server.url(postgres_database.name, driver=driver))
    with engine.connect() as connection:
        connection.execute(table.insert().values(data={"a": 1}))
        connection.execute(table.update().values(data={"a": [2]}))
        assert connection.execute(sa.select(table.c.data)).scalar_one() == {"a": [2]}
        with pytest.raises(ProgrammingError):
            connection.execute(sa.select(table.c.id).where(table.c.data == {"a": [2]}))
    report = Guard(models).check(engine)
    engine.dispose()
    (found,) = report.findings
    assert found.difference.impact is Impact.BREAKS
    assert found.difference.effect.startswith("a query with an operator of jsonb (=, @>, ?) fails")
