"""How the connections to one PostgreSQL database are made: by an engine, or as a URL says (direct.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from schema_guard.dialects.bridge import Bridge, bridge_for
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.encoding import set_encoding
from schema_guard.dialects.postgresql.wire import Sent, Wire
from schema_guard.dialects.translation import SchemaMap, schema_map_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Dialect, Engine
    from sqlalchemy.pool import ConnectionPoolEntry

__all__ = ["EngineServer", "Place", "Server", "never_prepare", "own_engine"]


class Place(Protocol):
    """A URL, SQLAlchemy's or an Address."""

    @property
    def host(self) -> str | None: ...

    @property
    def username(self) -> str | None: ...

    @property
    def database(self) -> str | None: ...

    def render_as_string(self, hide_password: bool = True) -> str: ...


class Server(Protocol):
    """The way to one database."""

    bridge: Bridge
    """Where the driver's calls run; whoever made the server closes it."""
    schemas: SchemaMap

    @property
    def place(self) -> Place: ...

    @property
    def words(self) -> Dialect | str:
        """The engine's, or the name of the driver."""
        ...

    def open(self) -> Wire:
        """A new connection, that speaks UTF-8. Raises whatever the driver raises."""
        ...


def never_prepare(driver: Any) -> None:
    """psycopg prepares what it has sent five times; behind a transaction pooler that is another server's statement."""
    if hasattr(driver, "prepare_threshold"):
        driver.prepare_threshold = None


class EngineServer:
    """As the application's engine connects (URL, connect_args, creator, listeners), never from nor into its pool.

    Args:
        engine: the application's, or one of the guard's own.
        driver: the application's, where the engine has another one.
    """

    def __init__(self, engine: Engine, driver: str = "") -> None:
        self._engine = own_engine(engine)
        self.place: Place = engine.url
        self.words: Dialect | str = driver or engine.dialect
        self.bridge = bridge_for(engine)
        self.schemas = schema_map_of(engine)

    def open(self) -> Wire:
        return _EngineWire(self._engine.connect())


class _EngineWire:
    def __init__(self, connection: Connection) -> None:
        self.driver: Any = connection.connection.driver_connection
        never_prepare(self.driver)
        connection.connection.commit()  # what a listener began (SET ROLE), as the application's first commit does
        self._connection = connection.execution_options(isolation_level="AUTOCOMMIT", no_parameters=True)

    def send(self, sql: str) -> Sent:
        from sqlalchemy.exc import DBAPIError

        try:
            result = self._connection.exec_driver_sql(sql)
            return (result.all(), 0) if result.returns_rows else ([], result.rowcount)
        except DBAPIError as error:
            raise DriverError(error.orig or error, connection_invalidated=error.connection_invalidated) from None

    def send_script(self, sql: str) -> Sent:
        if self._connection.dialect.driver != "asyncpg":
            return self.send(sql)
        # its prepared statements take one statement each; without any argument it sends the text as it is
        try:
            cast(Any, self._connection.connection.dbapi_connection).run_async(lambda driver: driver.execute(sql))
        except Exception as error:  # the driver's own, not through SQLAlchemy
            raise DriverError(error, connection_invalidated=self.driver.is_closed()) from None
        return [], 0

    def close(self) -> None:
        self._connection.close()

    def drop(self) -> None:
        self._connection.invalidate()
        self._connection.close()


def own_engine(engine: Engine) -> Engine:
    """An engine that connects as this one does, without its pool."""
    from sqlalchemy.engine import Engine
    from sqlalchemy.pool import NullPool

    connect = engine.pool._invoke_creator

    def connected(record: ConnectionPoolEntry) -> Any:
        connection = connect(record)
        set_encoding(connection)  # before SQLAlchemy asks the server anything
        return connection

    pool = NullPool(cast(Any, connected), _dispatch=engine.pool.dispatch, dialect=engine.dialect)
    pool.logger = _quiet()
    own = Engine(pool, engine.dialect, engine.url, hide_parameters=True)
    own.dispatch = own.dispatch._join(engine.dispatch)
    return own


def _quiet() -> Any:
    """The pool logs a traceback when a lost connection cannot be closed; here that is an error of one line already."""
    import logging

    logger = logging.getLogger("schema_guard.pool")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger
