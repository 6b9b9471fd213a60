"""While env.py is only being described, the database's SQLite file stays as it is, whoever opens it."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

__all__ = ["KeptUnwrittenError", "keep_unwritten"]

_PATHS = {"open": 1, "os.remove": 1, "os.truncate": 1, "os.rename": 2}
"""Events of the interpreter, with how many of their arguments are paths."""
_BESIDE = ("", "-wal", "-shm", "-journal")
"""The endings of the files that belong to a database."""


class KeptUnwrittenError(PermissionError):
    """env.py writes, moves or removes the database's file."""


def keep_unwritten(file: str) -> None:
    """Who opens this file past every engine can only read; where it is not there, gets memory.

    Who writes, moves or removes it as a file gets a PermissionError.
    """
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    class Reading(sqlite3.Connection):
        def __init__(self, database: Any, *arguments: Any, **named: Any) -> None:
            database, named = _to_read(database, file, named)
            super().__init__(database, *arguments, **named)

    def reading(database: Any, *arguments: Any, **named: Any) -> sqlite3.Connection:
        database, named = _to_read(database, file, named)
        return connect(database, *arguments, **named)

    sqlite3.connect = sqlite3.dbapi2.connect = reading  # type: ignore[assignment]
    sqlite3.Connection = sqlite3.dbapi2.Connection = Reading  # type: ignore[misc]
    kept = {file + ending for ending in _BESIDE}

    def told(event: str, arguments: tuple[Any, ...]) -> None:
        paths = arguments[: _PATHS.get(event, 0)]
        if not paths or (event == "open" and not _writes(arguments[2])):
            return
        for path in paths:
            if isinstance(path, (str, bytes, os.PathLike)) and os.path.realpath(os.fsdecode(path)) in kept:
                raise KeptUnwrittenError(f"{os.fsdecode(path)} is only read while env.py is being described")

    sys.addaudithook(told)


def _to_read(database: Any, file: str, named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Where to connect instead, and with which arguments."""
    text = os.fsdecode(database) if isinstance(database, (str, bytes, os.PathLike)) else ""
    path = Path(unquote(urlsplit(text).path) if text.startswith("file:") else text)
    if not text or str(path.resolve()) != file:
        return database, named
    return f"file:{quote(file)}?mode=ro" if path.exists() else ":memory:", {**named, "uri": True}


def _writes(flags: Any) -> bool:
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
