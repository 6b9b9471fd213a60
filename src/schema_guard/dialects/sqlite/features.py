"""What this SQLite can do and how the connection is set, found by asking; versions are not compared."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import cache

__all__ = ["FOREIGN_KEYS_ON", "LEGACY_ALTER_ON", "STRICT", "probe_features"]

FOREIGN_KEYS_ON = "foreign keys on"
"""The application's connections enforce foreign keys."""
LEGACY_ALTER_ON = "legacy alter table on"
STRICT = "strict"

_TRIED = {
    "drop column": ("CREATE TABLE t (a, b)", "ALTER TABLE t DROP COLUMN b"),
    "alter column set not null": ("CREATE TABLE t (a)", "ALTER TABLE t ALTER COLUMN a SET NOT NULL"),
    "add check": ("CREATE TABLE t (a)", "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)"),
    STRICT: ("CREATE TABLE t (a TEXT) STRICT",),
}


def probe_features(rows: Callable[[str], Sequence[tuple[object, ...]]]) -> frozenset[str]:
    """The library's abilities, tried out in memory, and the connection's settings.

    Args:
        rows: reads from the application's database.
    """
    found = {feature for feature, statements in _TRIED.items() if _works(statements)}
    if rows("SELECT foreign_keys FROM pragma_foreign_keys")[0][0]:
        found.add(FOREIGN_KEYS_ON)
    if _legacy_alter(rows):
        found.add(LEGACY_ALTER_ON)
    return frozenset(found)


def _legacy_alter(rows: Callable[[str], Sequence[tuple[object, ...]]]) -> bool:
    return any(bool(row[0]) for row in rows("PRAGMA legacy_alter_table"))


@cache
def _works(statements: tuple[str, ...]) -> bool:
    connection = sqlite3.connect(":memory:")
    try:
        for statement in statements:
            connection.execute(statement)
    except sqlite3.Error:
        return False
    finally:
        connection.close()
    return True
