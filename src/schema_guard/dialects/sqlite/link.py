"""The connection: every statement is sent as it is written, and transactions are opened and closed in SQL.

A file is reached through connections of the guard's own, made as the application's engine makes them (URL,
connect_args, creator, event listeners) but never from nor into its pool. A database in memory exists only in the
engine's own connection; whatever is set on it is put back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from itertools import count
from typing import Any, TypeVar

from schema_guard.dialects.deadline import Deadline
from schema_guard.dialects.sqlite.failures import reading_failure, unreachable
from schema_guard.dialects.sqlite.place import Connected, Place
from schema_guard.dialects.watch import unless_done_within
from schema_guard.errors import StepError

__all__ = ["Link", "Writer"]

T = TypeVar("T")
Row = tuple[object, ...]

_KEPT_PRAGMAS = ("foreign_keys", "legacy_alter_table", "writable_schema", "busy_timeout")


class Writer:
    """A connection for one step: no transaction opens by itself, and its settings are put back afterwards."""

    def __init__(self, connection: Connected) -> None:
        self._connection = connection

    def run(self, sql: str) -> tuple[list[Row], int]:
        """Send one statement; its rows and how many rows it changed. Raises the driver's errors."""
        return _send(self._connection, sql)


class Link:
    """Reads and writes one database.

    Args:
        place: how the connections are made.
        deadline: no statement waits much longer than that for a lock on the file.
    """

    def __init__(self, place: Place, deadline: Deadline | None = None) -> None:
        self._deadline = deadline or Deadline()
        self._place = place
        self.location = place.location
        self.errors = place.errors
        if place.own_pool:  # in front of the application's own listeners, whose statements may wait for a lock too
            place.listen(self._limit_waiting)
        self._kept: Connected | None = None
        self._writing: object = None

    def rows(self, sql: str, timeout: float | None = None) -> list[Row]:
        """The rows of one SELECT; of an empty database while the file does not exist.

        Args:
            sql: the statement.
            timeout: seconds after which it is interrupted.

        Raises:
            UnreachableError, LockTimeoutError, ReadError: it could not be read.
        """
        missing = self.location.missing
        return self._place.bridge.call(lambda: self._rows_of_nothing(sql) if missing else self._rows(sql, timeout))

    def _rows(self, sql: str, timeout: float | None) -> list[Row]:
        with self._connected() as connection:
            try:
                with _interrupted_after(connection, None if timeout is None else self._deadline.allow(timeout)):
                    return _send(connection, sql)[0]
            except self.errors as error:
                raise reading_failure(str(self.location), error, timeout) from None

    def _rows_of_nothing(self, sql: str) -> list[Row]:
        """Of a database in memory, with what listeners of the application's register when it connects."""
        try:
            connection = self._place.connect_to_nothing()
        except Exception as error:  # a listener of the application's fails
            raise unreachable(str(self.location), error) from None
        try:
            return _send(connection, sql)[0]
        except self.errors as error:
            raise reading_failure("the database to be", error) from None
        finally:
            connection.close()

    def write(self, lock_timeout: float, statement_timeout: float, work: Callable[[Writer], T]) -> T:
        """Do some work on a connection that waits `lock_timeout` seconds for the lock on the file.

        Raises:
            UnreachableError: it cannot be opened.
            StepError: the engine's only connection is in a transaction of the application's.
        """

        def inside() -> T:
            with self._connected() as connection, _prepared(connection, lock_timeout, self.errors):
                with _interrupted_after(connection, statement_timeout):
                    self._writing = connection.driver_connection
                    try:
                        return work(Writer(connection))
                    finally:
                        self._writing = None

        return self._place.bridge.call(inside)

    def interrupt(self) -> None:
        """Interrupt the statement that writes, if one does. Called from any thread; never raises."""
        with suppress(Exception):
            _interrupt(self._writing)

    @contextmanager
    def _connected(self) -> Iterator[Connected]:
        if self._kept is not None:
            yield self._kept
            return
        try:
            connection = self._place.connect()
        except Exception as error:  # the driver refuses arguments, or a listener of the application's fails
            raise unreachable(str(self.location), error) from None
        if self._place.only_connection:
            self._kept = connection  # a database in memory is gone with its only connection
            yield connection
            return
        try:
            if self._place.own_pool:
                self._limit_waiting(connection)
            yield connection
        finally:
            connection.close()

    def _limit_waiting(self, connection: Any) -> None:
        """Wait as long for a lock as the application would, but not past the end."""
        with suppress(*self.errors):
            wanted = int(str(_send(connection, "PRAGMA busy_timeout")[0][0][0]))
            allowed = round(self._deadline.allow(wanted / 1000, early=1.0) * 1000)
            if allowed < wanted:
                _send(connection, f"PRAGMA busy_timeout = {allowed}")

    def release(self) -> None:
        """Close the idle connections to a file: with PRAGMA locking_mode = EXCLUSIVE they keep its lock."""
        if self._place.own_pool:
            self._place.bridge.call(self._place.dispose)

    def close(self) -> None:
        if self._kept is not None:
            self._place.bridge.call(self._kept.close)
        if self._place.own_pool:
            self._place.bridge.call(self._place.dispose)
        self._place.bridge.close()


