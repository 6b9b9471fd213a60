"""Time limits that an administrator has set for sessions and transactions: a long step is not cut off by them."""

from __future__ import annotations

import pytest
from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Table

from schema_guard import Guard
from tests.postgres.database import Database

SLOW = MetaData()
Table(
    "slow",
    SLOW,
    Column("id", Integer, primary_key=True, autoincrement=False),
    CheckConstraint("pg_sleep(0.5) IS NOT NULL", name="ck_slow"),
    CheckConstraint("pg_sleep(0.5) IS NOT NULL AND id > 0", name="ck_slower"),
)
"""Validating one of these takes 1.5 s with three rows."""


@pytest.mark.parametrize(
    "limit", ["idle_session_timeout", "idle_in_transaction_session_timeout", "transaction_timeout", "statement_timeout"]
)
def test_a_step_that_lasts_longer_than_a_limit(postgres_database: Database, limit: str) -> None:
    """The connection that holds the guard's lock is idle meanwhile, and must not be lost: nor must the step's."""
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE slow (id integer PRIMARY KEY)")
        connection.execute("INSERT INTO slow VALUES (1), (2), (3)")
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET {limit} = '700ms'".encode())
    report = Guard(SLOW).apply(postgres_database.url)
    assert [result.message for result in report.results if result.message] == []
    assert report.satisfied
