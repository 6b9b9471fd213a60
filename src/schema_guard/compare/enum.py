"""Enum types and their values."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.compare.holder import type_holder
from schema_guard.compare.impact_words import casts_to
from schema_guard.dialects.base import Judge
from schema_guard.difference import EnumMissing, EnumValueMissing, EnumValueUnknown, Fit, Impact
from schema_guard.schema import Column, Enum, Name, Schema, Table, TypeKind

__all__ = ["compare_enums"]


def compare_enums(
    expected: Schema, actual: Schema, judge: Judge
) -> Iterator[EnumMissing | EnumValueMissing | EnumValueUnknown]:
    existing = {enum.name: enum for enum in actual.enums}
    for enum in expected.enums:
        live = existing.get(enum.name)
        if live is None and _stands_elsewhere(enum, expected, actual):
            continue  # what another type does to the columns is told of with them
        served = _is_served(enum, expected, actual, judge)
        doubt = f"not provable: {casts_to('it')}" if served and _is_cast(enum, expected) else ""
        if live is None:
            yield EnumMissing(
                enum=enum,
                holder=type_holder(actual, enum.name),
                impact=Impact.WEAKENS if served else Impact.BREAKS,
                effect=doubt or "no column can have this type",
            )
        else:
            yield from _values(enum, live, served, doubt)


def _stands_elsewhere(enum: Enum, expected: Schema, actual: Schema) -> bool:
    """Whether every column of the enum is there with another enum: a new type would serve none of them.

    SQLAlchemy 2.1 lets an Enum take the schema of its MetaData, where 2.0 made it in the search_path's first.
    """
    found = [there is not None and there.type.kind is TypeKind.ENUM for _, there, _ in _columns(enum, expected, actual)]
    return bool(found) and all(found)


def _is_served(enum: Enum, expected: Schema, actual: Schema, judge: Judge) -> bool:
    """Whether every column of the enum is there with another type that takes its labels, as text does where the driver
    sends them without a cast: then no statement needs the enum."""
    found = [
        live is not None and there is not None and _takes(column, there, live, judge)
        for column, there, live in _columns(enum, expected, actual)
    ]
    return bool(found) and all(found)


def _is_cast(enum: Enum, expected: Schema) -> bool:
    """Whether a flush of several new rows names it, whatever the column's own type is."""
    columns = (column for table in expected.tables for column in table.columns if column.cast_when_several)
    return any(Name(column.type.schema, column.type.name) == enum.name for column in columns)


def _columns(enum: Enum, expected: Schema, actual: Schema) -> Iterator[tuple[Column, Column | None, Table | None]]:
    """The columns of this type, each with the live one and its table, as far as they are there."""
    for table in expected.tables:
        live = actual.table(table.name)
        for column in table.columns:
            if Name(column.type.schema, column.type.name) == enum.name:
                yield column, live.column(column.name) if live is not None else None, live


def _takes(column: Column, there: Column, live: Table, judge: Judge) -> bool:
    same = (there.type.schema, there.type.name) == (column.type.schema, column.type.name)
    return not same and judge.fit(column, there, live) in (Fit.WIDER, Fit.OTHER)


def _values(enum: Enum, live: Enum, served: bool, doubt: str) -> Iterator[EnumValueMissing | EnumValueUnknown]:
    """Labels of the models that a live enum lacks, and the reverse. `doubt`: what still needs it where others don't."""
    present = set(live.values)
    unneeded = doubt or "no column has this type"
    for position, value in enumerate(enum.values):
        if value not in present:
            yield EnumValueMissing(
                enum=enum,
                actual=live,
                value=value,
                before=next((later for later in enum.values[position + 1 :] if later in present), None),
                impact=Impact.WEAKENS if served else Impact.BREAKS,
                effect=unneeded if served else f"writing and comparing with '{value}' fails",
            )
    for value in live.values:
        if value not in enum.values:
            yield EnumValueUnknown(
                enum=live, value=value, impact=Impact.NOTES, effect="a row that holds it cannot be loaded"
            )
