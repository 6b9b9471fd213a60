"""How the connections to one SQLite database are made: as an engine of the application's makes them, or as a URL says
(direct.py)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from schema_guard.dialects.bridge import Bridge, bridge_for
from schema_guard.dialects.sqlite.location import Location, locate_database
from schema_guard.dialects.translation import SchemaMap, schema_map_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect, Engine

__all__ = ["Connected", "EnginePlace", "Place"]


class Connected(Protocol):
    """A connection of the driver's, as a pool lends it."""

    @property
    def dbapi_connection(self) -> Any: ...

    @property
    def driver_connection(self) -> Any: ...

    def cursor(self) -> Any: ...

    def close(self) -> None: ...


class Place(Protocol):
    """One database, and the way to it."""

    location: Location
    bridge: Bridge
    schemas: SchemaMap
    own_pool: bool
    """Whether the connections are the guard's own, not the application's."""
    only_connection: bool
    """Whether the database is gone with its connection."""
    errors: tuple[type[Exception], ...]
    """What a statement can raise."""

    def listen(self, connected: Callable[[Any], None]) -> None:
        """Call this with each new connection, before anything is sent on it."""
        ...

    def connect(self) -> Connected:
        """Raises whatever the driver or a listener of the application's raises."""
        ...

    def connect_to_nothing(self) -> Connected:
        """An empty database in memory. Raises as `connect` does."""
        ...

    def dispose(self) -> None:
        """Close the idle connections."""
        ...

    def sqlalchemy(self) -> Dialect | None:
        """The engine's words; None where there is no engine."""
        ...


class EnginePlace:
    """The database of an engine: connections of the guard's own, made as the engine makes them (URL, connect_args,
    creator, event listeners), but never from nor into its pool. A database in memory exists only in the engine's own.

    Raises UnreachableError: its directory does not exist.
    """

    def __init__(self, engine: Engine) -> None:
        from sqlalchemy.exc import DBAPIError
        from sqlalchemy.pool import NullPool

        self.location = locate_database(engine)
        self.bridge: Bridge = bridge_for(engine)
        self.schemas = schema_map_of(engine)
        self.own_pool = not self.location.shared
        self.errors: tuple[type[Exception], ...] = (sqlite3.Error, sqlite3.Warning, DBAPIError)
        self._dialect = engine.dialect
        self._pool = engine.pool.recreate() if self.own_pool else engine.pool
        self.only_connection = self.location.path is None and isinstance(self._pool, NullPool)
        self._nothing = NullPool(lambda: engine.dialect.connect(":memory:"), _dispatch=engine.pool.dispatch)

    def listen(self, connected: Callable[[Any], None]) -> None:
        from sqlalchemy import event

        event.listen(self._pool, "connect", lambda connection, _: connected(connection), insert=True)

    def connect(self) -> Connected:
        return self._pool.connect()

    def connect_to_nothing(self) -> Connected:
        return self._nothing.connect()

    def dispose(self) -> None:
        self._pool.dispose()
        self._pool = self._pool.recreate()

    def sqlalchemy(self) -> Dialect:
        return type(self._dialect)()
