"""Quoting: the one place where a name becomes SQL."""

from __future__ import annotations

from sqlalchemy.dialects.sqlite.base import SQLiteIdentifierPreparer

from schema_guard.dialects.sqlite.tokens import is_bare_name, quoted_literal
from schema_guard.schema import Name

__all__ = ["catalog", "pragma", "quote"]

_RESERVED = frozenset(SQLiteIdentifierPreparer.reserved_words) | {
    *("always", "autoincrement", "do", "exclude", "filter", "first", "following", "generated", "groups", "last"),
    *("materialized", "nothing", "nulls", "others", "over", "partition", "preceding", "range", "returning", "rowid"),
    *("rows", "ties", "transaction", "unbounded", "window", "within", "without"),
}
"""SQLAlchemy's list and what https://sqlite.org/lang_keywords.html has beyond it; rowid, so that it is a name."""


def quote(name: Name | str) -> str:
    """The name, quoted where needed; a table's with the database that it is in, where it is not the main one."""
    if isinstance(name, Name):
        return f"{quote(name.schema)}.{quote(name.name)}" if name.schema else quote(name.name)
    if is_bare_name(name) and name not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def catalog(schema: str | None) -> str:
    """The table of a database that lists its objects (https://sqlite.org/schematab.html)."""
    return f"{quote(schema)}.sqlite_master" if schema else "sqlite_master"


def pragma(function: str, argument: str, schema: str | None) -> str:
    """A table-valued PRAGMA function (https://sqlite.org/pragma.html#pragfunc)."""
    database = f", {quoted_literal(schema)}" if schema else ""
    return f"pragma_{function}({quoted_literal(argument)}{database})"
