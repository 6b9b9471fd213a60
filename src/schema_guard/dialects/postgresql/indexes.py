"""From the catalog's vectors of numbers (pg_index) to an Index."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from schema_guard.dialects.postgresql.deparsed import without_relabels
from schema_guard.schema import Column, Index, IndexElement

__all__ = ["IndexRow", "index_of"]

_DESCENDING = 1
_NULLS_FIRST = 2
"""Bits of pg_index.indoption (catalog/pg_index.h: INDOPTION_DESC, INDOPTION_NULLS_FIRST)."""


class IndexRow(NamedTuple):
    """The fields of catalog.sql's kind 'indexes'."""

    table: int
    oid: int
    name: str
    method: str
    unique: bool
    nulls_not_distinct: bool
    valid: bool
    ready: bool
    keys: list[int]
    key_count: int
    options: list[int]
    predicate: str | None
    expressions: list[str] | None
    classes: list[tuple[str, bool, bool]] | None
    """Name, whether it is its type's default, and whether that has one; None where all are defaults that nothing
    names."""
    collations: list[str | None] | None
    parameters: list[str] | None


def index_of(row: IndexRow, columns: Mapping[int, Column], varchars: Collection[str]) -> Index:
    """The index; `columns` by their number in the table, `varchars` the names of the varchar ones."""
    expressions = iter(row.expressions or ())
    elements = [
        _element(row, position, next(expressions, "") if number == 0 else None, columns, varchars)
        for position, number in enumerate(row.keys[: row.key_count])
    ]
    return Index(
        name=row.name,
        elements=tuple(elements),
        unique=row.unique,
        where=without_relabels(row.predicate, varchars) if row.predicate is not None else None,
        include=tuple(columns[number].name for number in row.keys[row.key_count :] if number in columns),
        method=row.method,
        nulls_not_distinct=row.nulls_not_distinct,
        options=tuple(sorted(row.parameters or ())),
        valid=row.valid,
        ready=row.ready,
    )


def _element(
    row: IndexRow, position: int, expression: str | None, columns: Mapping[int, Column], varchars: Collection[str]
) -> IndexElement:
    column = columns.get(row.keys[position])
    option = row.options[position] if position < len(row.options) else 0
    name, is_default, has_default = row.classes[position] if row.classes else (None, True, True)
    return IndexElement(
        text=without_relabels(expression, varchars) if expression is not None else column.name if column else "",
        is_expression=expression is not None,
        descending=bool(option & _DESCENDING),
        nulls_first=bool(option & _NULLS_FIRST),
        operator_class=None if is_default else name,
        collation=_collation(row, position, column, columns),
        default_class=name if is_default else None,
        class_must_be_named=not has_default,
    )


def _collation(row: IndexRow, position: int, column: Column | None, columns: Mapping[int, Column]) -> str | None:
    """The key's collation where it is not the column's; an expression may have it from any column it reads."""
    collation = row.collations[position] if row.collations else None
    inherited = {column.collation} if column is not None else {each.collation for each in columns.values()}
    return None if collation in inherited else collation
