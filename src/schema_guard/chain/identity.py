"""Which database a URL or a driver's arguments name, and which one a connection really is on."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.engine.interfaces import DBAPIConnection

__all__ = ["Identity", "fingerprint", "fingerprint_of", "identity_of", "system_of"]

Identity = tuple[str, str, str, str]
"""System, host, port, name of the database; for SQLite the file's real path. As far as arguments tell."""

POSTGRESQL = (
    "SELECT pg_catalog.current_database()::pg_catalog.text, d.oid::pg_catalog.text, "
    "pg_catalog.pg_postmaster_start_time()::pg_catalog.text "
    "FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()"
)
"""Every role may read it, and through a pooler or another host name the same server says the same."""
SQLITE = "PRAGMA database_list"

_LOCAL = frozenset({"", "localhost", "127.0.0.1", "::1"})


def identity_of(dialect: Dialect, arguments: Sequence[Any], named: Mapping[str, Any]) -> Identity:
    """What a driver's connect() would be called with, as a database."""
    if dialect.name == "sqlite":
        return ("sqlite", "", "", _file(str(arguments[0] if arguments else named.get("database", ""))))
    host = str(named.get("host") or os.environ.get("PGHOST") or "").partition(",")[0]
    port = str(named.get("port") or os.environ.get("PGPORT") or "5432").partition(",")[0]
    name = str(named.get("dbname") or named.get("database") or os.environ.get("PGDATABASE") or named.get("user") or "")
    local = host in _LOCAL or host.startswith("/")
    return (dialect.name, "" if local else host, port, name)


def _file(database: str) -> str:
    if database.startswith("file:"):
        database = unquote(database[len("file:") :].partition("?")[0])
    if database in ("", ":memory:"):
        return ":memory:"
    return str(Path(database).resolve())


def system_of(connection: DBAPIConnection) -> str:
    """The database system of a driver's connection; a pool's events know no dialect."""
    module = type(connection).__module__
    return "sqlite" if "sqlite" in module or "sqlcipher" in module else "postgresql"


def fingerprint_of(connection: DBAPIConnection) -> tuple[str, ...]:
    """Ask the connection where it is; leaves no transaction open."""
    system = system_of(connection)
    cursor = connection.cursor()
    try:
        cursor.execute(SQLITE if system == "sqlite" else POSTGRESQL)
        rows = [tuple(str(value or "") for value in row) for row in cursor.fetchall()]
    finally:
        cursor.close()
    if system == "postgresql":
        connection.rollback()
    return fingerprint(system, rows)


def fingerprint(system: str, rows: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """From the rows of POSTGRESQL or SQLITE."""
    if system == "sqlite":
        return ("sqlite", _file(rows[0][2]))
    return ("postgresql", *rows[0])
