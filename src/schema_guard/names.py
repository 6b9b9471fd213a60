"""The name of a thing in a database."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["HISTORY_TABLE", "OWN_TOOLS", "DefaultSchema", "Name", "in_quotes", "told"]

HISTORY_TABLE = "schema_guard_history"
"""What the guard writes its history to, where that was asked for; unknown to the models, and never reported."""
OWN_TOOLS = frozenset({"alembic_version", HISTORY_TABLE})
"""Tables of tools that are part of the same application: not worth a note."""


class DefaultSchema(str):
    """The schema that a name without one means on this connection. SQL writes it, sentences leave it out."""

    __slots__ = ()


class Name(NamedTuple):
    """The name of a table, type or sequence, unquoted.

    A `schema` of None is what the connection resolves by its search_path. After `Schema` was resolved against a
    database it is None only on SQLite's main database and in an offline script.
    """

    schema: str | None
    name: str

    def __str__(self) -> str:
        """As a sentence writes it; SQL takes the dialect's `quote`."""
        return f"{self.schema}.{self.name}" if self.schema and not isinstance(self.schema, DefaultSchema) else self.name


def in_quotes(name: str) -> str:
    """The name as every system takes it in an expression."""
    return '"' + name.replace('"', '""') + '"'


def told(schema: str, default: DefaultSchema | None) -> str:
    """The schema, known as the default one where it is that."""
    return default if default is not None and schema == default else schema
