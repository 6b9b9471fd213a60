"""Columns whose default only the revisions know: the models expect none, and the database has none.

An apply, or `create_all()`, made such a column as the models want it. What is missing is nothing that the application
asks for, and no statement of SQLite could add it: that a default is missing says nothing against a revision there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schema_guard.chain.faults.early import in_sql
from schema_guard.chain.reading.pending import There
from schema_guard.chain.version_table import Read
from schema_guard.errors import GuardError
from schema_guard.names import in_quotes
from schema_guard.schema import Column, Schema, Table

__all__ = ["undefaulted"]


def undefaulted(states: Iterable[Schema], live: Schema, models: Schema, there: There, read: Read) -> frozenset[str]:
    """These columns, as the database names them, where each row has a value: ADD COLUMN .. DEFAULT would have filled
    them.

    Args:
        states: the schemas that revisions left in a replay.
        live: the database.
        models: what the models expect.
        there: names as revisions and models write them.
        read: sends a SELECT.
    """
    given = {key for schema in states for key, _, column in _columns(schema, there) if column.default is not None}
    free = {key for key, _, each in _columns(models, there) if each.default is None and not each.autoincrement}
    return frozenset(
        f"{table.name}.{column.name}"
        for key, table, column in _columns(live, there)
        if key in given & free and column.default is None and _filled(table, column, read)
    )


def _columns(schema: Schema, there: There) -> Iterator[tuple[str, Table, Column]]:
    for table in schema.tables:
        for column in table.columns:
            yield there.column(table.name, column.name), table, column


def _filled(table: Table, column: Column, read: Read) -> bool:
    """False where nobody can tell."""
    try:
        return not read(f"SELECT 1 FROM {in_sql(table.name)} WHERE {in_quotes(column.name)} IS NULL LIMIT 1")
    except GuardError:
        return False
