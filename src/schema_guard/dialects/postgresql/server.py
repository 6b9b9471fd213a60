"""How the connections to one PostgreSQL database are made: by an engine, or as a URL says (direct.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from schema_guard.dialects.postgresql.driver_error import DriverError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

__all__ = ["EngineServer", "Place", "Server", "Wire", "never_prepare"]

Sent = tuple[Sequence[Sequence[object]], int]
"""The rows of a statement, and how many it changed."""


class Place(Protocol):
    """A URL, SQLAlchemy's or an Address."""

    @property
    def host(self) -> str | None: ...

    def render_as_string(self, hide_password: bool = True) -> str: ...


class Wire(Protocol):
    """An open connection, on which no transaction begins by itself."""

    driver: Any
    """The driver's own connection."""

    def send(self, sql: str) -> Sent:
        """Raises DriverError; a driver may let OSError and UnicodeError through."""
        ...

    def close(self) -> None: ...

    def drop(self) -> None:
        """It is lost: close it without a word to the server."""
        ...


class Server(Protocol):
    """The way to one database."""

    @property
    def place(self) -> Place: ...

    def open(self) -> Wire:
        """A new connection, that speaks UTF-8. Raises whatever the driver raises."""
        ...


def never_prepare(driver: Any) -> None:
    """psycopg prepares what it has sent five times; behind a transaction pooler that is another server's statement."""
    if hasattr(driver, "prepare_threshold"):
        driver.prepare_threshold = None


class EngineServer:
    """By an engine that `own_engine` made."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.place: Place = engine.url

    def open(self) -> Wire:
        return _EngineWire(self._engine.connect())


class _EngineWire:
    def __init__(self, connection: Connection) -> None:
        self.driver: Any = connection.connection.driver_connection
        never_prepare(self.driver)
        self._connection = connection.execution_options(isolation_level="AUTOCOMMIT", no_parameters=True)

    def send(self, sql: str) -> Sent:
        from sqlalchemy.exc import DBAPIError

        try:
            result = self._connection.exec_driver_sql(sql)
            return (result.all(), 0) if result.returns_rows else ([], result.rowcount)
        except DBAPIError as error:
            raise DriverError(error.orig or error, connection_invalidated=error.connection_invalidated) from None

    def close(self) -> None:
        self._connection.close()

    def drop(self) -> None:
        self._connection.invalidate()
        self._connection.close()
