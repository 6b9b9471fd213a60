"""Whether a SQLite file is locked by another connection of this same process: then no further attempt acquires it.

A server says whom a session waits for while it waits. A file tells nobody, so the process looks at itself.
"""

from __future__ import annotations

import gc
import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.engine import ExceptionContext

__all__ = ["mark_own", "waits_for_itself"]

_MARK = "schema_guard_waits_for_itself"


def waits_for_itself(error: BaseException) -> bool:
    """Whether `mark_own` found that of the error."""
    return getattr(error, _MARK, False)


def mark_own(context: ExceptionContext) -> None:
    """A listener of `handle_error`: looks while the connections are still as they were when the statement failed."""
    error = context.original_exception
    if not isinstance(error, sqlite3.OperationalError) or "locked" not in str(error):
        return
    failing = _driver_connection(context.connection)
    files = {file for other in _open_ones(failing) for file in _files_of(other)}
    if files & set(_files_of(failing)) and not _held_by_others(files):
        setattr(error, _MARK, True)


def _driver_connection(connection: Any) -> sqlite3.Connection | None:
    held = getattr(getattr(connection, "connection", None), "driver_connection", None)
    found = getattr(held, "_conn", held)  # aiosqlite keeps it there
    return found if isinstance(found, sqlite3.Connection) else None


def _open_ones(failing: sqlite3.Connection | None) -> Iterator[sqlite3.Connection]:
    """Connections that have begun a transaction and not ended it, however they were made."""
    for found in gc.get_objects():
        if isinstance(found, sqlite3.Connection) and found is not failing:
            with suppress(sqlite3.ProgrammingError):  # it is closed
                if found.in_transaction:
                    yield found


def _files_of(connection: sqlite3.Connection | None) -> list[str]:
    if connection is None:
        return []
    try:
        return [row[2] for row in connection.execute("PRAGMA database_list") if row[2]]
    except sqlite3.Error:  # it belongs to another thread, or is busy
        return []


def _held_by_others(files: set[str]) -> bool:
    """Whether another process has a lock on one of them, as far as the system tells (proc(5), /proc/locks)."""
    numbers = set()
    for file in files:
        for part in (file, f"{file}-shm"):
            with suppress(OSError):
                numbers.add(Path(part).stat().st_ino)
    try:
        lines = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    except OSError:
        return False
    # "1: POSIX ADVISORY WRITE 4711 08:01:123456 1073741824 1073742335"; one that waits has an arrow in front
    held = ((words[4], words[5].rpartition(":")[2]) for words in lines if len(words) > 5 and words[1] == "POSIX")
    return any(inode.isdigit() and int(inode) in numbers and pid != str(os.getpid()) for pid, inode in held)
