"""The proved stamp is written: the rows of alembic_version in one transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from schema_guard.chain.sandbox.failure import failed
from schema_guard.chain.sandbox.job import Failure
from schema_guard.chain.systems import SYSTEMS
from schema_guard.chain.version_table import meant, qualified
from schema_guard.dialects.base import Session
from schema_guard.dialects.bridge import bridge_for
from schema_guard.errors import LockTimeoutError, StepError, one_line

__all__ = ["write_rows"]

WAITS = 3.0
"""Seconds for a lock: a migration that somebody else runs holds the row until all its revisions have run."""
LOOKED_EVERY = 0.5
"""Seconds between two looks at who holds it."""


def write_rows(
    url: URL, session: Session, table: str, schema: str | None, heads: Sequence[str], before: Sequence[str]
) -> None:
    """Make alembic_version name exactly these revisions; the table is made as Alembic makes it.

    Args:
        url: the database.
        session: looks meanwhile who holds the table or its row.
        table: its name.
        schema: where it lies.
        heads: the revisions.
        before: what it named when the proof was made.

    Raises:
        LockTimeoutError: somebody holds the table or its row.
        StepError: the database refuses, or the rows are not what they were when the proof was made.
    """
    held, begun, own = "", time.monotonic(), list[int]()
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(_written, url, table, schema, heads, before, own)
        while not wait([writing], LOOKED_EVERY).done:
            if own:  # without it every program that waits would be looked at
                held = session.blocking(time.monotonic() - begun + LOOKED_EVERY, tuple(own))[0] or held
    try:
        writing.result()
    except DBAPIError as error:
        if failed(error, "", ()).why is Failure.LOCK:
            who = held or "held by another session; run again"
            raise LockTimeoutError(f"{table} could not be written: could not acquire the lock in time, {who}") from None
        raise StepError(f"{table} could not be written: {one_line(str(error.orig))}") from None


def _written(
    url: URL, table: str, schema: str | None, heads: Sequence[str], before: Sequence[str], own: list[int]
) -> None:
    engine = create_engine(url, poolclass=NullPool)
    bridge = bridge_for(engine)

    @event.listens_for(engine, "connect")
    def limit(connection: DBAPIConnection, _record: object) -> None:
        SYSTEMS[engine.dialect.name].limit_locks(connection, round(WAITS * 1000))

    def write() -> None:
        with engine.begin() as connection:
            own.extend(SYSTEMS[engine.dialect.name].backend(connection))
            _write(connection, table, schema, heads, before)

    try:
        bridge.call(write)
    finally:
        bridge.close()


def _write(connection: Connection, table: str, schema: str | None, heads: Sequence[str], before: Sequence[str]) -> None:
    context = MigrationContext.configure(connection, opts={"version_table": table, "version_table_schema": schema})
    context._ensure_version_table()
    name = qualified(table, schema)
    SYSTEMS[connection.dialect.name].lock_writers(connection, name)  # who holds it may commit another revision
    found = sorted(meant(row[0] for row in connection.execute(text(f"SELECT version_num FROM {name}"))))
    if found != sorted(before):
        raise StepError(f"{table} was changed by another session while the chain was replayed; run again")
    connection.execute(text(f"DELETE FROM {name}"))
    for head in heads:
        connection.execute(text(f"INSERT INTO {name} (version_num) VALUES (:head)"), {"head": head})
