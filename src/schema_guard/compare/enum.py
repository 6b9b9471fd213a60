"""Enum types and their values."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.compare.holder import type_holder
from schema_guard.compare.impact_words import casts_to
from schema_guard.compare.needed import columns_of_type, is_cast, is_served
from schema_guard.dialects.judge import Judge
from schema_guard.difference import EnumMissing, EnumValueMissing, EnumValueUnknown, Impact
from schema_guard.schema import Enum, Schema, TypeKind

__all__ = ["compare_enums"]


def compare_enums(
    expected: Schema, actual: Schema, judge: Judge
) -> Iterator[EnumMissing | EnumValueMissing | EnumValueUnknown]:
    existing = {enum.name: enum for enum in actual.enums}
    for enum in expected.enums:
        live = existing.get(enum.name)
        if live is None and _stands_elsewhere(enum, expected, actual):
            continue  # what another type does to the columns is told of with them
        served = is_served(enum.name, expected, actual, judge)
        doubt = f"not provable: {casts_to('it')}" if served and is_cast(enum.name, expected) else ""
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
    found = [
        there is not None and there.type.kind is TypeKind.ENUM
        for _, there, _ in columns_of_type(enum.name, expected, actual)
    ]
    return bool(found) and all(found)


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
