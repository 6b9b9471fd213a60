"""Every difference that a database could have to an expectation: what an emergency script has to be ready for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from schema_guard.difference import (
    BackfillPending,
    CheckMissing,
    CheckNotValidated,
    ColumnMissing,
    CommentDiffers,
    DefaultDiffers,
    Difference,
    DomainMissing,
    EnumMissing,
    EnumValueMissing,
    Fit,
    ForeignKeyMissing,
    ForeignKeyNotValidated,
    Impact,
    IndexInvalid,
    IndexMissing,
    NullabilityDiffers,
    PrimaryKeyDiffers,
    SchemaMissing,
    SequenceMissing,
    TableMissing,
    TypeDiffers,
    UniqueMissing,
)
from schema_guard.schema import Column, Enum, Relation, Schema, Table

__all__ = ["everything"]

_WIDENED = ("varchar", "character varying", "text", "numeric", "decimal")
"""Types that a narrower one can be turned into without a rewrite, wherever there is such a thing."""


def everything(expected: Schema) -> tuple[Difference, ...]:
    """All that repairs could be asked to fix, if nothing were known of the database.

    The live side of a difference is what it would be if only that were wrong, as far as something has to stand there.
    """
    return tuple(_everything(expected))


def _everything(expected: Schema) -> Iterator[Difference]:
    for name in expected.schemas:
        yield SchemaMissing(impact=Impact.BREAKS, name=name)
    for enum in expected.enums:
        yield from _of_enum(enum)
    for domain in expected.domains:
        yield DomainMissing(impact=Impact.BREAKS, domain=domain)
    for sequence in expected.sequences:
        yield SequenceMissing(impact=Impact.BREAKS, sequence=sequence)
    for table in expected.tables:
        if table.relation is Relation.VIEW:
            continue
        yield TableMissing(impact=Impact.BREAKS, table=table)
        for column in table.columns:
            yield from _of_column(table, column)
        yield from _of_constraints(table)
        yield from _of_comments(table)
    for fill in expected.fills:
        table_of = expected.table(fill.table)
        if table_of is not None:
            yield BackfillPending(impact=Impact.WEAKENS, table=table_of, fill=fill)


def _of_enum(enum: Enum) -> Iterator[Difference]:
    """From the last value to the first, each before the one that follows it, which is there by then."""
    yield EnumMissing(impact=Impact.BREAKS, enum=enum)
    following: str | None = None
    for value in reversed(enum.values):
        yield EnumValueMissing(
            impact=Impact.BREAKS, enum=enum, actual=replace(enum, values=()), value=value, before=following
        )
        following = value


def _of_column(table: Table, column: Column) -> Iterator[Difference]:
    yield ColumnMissing(impact=Impact.BREAKS, table=table, column=column)
    in_key = table.primary_key is not None and column.name in table.primary_key.columns
    if column.nullable and not in_key:
        yield NullabilityDiffers(
            impact=Impact.BREAKS, table=table, column=column, actual=replace(column, nullable=False)
        )
    elif not column.nullable and not in_key:
        actual = replace(column, nullable=True)
        yield NullabilityDiffers(impact=Impact.WEAKENS, table=table, column=column, actual=actual)
    if column.default is not None:
        actual = replace(column, default=None)
        yield DefaultDiffers(impact=Impact.WEAKENS, table=table, column=column, actual=actual)
    if column.type.name in _WIDENED and not column.type.dimensions:
        narrower = replace(column, type=replace(column.type, text="narrower"))
        yield TypeDiffers(impact=Impact.BREAKS, table=table, column=column, actual=narrower, fit=Fit.NARROWER)


def _of_constraints(table: Table) -> Iterator[Difference]:
    if table.primary_key is not None:
        yield PrimaryKeyDiffers(impact=Impact.WEAKENS, table=table, primary_key=table.primary_key, actual=None)
    for unique in table.uniques:
        yield UniqueMissing(impact=Impact.WEAKENS, table=table, unique=unique)
    for check in table.checks:
        yield CheckMissing(impact=Impact.WEAKENS, table=table, check=check)
        if check.name is not None:
            yield CheckNotValidated(impact=Impact.WEAKENS, table=table, check=check, actual=check)
    for key in table.foreign_keys:
        yield ForeignKeyMissing(impact=Impact.WEAKENS, table=table, foreign_key=key)
        if key.name is not None:
            yield ForeignKeyNotValidated(impact=Impact.WEAKENS, table=table, foreign_key=key, actual=key)
    for index in table.indexes:
        yield IndexInvalid(impact=Impact.WEAKENS, table=table, index=index, actual=index)
        yield IndexMissing(impact=Impact.WEAKENS, table=table, index=index)


def _of_comments(table: Table) -> Iterator[Difference]:
    if table.comment is not None:
        yield CommentDiffers(impact=Impact.NOTES, table=table)
    for column in table.columns:
        if column.comment is not None:
            yield CommentDiffers(impact=Impact.NOTES, table=table, column=column)
