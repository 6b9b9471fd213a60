"""Whether statements need a type that has a name of its own: not where other types stand for it in every column."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.dialects.judge import Judge
from schema_guard.difference import Fit
from schema_guard.schema import Column, Name, Schema, Table

__all__ = ["columns_of_type", "is_cast", "is_served"]


def is_served(name: Name, expected: Schema, actual: Schema, judge: Judge) -> bool:
    """Whether every column of the type is there with another type that takes its values, as text does the labels of an
    Enum where the driver sends them without a cast: then no statement needs the type."""
    found = [
        live is not None and there is not None and _takes(column, there, live, judge)
        for column, there, live in columns_of_type(name, expected, actual)
    ]
    return bool(found) and all(found)


def is_cast(name: Name, expected: Schema) -> bool:
    """Whether a flush of several new rows names it, whatever the column's own type is."""
    columns = (column for table in expected.tables for column in table.columns if column.cast_when_several)
    return any(Name(column.type.schema, column.type.name) == name for column in columns)


def columns_of_type(
    name: Name, expected: Schema, actual: Schema
) -> Iterator[tuple[Column, Column | None, Table | None]]:
    """The columns of this type, each with the live one and its table, as far as they are there."""
    for table in expected.tables:
        live = actual.table(table.name)
        for column in table.columns:
            if Name(column.type.schema, column.type.name) == name:
                yield column, live.column(column.name) if live is not None else None, live


def _takes(column: Column, there: Column, live: Table, judge: Judge) -> bool:
    same = (there.type.schema, there.type.name) == (column.type.schema, column.type.name)
    return not same and judge.fit(column, there, live) in (Fit.WIDER, Fit.OTHER)
