"""Time limits that an administrator has set do not cut off a long step; a guard whose host is gone is cut off soon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest
from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Table, create_engine, event
from sqlalchemy.engine import make_url

from schema_guard import Guard
from schema_guard.dialects import open_session
from schema_guard.errors import UnreachableError
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


@contextmanager
def told(limit: str) -> Iterator[list[str]]:
    """The statement that is printed for the limit."""
    found: list[str] = []
    try:
        yield found
    except UnreachableError as error:
        words = f"{limit} of the role, the database or the server is too short for the first answer: "
        if words in error.message:
            found.append(error.message.partition(words)[2] if error.lasting else "it would be waited for")
        raise


@pytest.mark.parametrize(
    "limit", ["idle_session_timeout", "idle_in_transaction_session_timeout", "transaction_timeout", "statement_timeout"]
)
def test_a_limit_that_is_too_short_for_anything(postgres_database: Database, limit: str) -> None:
    """No session can do anything with it: that is said once, with the statement that ends it, and not waited for."""
    if limit == "transaction_timeout" and int(postgres_database.server.version.partition(".")[0]) < 17:
        pytest.skip("PostgreSQL 17 brought it")
    with postgres_database.connect() as connection:
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET {limit} = '1ms'".encode())
        connection.execute("CREATE TABLE slow (id integer PRIMARY KEY)")
    statement = ""
    for _ in range(50):  # a fast machine may answer within a millisecond, and a last word may not arrive
        with suppress(UnreachableError), told(limit) as found:
            Guard(SLOW).check(postgres_database.url)
        if statement := "".join(found):
            break
    assert statement
    other = psycopg.connect(make_url(postgres_database.server.url()).set(drivername="postgresql").render_as_string())
    with other as connection:
        connection.execute(statement.encode())
    other.close()
    assert Guard(SLOW).apply(postgres_database.url).satisfied


def test_transactions_that_are_read_only_by_default(postgres_database: Database) -> None:
    """One reason, and the statement after which apply works, wherever the setting came from."""
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE slow (id integer PRIMARY KEY)")
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET default_transaction_read_only = on".encode())
    report = Guard(SLOW).apply(postgres_database.url)
    [refusal] = {(each.refusal.reason, each.refusal.advice) for each in report.findings if each.refusal is not None}
    assert refusal[0].startswith("transactions are read only by default: default_transaction_read_only is on")
    with postgres_database.connect() as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(refusal[1][0].encode())
    assert Guard(SLOW).apply(postgres_database.url).satisfied


@pytest.mark.parametrize("path", ["pg_catalog", "information_schema", "pg_catalog, public"])
def test_a_search_path_that_begins_with_the_systems_schema(postgres_database: Database, path: str) -> None:
    """Nobody can make anything there: it is refused, or made in the next schema, and not tried in vain."""
    with postgres_database.connect() as connection:
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET search_path = {path}".encode())
    report = Guard(SLOW).apply(postgres_database.url)
    assert [result.message for result in report.results if result.message] == []
    reasons = {each.refusal.reason for each in report.findings if each.refusal is not None}
    if "public" in path:
        assert report.satisfied
        return
    assert len(reasons) == 1
    assert "nowhere to create it" in reasons.pop()
