"""What queries/catalog.sql is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from schema_guard.schema import Domain, Enum, IndexElement, Schema, Sequence, Table, TypeKind

__all__ = ["scope_of"]


def scope_of(expected: Schema, can_be: Callable[[str], bool] = bool) -> dict[str, list[Any]]:
    """What the catalog query has to be told about the expectation; `can_be` says which names the server can hold."""
    named: tuple[Enum | Domain | Sequence | Table, ...] = (
        *expected.enums,
        *expected.domains,
        *expected.sequences,
        *expected.tables,
    )
    names: set[str] = {item.name.name for item in named}
    schemas = {item.name.schema for item in named} | {*expected.schemas}
    for table in expected.tables:
        key = (table.primary_key.name if table.primary_key else None,)
        own = (*(item.name for item in table.uniques), *(item.name for item in table.indexes))
        names.update(name for name in (*key, *own, *(item.name for item in table.exclusions)) if name is not None)
    column_types = {column.type for table in expected.tables for column in table.columns}
    return {
        "tables": sorted([table.name.schema, table.name.name] for table in _held(expected, can_be)),
        "known": sorted([name.schema, name.name] for name in expected.others_expected),
        "schemas": sorted(schema for schema in schemas if schema is not None and can_be(schema)),
        "names": sorted(filter(can_be, names)),
        "types": sorted({each.name for each in column_types if each.kind is TypeKind.UNKNOWN and can_be(each.name)}),
        "classes": sorted(filter(can_be, {element.operator_class or "" for element in _elements(expected)})),
    }


def _held(expected: Schema, can_be: Callable[[str], bool]) -> Iterator[Table]:
    return (table for table in expected.tables if table.name.schema and can_be(table.name.schema + table.name.name))


def _elements(expected: Schema) -> Iterator[IndexElement]:
    return (element for table in expected.tables for index in table.indexes for element in index.elements)
