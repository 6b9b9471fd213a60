"""Names as the models spell them: SQLite doesn't tell Users from users, comparing does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from schema_guard.dialects.sqlite.reader import key
from schema_guard.schema import Name, Schema, Table

__all__ = ["Spelling"]


class Spelling:
    """The expected names, found by what SQLite compares them by."""

    def __init__(self, expected: Schema, schema: str | None) -> None:
        tables = [table for table in expected.tables if table.name.schema == schema]
        self._schema = schema
        self._tables: Mapping[str, Table] = {key(table.name.name): table for table in tables}
        self._columns: dict[str, dict[str, str]] = {}

    def expects(self, table: str) -> bool:
        return key(table) in self._tables

    def table(self, name: str) -> Name:
        """The table's name as the models write it, or as it is when they don't know it."""
        table = self._tables.get(key(name))
        return table.name if table else Name(self._schema, name)

    def column(self, table: str, name: str) -> str:
        known = self._columns.get(table)
        if known is None:
            expected = self._tables.get(key(table))
            known = {key(column.name): column.name for column in expected.columns} if expected else {}
            self._columns[table] = known
        return known.get(key(name), name)

    def columns(self, table: str, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(self.column(table, name) for name in names)

    def comments(self, table: str) -> tuple[str | None, dict[str, str | None]]:
        """SQLite keeps no comments: those of the models stand for what is there, so that they never differ."""
        known = self._tables.get(key(table))
        if known is None:
            return None, {}
        return known.comment, {column.name: column.comment for column in known.columns}
