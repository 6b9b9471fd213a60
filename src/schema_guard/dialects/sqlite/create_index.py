"""CREATE INDEX, as SQLite writes it (https://sqlite.org/lang_createindex.html)."""

from __future__ import annotations

from schema_guard.dialects.sqlite.names import quote
from schema_guard.schema import Index, Name

__all__ = ["create_index"]


def create_index(index: Index, table: Name, *, unless_there: bool = False) -> str:
    """The statement: the database that the table is in stands before the index's name."""
    name = quote(Name(table.schema, index.name or ""))
    condition = "IF NOT EXISTS " if unless_there else ""
    return (
        f"CREATE {'UNIQUE ' if index.unique else ''}INDEX {condition}{name} ON {quote(table.name)} {index.definition}"
    )
