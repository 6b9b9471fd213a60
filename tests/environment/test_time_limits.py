"""Time limits that an administrator has set do not cut off a long step; a guard whose host is gone is cut off soon."""

from __future__ import annotations

import pytest
from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Table, create_engine, event

from schema_guard import Guard
from schema_guard.dialects import open_session
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


def test_a_guard_whose_host_is_gone_is_noticed_soon(postgres_database: Database) -> None:
    """By the keepalive of the server's system, which says here what it was told: else it would take two hours.

    `python -m tests.faults.vanish_host` takes the host away.
    """
    connections = []
    engine = create_engine(postgres_database.url)
    event.listen(engine, "connect", lambda connection, _: connections.append(connection))
    session = open_session(engine)
    names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")
    with session.guard_lock("", 10):
        told = [tuple(each.execute(f"SHOW {name}").fetchone()[0] for name in names) for each in connections]
    session.close()
    assert told == [("10", "5", "3", "30000")] * 2, "the steps' connection and the lock's"
