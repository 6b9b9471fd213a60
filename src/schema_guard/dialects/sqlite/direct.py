"""A database file that is opened by the sqlite3 module alone, as SQLAlchemy would open it.

A frozen file needs no models, and so no SQLAlchemy.
"""

from __future__ import annotations

import math
import os
import re
import sqlite3
from collections.abc import Callable
from typing import Any

from schema_guard.address import Address
from schema_guard.dialects.bridge import Bridge, Direct
from schema_guard.dialects.sqlite.location import Location, locate_file
from schema_guard.dialects.translation import SchemaMap

__all__ = ["DirectPlace", "EmptyPlace", "direct_place"]


def direct_place(address: Address) -> DirectPlace | None:
    """The place of a URL that names a plain file; None of every other one.

    Raises UnreachableError: its directory is missing, or it is a directory itself.
    """
    file = address.database or ""
    plain = address == Address("sqlite", database=file) and file not in ("", ":memory:")
    return None if not plain or file.startswith("file:") else DirectPlace(file)


class _Lent:
    """The one connection, while it is used; given back, its transaction is rolled back and it stays open."""

    def __init__(self, connection: sqlite3.Connection, *, kept: bool) -> None:
        self.dbapi_connection = self.driver_connection = connection
        self._kept = kept

    def cursor(self) -> sqlite3.Cursor:
        return self.dbapi_connection.cursor()

    def close(self) -> None:
        self.dbapi_connection.rollback()
        if not self._kept:
            self.dbapi_connection.close()


class DirectPlace:
    """A file.

    Args:
        file: as the URL names it.
    """

    def __init__(self, file: str) -> None:
        self.location = locate_file(file)
        self.bridge: Bridge = Direct()
        self.schemas: SchemaMap = {}
        self.own_pool, self.only_connection = True, False
        self.errors: tuple[type[Exception], ...] = (sqlite3.Error, sqlite3.Warning)
        self._file = os.path.abspath(file)  # noqa: PTH100 - as SQLAlchemy finds it
        self._listener: Callable[[Any], None] | None = None
        self._connection: sqlite3.Connection | None = None

    def listen(self, connected: Callable[[Any], None]) -> None:
        self._listener = connected

    def connect(self) -> _Lent:
        if self._connection is None:
            connection = _opened(self._file)
            if self._listener is not None:
                self._listener(connection)
            self._connection = connection
        return _Lent(self._connection, kept=True)

    def connect_to_nothing(self) -> _Lent:
        return _Lent(_opened(":memory:"), kept=False)

    def dispose(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def sqlalchemy(self) -> None:
        return None


class EmptyPlace(DirectPlace):
    """An empty database in memory."""

    def __init__(self) -> None:
        self.location = Location(None, shared=True)
        self.bridge = Direct()
        self.schemas = {}
        self.own_pool, self.only_connection = False, True
        self.errors = (sqlite3.Error, sqlite3.Warning)
        self._connection = _opened(":memory:")

    def run(self, sql: str) -> None:
        """Raises the driver's errors."""
        self.connect().dbapi_connection.execute(sql)


def _opened(file: str) -> sqlite3.Connection:
    """With the functions that SQLAlchemy registers."""
    connection = sqlite3.connect(file, check_same_thread=False)
    connection.create_function("regexp", 2, _regexp, deterministic=True)
    connection.create_function("floor", 1, math.floor, deterministic=True)
    return connection


def _regexp(pattern: str, text: str | None) -> bool | None:
    return None if text is None else re.search(pattern, text) is not None
