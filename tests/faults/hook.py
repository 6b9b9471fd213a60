"""Counts what a guard sends, below SQLAlchemy, and makes something happen at the n-th statement. For child processes.

| fault | what happens |
|---|---|
| after | SIGKILL to this process as soon as the n-th statement has ended |
| during | SIGKILL while the n-th statement runs: PostgreSQL has it and goes on; SQLite has run a part of it |
| server | SIGQUIT to the server while the n-th statement is with it; this process lives on |
| crash | SIGKILL to the server's main process, likewise |
| backend | SIGKILL to the server process of this connection, as the system does when memory runs out |
"""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import psycopg

__all__ = ["Fault", "install"]

T = TypeVar("T")

STEPS_OF_SQLITE = 60
"""Instructions of SQLite's virtual machine before the kill: a few rows into a copy, before the end of most DDL."""
_SIGNALS = {"server": signal.SIGQUIT, "crash": signal.SIGKILL}
_execute = psycopg.Cursor.execute
_connect = sqlite3.connect


class Fault:
    """What happens when.

    Args:
        log: a file that gets every statement, ended by a zero byte, before it is sent.
        at: the number of the statement, from 1; 0 is never.
        how: see above.
        postmaster: the process id of the server, for `server` and `crash`.
    """

    def __init__(self, log: str, at: int = 0, how: str = "after", postmaster: int = 0) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.at = at
        self.how = how
        self.postmaster = postmaster
        self.count = 0

    def begins(self, sql: str) -> bool:
        """Count one statement; whether it is the one."""
        os.write(self._log, sql.encode() + b"\0")
        self.count += 1
        return self.count == self.at


def install(fault: Fault) -> None:
    """Count from now on what this process sends through psycopg and sqlite3."""

    def execute(cursor: psycopg.Cursor[Any], query: Any, *arguments: Any, **options: Any) -> psycopg.Cursor[Any]:
        text = query if isinstance(query, str) else str(query)
        if not fault.begins(text):
            return _execute(cursor, query, *arguments, **options)
        if fault.how != "after":
            _with_the_server(cursor, text, fault)
        try:
            return _execute(cursor, query, *arguments, **options)
        finally:  # a statement that the server rejects has ended too
            die()

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = cast(_Connection, _connect(*arguments, **{**options, "factory": _Connection}))
        connection.fault = fault
        return connection

    psycopg.Cursor.execute = execute  # type: ignore[assignment,method-assign]
    sqlite3.connect = connect  # type: ignore[assignment]
    sqlite3.dbapi2.connect = connect  # type: ignore[assignment]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _with_the_server(cursor: psycopg.Cursor[Any], sql: str, fault: Fault) -> None:
    """Send the statement; then end this process, or the server and read what comes of it. Does not return."""
    pgconn = cursor.connection.pgconn
    pgconn.nonblocking = 1
    pgconn.send_query(sql.encode())
    while pgconn.flush():
        time.sleep(0.001)
    if fault.how == "during":
        die()
    victim = pgconn.backend_pid if fault.how == "backend" else fault.postmaster
    os.kill(victim, _SIGNALS.get(fault.how, signal.SIGKILL))
    deadline = time.monotonic() + 10
    while _alive(victim) and time.monotonic() < deadline:
        time.sleep(0.01)
    while pgconn.get_result() is not None:
        pass
    if pgconn.status == psycopg.pq.ConnStatus.OK:  # it answered before it died: the next word finds it dead
        pgconn.exec_(b"SELECT 1")
    raise psycopg.OperationalError(pgconn.error_message.decode().strip() or "the connection is closed")


def _alive(pid: int) -> bool:
    """A killed process whose parent has not yet taken note is dead as well."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class _Cursor(sqlite3.Cursor):
    def execute(self, sql: str, *arguments: Any) -> Any:
        connection = cast(_Connection, self.connection)
        return connection.watched(sql, lambda: super(_Cursor, self).execute(sql, *arguments))


class _Connection(sqlite3.Connection):
    fault: Fault

    def watched(self, sql: str, call: Callable[[], T]) -> T:
        if not self.fault.begins(sql):
            return call()
        if self.fault.how == "during":
            self.set_progress_handler(die, STEPS_OF_SQLITE)
        try:
            return call()
        finally:
            die()

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(_Cursor)

    def backup(self, target: sqlite3.Connection, **options: Any) -> None:
        def copied(status: int, remaining: int, total: int) -> None:
            if self.fault.how == "during" and self.fault.count == self.fault.at:
                die()

        copy = super().backup
        self.watched(".backup", lambda: copy(target, **{**options, "pages": 1, "progress": copied}))
