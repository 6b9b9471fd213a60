"""A database that is reached by its driver alone, with the arguments that SQLAlchemy would give the driver.

For a frozen file, which needs no models, and so no SQLAlchemy. Whatever is not known here is left to SQLAlchemy.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from schema_guard.address import Address
from schema_guard.dialects.bridge import Bridge, Direct
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.encoding import set_encoding
from schema_guard.dialects.postgresql.server import Place, never_prepare
from schema_guard.dialects.postgresql.wire import Sent, Wire
from schema_guard.dialects.translation import SchemaMap

__all__ = ["DirectServer", "arguments_of", "direct_server"]

_LIBPQ = frozenset({"psycopg", "psycopg2"})
_DRIVERS = _LIBPQ | {"pg8000"}
_FIELDS = {"host": "host", "database": "dbname", "username": "user", "password": "password", "port": "port"}
_LOST = (
    *("closed the connection", "connection not open", "could not receive data from server"),
    *("could not send data to server", "connection already closed", "cursor already closed", "losed the connection"),
    *("connection has been closed unexpectedly", "decryption failed or bad record mac", "SSL SYSCALL error"),
    *("network error", "connection is closed"),
)
"""What the drivers say of a connection that is gone, where they do not mark it so."""


def direct_server(address: Address, extra: dict[str, Any]) -> DirectServer | None:
    """The way to the database of a URL; None where SQLAlchemy is needed.

    Args:
        address: with an installed driver.
        extra: further arguments for the driver.
    """
    driver = address.drivername.partition("+")[2]
    arguments = arguments_of(address) if driver in _DRIVERS else None
    return None if arguments is None else DirectServer(address, driver, {**arguments, **extra})


def arguments_of(address: Address) -> dict[str, Any] | None:
    """What the driver's connect() is called with; None where the URL has more than is known here."""
    libpq = address.drivername.partition("+")[2] in _LIBPQ
    names = _FIELDS if libpq else {**_FIELDS, "database": "database"}
    found = {word: value for name, word in names.items() if (value := getattr(address, name))}
    for name, value in address.query.items():
        if not isinstance(value, str) or name == "plugin":
            return None  # several hosts; a plugin of SQLAlchemy's
        if name == "host" and any(char in value for char in ":,"):
            return None
        if name == "port" and not (value.isascii() and value.isdecimal()):
            return None
        found[name] = value
    if libpq and {"host", "port"} <= address.query.keys():
        found["port"] = str(int(found["port"]))
    return found


class DirectServer:
    """One database.

    Args:
        address: its URL.
        driver: the name of the driver's module.
        arguments: what its connect() is called with.
    """

    def __init__(self, address: Address, driver: str, arguments: dict[str, Any]) -> None:
        self.place: Place = address
        self.words = address.app_driver or driver
        self.bridge: Bridge = Direct()
        self.schemas: SchemaMap = {}
        self._driver = driver
        self._arguments = arguments

    def open(self) -> Wire:
        module = import_module(self._driver)
        needs_text = self._driver == "psycopg2"  # which takes no call without any argument
        connection = module.connect(*([""] if needs_text and not self._arguments else []), **self._arguments)
        try:
            set_encoding(connection)
            connection.autocommit = True
        except BaseException:
            connection.close()
            raise
        return _DirectWire(connection, module.Error)


class _DirectWire:
    def __init__(self, connection: Any, error: type[Exception]) -> None:
        self.driver = connection
        self._error = error
        never_prepare(connection)

    def send(self, sql: str) -> Sent:
        try:
            cursor = self.driver.cursor()
            try:
                cursor.execute(sql)
                return (cursor.fetchall(), 0) if cursor.description else ([], cursor.rowcount)
            finally:
                cursor.close()
        except self._error as error:
            raise DriverError(error, connection_invalidated=self._is_lost(error)) from None

    def send_script(self, sql: str) -> Sent:
        return self.send(sql)

    def _is_lost(self, error: Exception) -> bool:
        marked = getattr(self.driver, "closed", False) or getattr(self.driver, "broken", False)
        return bool(marked) or any(words in str(error).partition("\n")[0] for words in _LOST)

    def close(self) -> None:
        self.driver.close()

    def drop(self) -> None:
        self.driver.close()
