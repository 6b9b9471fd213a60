"""Quoting: the one place where a name becomes SQL."""

from __future__ import annotations

from schema_guard.dialects.sqlite.tokens import is_bare_name, quoted_literal
from schema_guard.names import Name, in_quotes

__all__ = ["catalog", "pragma", "quote"]

_WORDS = """
add after all alter always analyze and as asc attach autoincrement before begin between by cascade case cast
check collate column commit conflict constraint create cross current_date current_time current_timestamp
database default deferrable deferred delete desc detach distinct do drop each else end escape except exclude
exclusive exists explain fail false filter first following for foreign from full generated glob group groups
having if ignore immediate in index indexed initially inner insert instead intersect into is isnull join key
last left like limit match materialized natural not nothing notnull null nulls of offset on or order others
outer over partition plan pragma preceding primary query raise range references reindex rename replace
restrict returning right rollback row rowid rows select set table temp temporary then ties to transaction
trigger true unbounded union unique update using vacuum values view virtual when where window within without
"""
"""What SQLAlchemy quotes and what https://sqlite.org/lang_keywords.html has beyond it; rowid, so that it is a name."""
_RESERVED = frozenset(_WORDS.split())


def quote(name: Name | str) -> str:
    """The name, quoted where needed; a table's with the database that it is in, where it is not the main one."""
    if isinstance(name, Name):
        return f"{quote(name.schema)}.{quote(name.name)}" if name.schema else quote(name.name)
    if is_bare_name(name) and name not in _RESERVED:
        return name
    return in_quotes(name)


def catalog(schema: str | None) -> str:
    """The table of a database that lists its objects (https://sqlite.org/schematab.html)."""
    return f"{quote(schema)}.sqlite_master" if schema else "sqlite_master"


def pragma(function: str, argument: str, schema: str | None) -> str:
    """A table-valued PRAGMA function (https://sqlite.org/pragma.html#pragfunc)."""
    database = f", {quoted_literal(schema)}" if schema else ""
    return f"pragma_{function}({quoted_literal(argument)}{database})"
