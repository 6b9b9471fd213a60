"""Where a tour takes place: a temporary SQLite file, or a schema of its own on a PostgreSQL; gone afterwards."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from schema_guard.errors import ConfigurationError

__all__ = ["postgresql_room", "sqlite_room"]

TAKES_OPTIONS = ("psycopg", "psycopg2")
"""Drivers of libpq, which set the search_path as they connect: no statement can run without it."""


@contextmanager
def sqlite_room() -> Iterator[Engine]:
    """An engine on a new file in a temporary directory."""
    with tempfile.TemporaryDirectory(prefix="schema-guard-demo-") as directory:
        engine = create_engine(f"sqlite:///{Path(directory) / 'demo.db'}")
        try:
            yield engine
        finally:
            engine.dispose()


@contextmanager
def postgresql_room(url: URL) -> Iterator[Engine]:
    """An engine whose connections see only a new schema; the schema is dropped afterwards, nothing else is touched.

    Raises:
        ConfigurationError: the URL's driver is not one of libpq, or the role may not create a schema.
    """
    if url.get_driver_name() not in TAKES_OPTIONS:
        raise ConfigurationError(
            f"the demo on PostgreSQL needs {' or '.join(TAKES_OPTIONS)}, the URL names {url.get_driver_name()}"
        )
    schema = f"schema_guard_demo_{secrets.token_hex(4)}"
    outside = create_engine(url, poolclass=NullPool)
    inside = create_engine(url, connect_args={"options": f"-csearch_path={schema}"})
    try:
        _send(outside, f"CREATE SCHEMA {schema}")
    except DBAPIError as error:
        where = url.render_as_string(hide_password=True)
        raise ConfigurationError(f"the demo needs a schema of its own on {where}: {error.orig}") from None
    try:
        yield inside
    finally:
        inside.dispose()
        _send(outside, f"DROP SCHEMA {schema} CASCADE")


def _send(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
