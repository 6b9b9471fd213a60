"""What the tests of reading share: a database from SQL, and a session's view of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from schema_guard.dialects import open_session
from schema_guard.dialects.postgresql.session import PostgreSQLSession
from schema_guard.schema import Name, Schema, Table
from tests.postgres.database import Database

__all__ = ["expecting", "session_on", "table_of"]


@contextmanager
def session_on(database: Database, sql: str = "", url: str | None = None) -> Iterator[PostgreSQLSession]:
    """Run the SQL as superuser, then open a session."""
    if sql:
        with database.connect() as connection:
            connection.execute(sql.encode())
    session = open_session(url or database.url)
    assert isinstance(session, PostgreSQLSession)
    try:
        session.locate([], [])
        yield session
    finally:
        session.close()


def expecting(*names: str, schema: str = "public") -> Schema:
    """An expectation of tables by these names."""
    return Schema(tables=tuple(Table(Name(schema, name)) for name in names), schemas=(schema,))


def table_of(session: PostgreSQLSession, name: str, schema: str = "public") -> Table:
    """The live table."""
    table = session.inspect(expecting(name, schema=schema)).table(Name(schema, name))
    assert table is not None
    return table
