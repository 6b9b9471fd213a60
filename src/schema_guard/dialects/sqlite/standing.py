"""What of a file, its directory or its URL keeps anybody from writing the database, or from finding it again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from schema_guard.dialects.sqlite.location import Location

__all__ = ["keeps_from_writing", "warnings_of"]

_BESIDE = frozenset({"delete", "truncate", "persist"})
"""Journal modes with a file beside the database; WAL has another one, without which it cannot even be read."""


def keeps_from_writing(location: Location, journal: str, *, query_only: bool) -> str:
    """Why nothing can be written, as a warning; empty where it can.

    Args:
        location: the file.
        journal: the connection's journal_mode.
        query_only: the connection's.
    """
    if query_only:
        return "the application's engine sets PRAGMA query_only: what it writes fails; the guard changes nothing"
    if location.read_only and location.missing:
        return _no_room(location)
    if location.read_only:
        return "the database file is read-only, by its URL or for this user: what the application writes fails"
    if location.path is None or location.missing or journal not in _BESIDE:
        return ""
    return _no_room(location)


def _no_room(location: Location) -> str:
    """Why SQLite can put no file into the directory; empty where it can."""
    directory = Path(location.path or "").resolve().parent
    if os.access(directory, os.W_OK | os.X_OK):
        return ""
    what = "the file" if location.missing else "its journal"
    effect = "what the application writes fails"
    return f"this user may not write the directory {directory}, where SQLite puts {what}: {effect}"


def warnings_of(location: Location, why_not: str, *, by_url: bool) -> Iterator[str]:
    """`why_not`: from `keeps_from_writing`. `by_url`: the application has an engine of its own."""
    if why_not:
        yield why_not
    if location.path is None and by_url:
        yield (
            "the URL names a database in memory, of which every connection has an empty one of its own: nothing that "
            "is made here is there for the application. Use a file, sqlite:///app.db, or the application's engine"
        )
