"""Which columns SQLite itself gives the key to, and which rows stand in the way of that.

Only a column declared INTEGER PRIMARY KEY, in these words, is an alias of the rowid
(https://sqlite.org/lang_createtable.html#rowid), and a rowid is an integer.
"""

from __future__ import annotations

from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.violators import Violators, rows_where
from schema_guard.difference import DefaultDiffers, IdentityDiffers
from schema_guard.schema import Column, Table

__all__ = ["gives_key", "no_rowid", "without_integer"]


def gives_key(differs: DefaultDiffers | IdentityDiffers) -> bool:
    """Whether the models leave the key to SQLite, and the table that is there does not give it."""
    column = differs.column
    asked = column.autoincrement or column.identity is not None
    return asked and not differs.actual.autoincrement


def without_integer(live: Table, column: str) -> Violators:
    """Rows whose value is no integer: text that looks like one, too, for it would become another value."""
    return rows_where(live, f"typeof({quote(column)}) <> 'integer'", quote)


def no_rowid(column: Column) -> str:
    """Why SQLite gives no value to a key that the models leave to it: their type is no rowid; empty where it is one."""
    declared = column.type.text
    if declared.upper() == "INTEGER":
        return ""
    return (
        f"SQLite gives keys only to INTEGER PRIMARY KEY, and the models say {declared}: map it as"
        " BigInteger().with_variant(Integer, 'sqlite'), or with autoincrement=False if the application gives the key"
    )
