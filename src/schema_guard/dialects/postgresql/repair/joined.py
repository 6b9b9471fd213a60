"""Columns that a foreign key of the models joins: what compares them works before a type is changed, and after."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.column import Column
from schema_guard.dialects.postgresql.referring import comparable
from schema_guard.dialects.postgresql.repair.context import Context
from schema_guard.difference import TypeDiffers
from schema_guard.schema import Name

__all__ = ["parted_by"]


def parted_by(difference: TypeDiffers, context: Context) -> Iterator[tuple[Name, str, bool]]:
    """The columns, as table and name, that could be compared with this one and could not be any more, for their type is
    another one still; and whether this column refers to that one."""
    for table, name, refers in _partners(difference, context):
        other = _live(table, name, context)
        if other is None or (table, name) == (difference.table.name, difference.column.name):
            continue
        if comparable(difference.actual.type, other.type) and not comparable(difference.column.type, other.type):
            yield table, name, refers


def _partners(difference: TypeDiffers, context: Context) -> Iterator[tuple[Name, str, bool]]:
    own, column = difference.table.name, difference.column.name
    for table in context.expected.tables:
        for key in table.foreign_keys:
            for name, target in zip(key.columns, key.target_columns, strict=False):
                if (table.name, name) == (own, column):
                    yield key.target, target, True
                if (key.target, target) == (own, column):
                    yield table.name, name, False


def _live(table: Name, name: str, context: Context) -> Column | None:
    found = context.actual.table(table)
    return found.column(name) if found is not None else None
