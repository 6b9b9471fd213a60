"""Declared upserts: which columns the application names in ON CONFLICT, so that a missing UNIQUE there breaks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Column
from sqlalchemy import Table as ModelTable

from schema_guard.errors import ConfigurationError
from schema_guard.schema import Name, Table
from schema_guard.sources.sqlalchemy.attributes import bare_column
from schema_guard.sources.sqlalchemy.writer import Writer

__all__ = ["Upsert", "upsert_of", "with_upserts"]


class Upsert:
    """Columns that an upsert of the application names in ON CONFLICT.

    Args:
        columns: mapped attributes or columns of one table.
        constraint: the name of the constraint on them, where the upsert names that: ON CONFLICT ON CONSTRAINT.

    Raises:
        ConfigurationError: when they are none, or of several tables.
    """

    def __init__(self, *columns: Any, constraint: str | None = None) -> None:
        found = [_column(column) for column in columns]
        tables = {column.table for column in found}
        if len(tables) != 1:
            raise ConfigurationError(f"an upsert names columns of exactly one table, not of {len(tables)}")
        table = tables.pop()
        if not isinstance(table, ModelTable):
            raise ConfigurationError(f"an upsert names columns of a table, not of {type(table).__name__}")
        self.table = table
        self.columns = tuple(column.name for column in found)
        self.constraint = constraint


def upsert_of(upsert: Any) -> Upsert:
    """An Upsert as it is; a column or a sequence of columns as one."""
    if isinstance(upsert, Upsert):
        return upsert
    if isinstance(upsert, (list, tuple)):
        return Upsert(*upsert)
    return Upsert(upsert)


def with_upserts(tables: Sequence[Table], upserts: Sequence[Upsert], writer: Writer) -> list[Table]:
    """The expected tables, each with the column sets that its upserts name."""
    if not upserts:
        return list(tables)
    named: dict[Name, list[tuple[str, ...]]] = {}
    constraints: dict[Name, list[tuple[str, tuple[str, ...]]]] = {}
    for upsert in upserts:
        columns = tuple(writer.words.identifier(column) for column in upsert.columns)
        table = writer.table_name(upsert.table)
        named.setdefault(table, []).append(columns)
        if upsert.constraint is not None:
            constraints.setdefault(table, []).append((writer.words.identifier(upsert.constraint), columns))
    return [
        replace(
            table,
            upserts=tuple(named.get(table.name, ())),
            named_upserts=tuple(constraints.get(table.name, ())),
        )
        for table in tables
    ]


def _column(item: Any) -> Column[Any]:
    column = bare_column(item)
    if not isinstance(column, Column):
        raise ConfigurationError(f"an upsert names columns, not {item!r}")
    return column