_EXPLAINED = count()


def _send(connection: Any, sql: str) -> tuple[list[Row], int]:
    cursor = connection.cursor()
    if sql.startswith("EXPLAIN "):
        # Python's driver keeps statements by their text. SQLite (up to 3.40 at least) ends the process when a kept
        # EXPLAIN of a statement with triggers or foreign keys runs again after another connection changed the schema.
        sql = f"{sql}\n/* {next(_EXPLAINED)} */"
    try:
        cursor.execute(sql)
        rows = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        return rows, max(0, cursor.rowcount)
    finally:
        cursor.close()


@contextmanager
def _prepared(connection: Connected, lock_timeout: float, errors: tuple[type[Exception], ...]) -> Iterator[None]:
    """Without the driver's own BEGIN, with `busy_timeout`; all as it was afterwards."""
    driver = connection.dbapi_connection
    if driver is None:
        raise StepError("the connection was closed")
    with _explicit_transactions(connection, driver):
        kept = {name: _send(connection, f"PRAGMA {name}")[0] for name in _KEPT_PRAGMAS}
        _send(connection, f"PRAGMA busy_timeout = {max(1, round(lock_timeout * 1000))}")
        try:
            yield
        finally:
            for name, rows in kept.items():
                with suppress(*errors):
                    if rows != _send(connection, f"PRAGMA {name}")[0]:
                        _send(connection, f"PRAGMA {name} = {rows[0][0]}")


@contextmanager
def _explicit_transactions(connection: Connected, driver: Any) -> Iterator[None]:
    """The sqlite3 module opens transactions by itself unless `isolation_level` is None, or since Python 3.12
    `autocommit` is True (https://docs.python.org/3/library/sqlite3.html#transaction-control)."""
    if getattr(driver, "autocommit", None) is False:
        driver.autocommit = True
        try:
            yield
        finally:
            driver.autocommit = False
        return
    if getattr(connection.driver_connection, "in_transaction", False):
        raise StepError("the engine's only connection is in a transaction: commit or close it first")
    level = driver.isolation_level
    driver.isolation_level = None
    try:
        yield
    finally:
        driver.isolation_level = level


def _interrupted_after(connection: Connected, timeout: float | None) -> AbstractContextManager[None]:
    """Interrupt the running statement after so many seconds (https://sqlite.org/c3ref/interrupt.html)."""
    if not timeout:
        return nullcontext()
    driver = connection.driver_connection
    return unless_done_within(timeout, lambda: _interrupt(driver))


def _interrupt(driver: object) -> None:
    interrupt = getattr(driver, "interrupt", None)
    if interrupt is None:
        return
    answer = interrupt()
    if hasattr(answer, "send"):  # aiosqlite's is a coroutine that waits for nothing
        with suppress(StopIteration):
            answer.send(None)
