"""A connection of the guard's own, on which every statement is sent as it is written.

Transactions are opened and closed in SQL (`BEGIN READ ONLY`, `SET LOCAL ..`, `COMMIT`), so that what is sent is what
a person can read, with every driver.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from schema_guard.dialects.deadline import Deadline
from schema_guard.dialects.postgresql import patience
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.encoding import Encoding, encoding_of
from schema_guard.dialects.postgresql.failures import is_disconnect, unreachable
from schema_guard.dialects.postgresql.patience import answered_within
from schema_guard.dialects.postgresql.server import Server
from schema_guard.dialects.postgresql.wire import Wire
from schema_guard.errors import OutOfTimeError

__all__ = ["PLAIN", "Link", "Row", "set_local"]

Row = tuple[object, ...]

CONNECTED_WITHIN = 30.0
"""Seconds for connecting, where the driver's own limit is longer or there is none."""

CLOSED_WITHIN = 1.0
"""Seconds for a driver that says goodbye and waits for the server's answer."""

EARLY = 0.3
"""Seconds before the client ends a statement for good, in which the server ends it by its own timeout."""


PLAIN = {"standard_conforming_strings": "on"}
"""So that a backslash in a string is a backslash (manual, 4.1.2.1), whatever role, database or URL say."""
READABLE = {
    "quote_all_identifiers": "off",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
}
"""How the server writes what it is asked for; not how it reads what the models write: DateStyle keeps its order."""


def set_local(settings: Mapping[str, object]) -> str:
    """Settings for the rest of the transaction, in one round trip where each SET LOCAL takes one."""
    each = (f"pg_catalog.set_config('{name}', '{value}', true)" for name, value in settings.items())
    return f"SELECT {', '.join(each)}"


def _close(connection: Wire) -> None:
    connection.close()


def _forget(_: object) -> None:
    """Nothing has to be done about it."""


