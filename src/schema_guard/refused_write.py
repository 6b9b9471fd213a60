"""A statement on a table that the database cannot even prepare."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["RefusedWrite"]


class RefusedWrite(NamedTuple):
    """It fails whatever its values are."""

    verb: str
    """INSERT, UPDATE or DELETE."""
    message: str
    """In the database's words."""
    lacks: str = ""
    """What it names that is not there: "table", "column", "function"; "parent", a table, or "key", which a foreign key
    refers to; "number", one that AUTOINCREMENT could give; empty where only the message says it."""
    name: str = ""
    """Of that table or column, without its schema or table."""
    remedy: tuple[str, ...] = ()
    """The SQL after which it can be prepared; empty where no one statement is known to do it."""
    doubt: str = ""
    """What is not known of the application's own connections; empty where it fails on any."""
