"""A statement on a table that the database cannot even prepare."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["RELATION", "UNANSWERED", "RefusedWrite"]

RELATION = "relation"
"""What it lacks where a view or a foreign table takes no such statement at all: the application may only read it."""

UNANSWERED = "answer"
"""What it lacks where a lock or a timeout kept the database from saying whether it can be prepared."""


class RefusedWrite(NamedTuple):
    """It fails whatever its values are."""

    verb: str
    """INSERT, UPDATE or DELETE; on PostgreSQL SELECT, too."""
    message: str
    """In the database's words."""
    lacks: str = ""
    """What it names that is not there: "table", "column", "function"; "parent", a table, or "key", which a foreign key
    refers to; "number", one that AUTOINCREMENT could give; RELATION; empty where only the message says it. On
    PostgreSQL "end", of policies or rules that refer to each other without end; "code", what a function names; "right",
    to what stands beneath a view or is read by a policy; "rows", of a materialized view beneath it."""
    name: str = ""
    """Of that table or column, without its schema or table."""
    remedy: tuple[str, ...] = ()
    """The SQL after which it can be prepared; empty where no one statement is known to do it."""
    doubt: str = ""
    """What is not known of the application's own connections; empty where it fails on any."""