class Link:
    """One connection, opened when first used and again after it was lost.

    Args:
        server: the way to the database.
        deadline: nothing that is sent is waited for longer than that.
    """

    def __init__(self, server: Server, deadline: Deadline | None = None) -> None:
        self._server = server
        self._bridge = server.bridge
        self._deadline = deadline or Deadline()
        self._connection: Wire | None = None
        self._timeout = 0.0
        self._first = ""
        self.encoding = Encoding()
        """As the last connection told it."""

    def settle(self, sql: str) -> None:
        """Send this now, and as the first on each connection that is opened after this one was lost.

        Raises UnreachableError, or what the driver raised as a DriverError.
        """
        self._first = sql
        self.rows(sql)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Statements in the body may take so long at the server; without an answer then, the connection is lost."""
        before, self._timeout = self._timeout, seconds
        try:
            yield
        finally:
            self._timeout = before

    @property
    def out_of_time(self) -> bool:
        """The database has answered, and the run has to be over: whatever has no answer now is cut off for that."""
        return self._deadline.begun and self._deadline.over

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    def rows(self, sql: str) -> list[Row]:
        """Send one statement; its rows. Raises UnreachableError, or what the driver raised as a DriverError."""
        connection = self._opened()
        return self._bridge.call(lambda: self._send(connection, sql, self._patience)[0])

    def run(self, sql: str) -> int:
        """Send one statement; how many rows it changed (0 where that has no meaning)."""
        connection = self._opened()
        return self._bridge.call(lambda: self._send(connection, sql, self._patience)[1])

    def run_script(self, sql: str) -> None:
        """Send statements with semicolons between them in one message. Raises as `run` does."""
        connection = self._opened()
        self._bridge.call(lambda: self._send(connection, sql, self._patience, script=True))

    def is_silent(self, seconds: float) -> bool:
        """Whether the server leaves a question without an answer for so long, whenever the run has to be over."""
        connection, begun = self._connection, time.monotonic()
        if connection is not None:
            with suppress(Exception):
                self._bridge.call(lambda: self._send(connection, "SELECT true", seconds))
        return time.monotonic() - begun >= seconds

    @contextmanager
    def reading(self, timeout: float = 0.0, *, lock_timeout: float = 0.0, bare_path: bool = False) -> Iterator[Link]:
        """A READ ONLY transaction of one snapshot, without JIT: to compile the catalog query
        takes longer than to run it.

        Args:
            timeout: seconds for each statement; 0 leaves the server's setting.
            lock_timeout: seconds that a statement waits for a lock; 0 leaves the server's setting.
            bare_path: with an empty search_path, so that whatever is deparsed comes out fully qualified.
        """
        settings: dict[str, object] = {"jit": "off", **PLAIN, **READABLE}
        if timeout:
            timeout = self._deadline.allow(timeout, early=EARLY)
            settings["statement_timeout"] = max(1, round(timeout * 1000))
        if lock_timeout:
            # A wait for a lock must not end as a statement that took too long: that would hide who holds it.
            lock_timeout = min(lock_timeout, self._deadline.allow(lock_timeout, early=2 * EARLY))
            settings["lock_timeout"] = max(1, round(lock_timeout * 1000))
        if bare_path:
            settings["search_path"] = ""
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with self.within(timeout), self.transaction(begin, [set_local(settings)], at_once=True):
            yield self

    @contextmanager
    def writing(self, timeout: float, *, lock_timeout: float) -> Iterator[Link]:
        """A READ WRITE transaction with an empty search_path; the arguments as in `reading`."""
        timeout = self._deadline.allow(timeout, early=EARLY)
        settings: dict[str, object] = {"jit": "off", **PLAIN, "search_path": ""}
        settings["statement_timeout"] = max(1, round(timeout * 1000))
        settings["lock_timeout"] = max(1, round(min(lock_timeout, timeout) * 1000))
        with self.within(timeout), self.transaction("BEGIN READ WRITE", [set_local(settings)]):
            yield self

    @contextmanager
    def trying(self, timeout: float) -> Iterator[Link]:
        """A transaction that is rolled back, in which something may be made; `timeout` as in `reading`."""
        timeout = self._deadline.allow(timeout, early=EARLY)
        limit = max(1, round(timeout * 1000))
        settings: dict[str, object] = {"jit": "off", **PLAIN, "statement_timeout": limit, "lock_timeout": limit}
        try:
            with self.within(timeout):
                self.run("BEGIN READ WRITE")
                self.run(set_local(settings))
                yield self
        finally:
            self._roll_back()

    @contextmanager
    def transaction(self, begin: str, settings: list[str], *, at_once: bool = False) -> Iterator[Link]:
        """BEGIN, the settings, the body, COMMIT; ROLLBACK when the body fails.

        Args:
            begin: the BEGIN.
            settings: statements that set what holds in the transaction alone.
            at_once: send both in one message, which saves as many round trips.
        """
        try:
            if at_once:
                self.run_script("; ".join((begin, *settings)))
            for statement in () if at_once else (begin, *settings):
                self.run(statement)
            yield self
            self.run("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of a transaction, which goes on whatever the server says to this part.

        Raises:
            DriverError: what the part raised; nothing of it is left.
        """
        self.run("SAVEPOINT schema_guard_part")
        try:
            yield
        except DriverError as error:
            if not is_disconnect(error):
                self.run("ROLLBACK TO SAVEPOINT schema_guard_part")
            raise
        self.run("RELEASE SAVEPOINT schema_guard_part")

    @contextmanager
    def part_undone(self) -> Iterator[None]:
        """A part of a transaction of which nothing is left, not even its locks. Raises as `savepoint` does."""
        with self.savepoint():
            yield
            self.run("ROLLBACK TO SAVEPOINT schema_guard_part")

    def close(self) -> None:
        """Close the connection for good; an error while closing is of no interest."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            self._bridge.call_within(self._deadline.allow(CLOSED_WITHIN), connection.close, _forget)
        except TimeoutError:
            patience.cut(connection.driver)
        except Exception:  # it is gone, either way
            return

    def _roll_back(self) -> None:
        if self._connection is None:
            return
        try:
            self.run("ROLLBACK")
        except Exception:  # whatever went wrong here, a new connection is clean
            self.close()

    def _opened(self) -> Wire:
        """The connection, opened if need be. Raises UnreachableError."""
        if self._connection is None:
            seconds = self._deadline.allow(CONNECTED_WITHIN)
            try:
                self._connection = self._bridge.call_within(seconds, self._open, _close)
            except TimeoutError:
                if self.out_of_time:
                    raise OutOfTimeError("no connection within the budget: give it more time with --budget") from None
                raise unreachable(TimeoutError("no answer in time"), self._server.place) from None
        return self._connection

    def _open(self) -> Wire:
        try:
            connection = self._server.open()
            self.encoding = encoding_of(connection)
            if self._first:
                connection.send(self._first)
            return connection
        except Exception as error:  # drivers raise their own, the network's and the resolver's errors here
            raise unreachable(error, self._server.place) from None

    def time_for(self, seconds: float, *, early: float) -> float:
        """How much of so many seconds may pass, so that `early` are left until the run has to be over."""
        return self._deadline.allow(seconds, early=early)

    @property
    def _patience(self) -> float:
        return self._deadline.allow(self._timeout + patience.GRACE)

    def _send(self, connection: Wire, sql: str, seconds: float, *, script: bool = False) -> tuple[list[Row], int]:
        send = connection.send_script if script else connection.send
        try:
            with answered_within(seconds, connection.driver):
                rows, changed = send(self.encoding.outgoing(sql))
            read = [*map(tuple, rows)]
            if self.encoding.raw:
                read = [tuple(map(self.encoding.incoming, row)) for row in read]
            return read, max(changed, 0)
        except UnicodeError as error:  # the driver cannot read what the server sends, or cannot write it
            raise DriverError(error) from None
        except OSError as error:  # pg8000 lets those of the network through
            self._lost(connection)
            raise DriverError(error, connection_invalidated=True) from None
        except DriverError as error:
            if is_disconnect(error):
                self._lost(connection)
            raise

    def _lost(self, connection: Wire) -> None:
        self._connection = None
        with suppress(Exception):
            connection.drop()
