"""Which database a driver's arguments name, and which one a connection really is on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from schema_guard.chain.systems import SERVER, SYSTEMS, Fingerprint, Identity, System, system_named

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.engine.interfaces import DBAPIConnection

__all__ = ["identity_of", "fingerprint_of", "session_of", "system_of"]


def identity_of(dialect: Dialect, arguments: Sequence[Any], named: Mapping[str, Any]) -> Identity:
    """What a driver's connect() would be called with, as a database; of a system that is not known, too."""
    found = system_named(dialect.name).identity(arguments, named)
    return (dialect.name, *found[1:])


def system_of(connection: DBAPIConnection) -> System:
    """The database system of a driver's connection; a pool's events know no dialect."""
    module = type(connection).__module__
    named = (system for system in SYSTEMS.values() if any(word in module for word in system.drivers))
    return next(named, SERVER)


def fingerprint_of(connection: DBAPIConnection) -> Fingerprint:
    """Ask the connection where it is; leaves no transaction open."""
    system = system_of(connection)
    return system.fingerprint(
        [tuple(str(value or "") for value in row) for row in _rows(connection, system, system.where)]
    )


def session_of(connection: DBAPIConnection) -> int | None:
    """The number of its session on the server; leaves no transaction open."""
    system = system_of(connection)
    return int(_rows(connection, system, system.own_session)[0][0]) if system.own_session else None


def _rows(connection: DBAPIConnection, system: System, query: str) -> Sequence[Sequence[Any]]:
    cursor = connection.cursor()
    try:
        cursor.execute(query)
        rows: Sequence[Sequence[Any]] = cursor.fetchall()
    finally:
        cursor.close()
    if not system.is_file:
        connection.rollback()
    return rows
