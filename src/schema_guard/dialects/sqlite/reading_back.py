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

__all__ = ["NO_LABEL", "UNDECODABLE", "can_be_read", "unreadable_rows"]

UNDECODABLE = "Could not decode to UTF-8"
"""How the sqlite3 module says that a stored text is no UTF-8, which it does not return."""
NO_LABEL = "bytes that are no UTF-8"
"""What stands for such a text among the labels that rows hold."""


def unreadable_rows(difference: RowsUnreadable, live: Table, read: Read) -> Evidence:
    """How many rows hold such a value, and some of their keys."""
    column, table = quote(difference.column.name), quote(live.name)
    keys = live.primary_key.columns if live.primary_key else ()
    shown = ", ".join(quote(key) for key in keys) or "rowid"
    if live.without_rowid and not keys:
        shown = "*"
    query = f"SELECT {shown}, {column} FROM {table} WHERE {column} IS NOT NULL"
    # The bytes of a text: the driver returns none that is no UTF-8.
    value = f"CASE typeof({column}) WHEN 'text' THEN CAST({column} AS BLOB) ELSE {column} END"
    by = f"GROUP BY typeof({column}), {column} COLLATE BINARY"
    try:
        ((encoding,),) = read("PRAGMA encoding")
        values = read(f"SELECT typeof({column}), {value}, count(*) FROM {table} WHERE {column} IS NOT NULL {by}")
        bad = [
            (_literal(stored, kind == "text"), int(str(count)))
            for kind, stored, count in values
            if not _reads(difference.column, stored, str(encoding) if kind == "text" else "")
        ]
        sample: list[str] = []
        for literal, _ in bad[:SAMPLE]:
            found = read(f"SELECT {shown} FROM {table} WHERE {column} COLLATE BINARY IS {literal} LIMIT {SAMPLE}")
            sample.extend(", ".join(str(part) for part in row) for row in found)
    except ReadError as error:
        return Evidence(None, query, exact=False, reason=error.message)
    if bad and len(keys) == 1:
        wanted = ", ".join(sorted({_literal(key) for key in sample[:SAMPLE]}))
        query = f"SELECT {shown}, {column} FROM {table} WHERE CAST({shown} AS TEXT) IN ({wanted})"
    return Evidence(sum(count for _, count in bad), query, tuple(sample[:SAMPLE]))


def _reads(column: Column, stored: object, encoding: str) -> bool:
    """Of a text these are its bytes."""
    if not (encoding and isinstance(stored, bytes)):
        return can_be_read(column, stored)
    try:
        return can_be_read(column, stored.decode(encoding))
    except UnicodeDecodeError:
        return False


def can_be_read(column: Column, value: object) -> bool:
    """Whether the models' type makes something of it."""
    try:
        if column.reads is not None:
            column.reads(value)
    except Exception:  # whatever it is, the application meets it too
        return False
    return True


def _literal(value: object, text: bool = False) -> str:
    """It as a literal of SQL; a text that a statement cannot hold by its bytes."""
    if isinstance(value, bytes):
        return f"CAST(x'{value.hex()}' AS TEXT)" if text else f"x'{value.hex()}'"
    if isinstance(value, str):
        return quoted_literal(value) if "\0" not in value else f"CAST(x'{value.encode().hex()}' AS TEXT)"
    return repr(value).replace("inf", "9e999")  # https://sqlite.org/faq.html
