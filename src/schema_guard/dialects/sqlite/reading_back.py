"""Which stored values the application cannot read: SQLite keeps any value in any column, whatever its type.

Each different value goes through what SQLAlchemy does with it when it reads a row.
"""

from __future__ import annotations

from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.tokens import quoted_literal
from schema_guard.dialects.survey import Read
from schema_guard.dialects.violators import SAMPLE
from schema_guard.difference import RowsUnreadable
from schema_guard.errors import ReadError
from schema_guard.plan import Evidence
from schema_guard.schema import Column, Table

__all__ = ["can_be_read", "unreadable_rows"]


def unreadable_rows(difference: RowsUnreadable, live: Table, read: Read) -> Evidence:
    """How many rows hold such a value, and some of their keys."""
    column, table = quote(difference.column.name), quote(live.name)
    keys = live.primary_key.columns if live.primary_key else ()
    shown = ", ".join(quote(key) for key in keys) or "rowid"
    if live.without_rowid and not keys:
        shown = "*"
    query = f"SELECT {shown}, {column} FROM {table} WHERE {column} IS NOT NULL"
    by = f"GROUP BY typeof({column}), {column} COLLATE BINARY"
    try:
        values = read(f"SELECT {column}, count(*) FROM {table} WHERE {column} IS NOT NULL {by}")
        bad = [(value, int(str(count))) for value, count in values if not can_be_read(difference.column, value)]
        sample: list[str] = []
        for value, _ in bad[:SAMPLE]:
            found = read(
                f"SELECT {shown} FROM {table} WHERE {column} COLLATE BINARY IS {_literal(value)} LIMIT {SAMPLE}"
            )
            sample.extend(", ".join(str(part) for part in row) for row in found)
    except ReadError as error:
        return Evidence(None, query, exact=False, reason=error.message)
    if bad and len(keys) == 1:
        wanted = ", ".join(sorted({_literal(key) for key in sample[:SAMPLE]}))
        query = f"SELECT {shown}, {column} FROM {table} WHERE CAST({shown} AS TEXT) IN ({wanted})"
    return Evidence(sum(count for _, count in bad), query, tuple(sample[:SAMPLE]))


def can_be_read(column: Column, value: object) -> bool:
    """Whether the models' type makes something of it."""
    try:
        if column.reads is not None:
            column.reads(value)
    except Exception:  # whatever it is, the application meets it too
        return False
    return True


def _literal(value: object) -> str:
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    return quoted_literal(value) if isinstance(value, str) else repr(value)
