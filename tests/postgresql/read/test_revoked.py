"""A role from which somebody took what PostgreSQL lets every role read, as hosts do that share a server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import Column, Index, Integer, MetaData, Table

from schema_guard.errors import ReadError
from schema_guard.guard import Guard
from tests.postgres.database import Database

pytestmark = pytest.mark.every_postgres

NEEDED = [
    "SELECT ON pg_catalog.pg_database",
    "SELECT ON pg_catalog.pg_locks",
    "EXECUTE ON FUNCTION pg_catalog.pg_lock_status()",
    "EXECUTE ON FUNCTION pg_catalog.pg_get_expr(pg_node_tree, oid)",
    "EXECUTE ON FUNCTION pg_catalog.pg_try_advisory_lock(bigint)",
]
ONLY_FOR_MORE_WORDS = [
    "SELECT ON pg_catalog.pg_stat_activity",
    "SELECT ON pg_catalog.pg_prepared_xacts",
    "EXECUTE ON FUNCTION pg_catalog.pg_blocking_pids(integer)",
]


def models() -> MetaData:
    metadata = MetaData()
    table = Table("things", metadata, Column("id", Integer, primary_key=True), Column("n", Integer))
    Index("ix_things_n", table.c.n)
    return metadata


@pytest.fixture
def role(postgres_database: Database) -> Iterator[str]:
    """An owner of a table that lacks a column and an index; its name needs no quotes."""
    name = f"r_{uuid.uuid4().hex[:12]}"
    with postgres_database.connect() as connection:
        connection.execute(
            f"CREATE ROLE {name} LOGIN; ALTER DATABASE {postgres_database.name} OWNER TO {name};"
            f"CREATE TABLE things (id serial PRIMARY KEY); ALTER TABLE things OWNER TO {name};"
            f"GRANT ALL ON SCHEMA public TO {name}".encode()
        )
    yield name
    with postgres_database.connect() as connection:
        connection.execute(f"ALTER DATABASE {postgres_database.name} OWNER TO postgres".encode())
        connection.execute(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}".encode())


def _revoke(database: Database, what: str) -> None:
    with database.connect() as connection:
        connection.execute(f"REVOKE {what} FROM PUBLIC".encode())


@pytest.mark.parametrize("what", NEEDED)
def test_the_message_has_the_grant(postgres_database: Database, role: str, what: str) -> None:
    _revoke(postgres_database, what)
    url = postgres_database.url.replace("postgres@", f"{role}@")

    with pytest.raises(ReadError) as refused:
        Guard(models()).apply(url)

    grant = f"GRANT {what} TO {role};"
    assert str(refused.value).endswith(f"as a superuser: {grant}")
    with postgres_database.connect() as connection:
        connection.execute(grant.encode())
    assert Guard(models()).apply(url).satisfied


@pytest.mark.parametrize("what", ONLY_FOR_MORE_WORDS)
def test_what_tells_of_other_sessions_is_not_needed(postgres_database: Database, role: str, what: str) -> None:
    """Who holds a lock is looked up before a step waits: without that right it waits, no longer than it may."""
    _revoke(postgres_database, what)
    assert Guard(models()).apply(postgres_database.url.replace("postgres@", f"{role}@")).satisfied
