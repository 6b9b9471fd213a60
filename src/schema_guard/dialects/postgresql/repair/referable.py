"""What a foreign key may refer to: columns that a primary key, a UNIQUE constraint or a unique index tells apart."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.dialects.postgresql.repair.context import Context
from schema_guard.difference import TableMissing
from schema_guard.need import Kind, Need
from schema_guard.schema import Table

__all__ = ["constraint_keys", "deferrable_key", "has_key", "standing"]


def standing(need: Need, context: Context) -> bool | None:
    """Whether the database has it; None where the differences tell."""
    if context.offline:
        return None
    if need.name in context.actual.absent_tables:
        return False
    table = context.actual.table(need.name)
    if need.kind is Kind.COLUMN and table is not None:
        guarded = context.expected.table(need.name)  # of another column no difference tells
        told = guarded is not None and guarded.column(need.columns[0]) is not None
        return None if told or table.column(need.columns[0]) is not None else False
    if need.kind is not Kind.KEY:
        return None
    if table is None:
        missing = (other.table.name for other in context.differences if isinstance(other, TableMissing))
        return False if need.name in missing else None
    return has_key(table, need.columns)


def constraint_keys(table: Table) -> Iterator[frozenset[str]]:
    """The columns of each key that is a constraint."""
    if table.primary_key is not None and not table.primary_key.unusable:
        yield frozenset(table.primary_key.columns)
    for unique in table.uniques:
        if unique.valid and not unique.deferrable:
            yield frozenset(unique.columns)


def deferrable_key(table: Table, columns: tuple[str, ...]) -> str:
    """A key of these columns that no foreign key can refer to, in words; empty when there is none."""
    wanted, key = frozenset(columns), table.primary_key
    if key is not None and key.unusable and frozenset(key.columns) == wanted:
        return f"no foreign key can refer to the primary key of {table.name}: {key.unusable}"
    if any(unique.deferrable and frozenset(unique.columns) == wanted for unique in table.uniques):
        return f"no foreign key can refer to the UNIQUE constraint of {table.name}: it is DEFERRABLE"
    return ""


def has_key(table: Table, columns: tuple[str, ...]) -> bool:
    """Whether the table has such a key, in whatever order of the columns (manual, 5.5.5; CREATE TABLE, REFERENCES)."""
    return any(frozenset(columns) == found for found in _keys(table))


def _keys(table: Table) -> Iterator[frozenset[str]]:
    yield from constraint_keys(table)
    for index in table.indexes:
        if index.unique and index.valid and index.where is None and index.columns is not None:
            yield frozenset(index.columns)
