"""What a check does not see, as docs/impact.md says: to see it, each row would have to be read at every boot."""

from __future__ import annotations

import psycopg
import pytest
import sqlalchemy as sa

from schema_guard import Guard
from tests.postgres.database import Database


@pytest.mark.parametrize("value", ["infinity", "-infinity", "10000-01-01"])
def test_a_date_that_the_driver_cannot_read(postgres_database: Database, value: str) -> None:
    metadata = sa.MetaData()
    offers = sa.Table("offers", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("until", sa.Date))
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO offers (until) VALUES ('{value}')")
    assert Guard(metadata).check(engine).satisfied
    with engine.connect() as connection, pytest.raises((psycopg.DataError, sa.exc.DBAPIError), match="date"):
        connection.execute(sa.select(offers)).all()
