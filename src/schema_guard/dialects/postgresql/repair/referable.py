"""What a foreign key may refer to: columns that a primary key, a UNIQUE constraint or a unique index tells apart."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.dialects.postgresql.repair.context import Context
from schema_guard.need import Kind, Need
from schema_guard.schema import Table

__all__ = ["has_key", "standing"]


def standing(need: Need, context: Context) -> bool | None:
    """Whether the database has it; None where the differences tell."""
    if need.kind is not Kind.KEY or context.offline:
        return None
    table = context.actual.table(need.name)
    return None if table is None else has_key(table, need.columns)


def has_key(table: Table, columns: tuple[str, ...]) -> bool:
    """Whether the table has such a key, in whatever order of the columns (manual, 5.5.5; CREATE TABLE, REFERENCES)."""
    return any(frozenset(columns) == found for found in _keys(table))


def _keys(table: Table) -> Iterator[frozenset[str]]:
    if table.primary_key is not None:
        yield frozenset(table.primary_key.columns)
    for unique in table.uniques:
        if unique.valid and not unique.deferrable:
            yield frozenset(unique.columns)
    for index in table.indexes:
        if index.unique and index.valid and index.where is None and index.columns is not None:
            yield frozenset(index.columns)
