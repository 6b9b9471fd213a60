"""Whether a SQLite file is locked by another connection of this same process: then no further attempt acquires it.

A server says whom a session waits for while it waits. A file tells nobody, so the process looks at itself.
"""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.engine import ExceptionContext

__all__ = ["mark_own", "waits_for_itself"]

_PENDING, _RESERVED, _SHARED = 0x40000000, 0x40000001, 0x40000002
"""Bytes of the file that are locked (https://sqlite.org/lockingv3.html, and os.h)."""
_WAL_WRITE = 120
"""The byte of the file -shm that a writer locks in WAL mode (https://sqlite.org/walformat.html#wal_locks)."""
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
    if files & set(_files_of(failing)) and _held_to_write(files):
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


def _held_to_write(files: set[str]) -> bool:
    """Whether /proc/locks (proc(5)) shows that this process holds the lock that only one writer of a file has.

    A process that is not shown may be in another container, or on another host: it may end. Nothing is opened here:
    closing a file would release its locks.
    """
    try:
        own = Path("/proc/self").readlink().name
        lines = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    except OSError:
        return False
    # "1: POSIX ADVISORY WRITE 4711 08:01:123456 1073741825 1073741825"; one that waits has an arrow in front
    held = [words for words in lines if len(words) == 8 and words[1] == "POSIX" and words[3:5] == ["WRITE", own]]
    return any(_covers(held, file, _RESERVED) and not _waits_for_readers(held, file) for file in files) or any(
        _covers(held, f"{file}-shm", _WAL_WRITE) for file in files
    )


def _waits_for_readers(held: list[list[str]], file: str) -> bool:
    """Whether the writer has what it needs to wait for the end of those who read, and not yet what it waits for: it
    may be the connection that failed, and nothing shows whether a reader is of another process."""
    return _covers(held, file, _PENDING) and not _covers(held, file, _SHARED)


def _covers(held: list[list[str]], file: str, byte: int) -> bool:
    try:
        number = str(Path(file).stat().st_ino)
    except OSError:
        return False
    ours = (words for words in held if words[5].rpartition(":")[2] == number)
    return any(int(first) <= byte and (last == "EOF" or byte <= int(last)) for *_, first, last in ours)
