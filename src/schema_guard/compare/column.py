"""Columns: missing, unknown, and how the type, NULLability, default and the rest of a column differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from schema_guard.column import texts
from schema_guard.compare.call import compare_calls
from schema_guard.compare.conflict import compare_null_conflict
from schema_guard.compare.filled import unless_filled
from schema_guard.compare.impact_words import casts_to, writers
from schema_guard.compare.left_out import unknown_column
from schema_guard.compare.value import compare_value
from schema_guard.dialects.judge import Judge
from schema_guard.difference import (
    CollationDiffers,
    ColumnMissing,
    CommentDiffers,
    Difference,
    Fit,
    Impact,
    NotComparable,
    NullabilityDiffers,
    RowsUnreadable,
    TypeDiffers,
)
from schema_guard.names import in_quotes
from schema_guard.plan import Policy
from schema_guard.schema import Column, Name, Relation, Schema, Table, TypeKind, Write

__all__ = ["compare_columns", "compare_view_columns"]

_Found = TypeVar("_Found", bound=ColumnMissing | TypeDiffers | NotComparable | RowsUnreadable)

FIT_IMPACT = {
    Fit.WIDER: Impact.NOTES,
    Fit.NARROWER: Impact.BREAKS,
    Fit.NARROWER_REWRITE: Impact.BREAKS,
    Fit.OTHER: Impact.WEAKENS,
    Fit.INCOMPATIBLE: Impact.BREAKS,
}


def compare_columns(
    table: Table, live: Table, expected: Schema, schema: Schema, judge: Judge, policy: Policy
) -> Iterator[Difference]:
    existing = {column.name: column for column in live.columns}
    for column in table.columns:
        actual = existing.pop(column.name, None)
        if actual is None:
            if not live.facts.is_rowid(table.primary_key, column.name):
                yield _missing(table, column, judge)
            continue
        yield from map(_unless_unnamed, _type(table, live, column, actual, judge))
        yield from map(_unless_unnamed, _rows(table, live, column, actual, schema, judge))
        yield from _nullability(table, live, column, actual, judge)
        yield from compare_null_conflict(table, column, actual, judge)
        yield from compare_value(table, live, column, actual, schema, judge)
        yield from compare_calls(table, column, expected, schema, judge)
        if not judge.rules.default_collation(column.collation, actual.collation):
            impact = Impact.WEAKENS if column.collation else Impact.NOTES
            yield CollationDiffers(
                table=table, column=column, actual=actual, impact=impact, effect="text compares and sorts differently"
            )
        if policy.comments and column.comment is not None and column.comment != actual.comment:
            yield CommentDiffers(table=table, column=column, actual=actual.comment, impact=Impact.NOTES)
    for column in table.unwritten:
        if column.name in existing:
            yield from _nullability(table, live, column, existing[column.name], judge)
    for unknown in (column for column in existing.values() if not table.knows(column.name)):
        yield unknown_column(table, live, unknown, expected, schema, judge)


def _rows(
    table: Table, live: Table, column: Column, actual: Column, schema: Schema, judge: Judge
) -> Iterator[RowsUnreadable]:
    """Rows with what the application cannot read, or neither update nor delete."""
    if column.reads is not None and judge.rules.may_hold_other_values(column, actual, live):
        yield _other_values(table, column, replace(actual, misread=False, no_utf8=False))  # its type says more
    elif actual.misread:
        yield _other_values(table, column, actual)
    else:
        yield from _unreadable(table, column, actual, schema, judge)
        yield from _unreadable_texts(table, column, actual, judge)
        yield from _of_unknown_class(table, column, actual, judge)
    yield from _not_found(table, column, actual, judge)
    yield from _without_value(table, column, actual)


def _unless_unnamed(found: _Found) -> _Found:
    """What no class maps may be named by other statements, or by none."""
    if isinstance(found, NotComparable) or not found.column.unnamed or found.impact is not Impact.BREAKS:
        return found
    return replace(
        found, impact=Impact.WEAKENS, effect=f"not provable: no class maps it; if it is named, {found.effect}"
    )


def compare_view_columns(table: Table, live: Table, judge: Judge) -> Iterator[Difference]:
    """A view has columns and types; everything else belongs to the tables behind it. A virtual table's columns may have
    no type, and every one of its names for the rowid is a column to statements."""
    existing = {column.name: column for column in live.columns}
    virtual = live.relation is Relation.VIRTUAL
    for column in table.columns:
        actual = existing.get(column.name)
        if actual is not None:
            if not (virtual and not str(actual.type)):
                yield from _type(table, live, column, actual, judge, written=False)
        elif not (virtual and column.name.lower() in live.facts.rowid_names):
            yield _missing(table, column, judge)


def _missing(table: Table, column: Column, judge: Judge) -> ColumnMissing:
    effect = f"SELECT and INSERT of {writers(table)} fail ({judge.errors.undefined_column})"
    return _unless_unnamed(ColumnMissing(table=table, column=column, impact=Impact.BREAKS, effect=effect))


def _type(
    table: Table, live: Table, column: Column, actual: Column, judge: Judge, *, written: bool = True
) -> Iterator[TypeDiffers | NotComparable]:
    fit = judge.fit(column, actual, live)
    if fit is Fit.SAME or column.type.kind is TypeKind.UNKNOWN:
        return
    if fit is Fit.UNKNOWN:
        yield NotComparable(
            subject=f"{table.name}.{column.name}",
            table=table,
            what="type",
            expected=str(column.type),
            actual=str(actual.type),
            reason="the server does not compare them",
            impact=Impact.NOTES,
        )
        return
    impact, effect = FIT_IMPACT[fit], judge.rules.type_mismatch_effect(column, actual, fit)
    if fit is Fit.OTHER and actual.type.kind is TypeKind.ENUM and column.cast_when_several:
        effect = f"not provable: {casts_to(str(column.type))}"
    if fit is Fit.OTHER and column.mutable and column.type.name == "json":
        impact, effect = Impact.BREAKS, f"SELECT of {writers(table)} fails (ValueError): {column.mutable} takes no text"
    if fit is Fit.OTHER and _finds_rows(table, column) and judge.rules.loses_values(column, actual):
        lost = "what was written comes back changed, and the row is not found by it"
        impact, effect = Impact.BREAKS, f"UPDATE of {writers(table)} fails: {lost}"
    if fit in (Fit.NARROWER, Fit.NARROWER_REWRITE):
        if not written:
            impact, effect = Impact.WEAKENS, f"not provable: where {writers(table)} is written through it, {effect}"
        elif column.generated is not None and actual.generated is None:
            impact, effect = Impact.WEAKENS, "the application never writes it, but what fills it may not fit"
        elif column.identity is not None and column.identity.always and actual.identity == column.identity:
            impact, effect = Impact.WEAKENS, f"INSERT of {writers(table)} fails once the values of its type are used up"
    yield TypeDiffers(table=table, column=column, actual=actual, fit=fit, impact=impact, effect=effect)


def _finds_rows(table: Table, column: Column) -> bool:
    """Whether the ORM compares it with the value that it wrote or read, to update the row."""
    key = table.primary_key is not None and column.name in table.primary_key.columns
    return bool(column.mapped_by) and (key or column.counts_versions)


def _other_values(table: Table, column: Column, actual: Column) -> RowsUnreadable:
    effect = f"SELECT of {writers(table)} fails where one of these rows is read"
    if column.read_by_own_code:
        impact, effect = Impact.WEAKENS, f"not provable: {effect}: the application's own type gets no bytes there"
    else:
        impact, effect = _unless_decoded(actual, effect)
    return RowsUnreadable(table=table, column=column, actual=actual, impact=impact, effect=effect)


def _unless_decoded(actual: Column, effect: str) -> tuple[Impact, str]:
    """A break; or a doubt, where the application's connections may return a text that is not UTF-8."""
    if actual.perhaps_decoded:
        return Impact.WEAKENS, f"not provable: {effect}, unless the application sets text_factory"
    return Impact.BREAKS, effect


def _unreadable(table: Table, column: Column, actual: Column, schema: Schema, judge: Judge) -> Iterator[RowsUnreadable]:
    """Rows with labels that the column's Enum lacks: where the live type lets some be stored, and is not the expected
    one or has more of them. Of text that the models ask for themselves only where some were seen."""
    if not column.labels or bool(column.type.dimensions) != bool(actual.type.dimensions):
        return
    live = next((enum for enum in schema.enums if enum.name == Name(actual.type.schema, actual.type.name)), None)
    if live is not None or actual.others:
        held = live.values if live is not None else actual.others
        known = texts(column.labels)
        if all(value in known or _is_read(column, value) for value in held):
            return
    elif column.type.kind is not TypeKind.ENUM:
        return
    impact, effect = _unless_decoded(actual, f"loading these rows of {writers(table)} fails (LookupError)")
    yield RowsUnreadable(
        table=table,
        column=column,
        actual=actual,
        condition=judge.rules.other_labels(actual, column.labels, bool(column.type.dimensions)),
        impact=impact,
        effect=effect,
    )


def _unreadable_texts(table: Table, column: Column, actual: Column, judge: Judge) -> Iterator[RowsUnreadable]:
    """Where some were seen."""
    condition = judge.rules.unreadable(column, actual, in_quotes(column.name)) if actual.others else ""
    if condition:
        effect = f"loading these rows of {writers(table)} fails (ValueError)"
        yield RowsUnreadable(
            table=table, column=column, actual=actual, condition=condition, impact=Impact.BREAKS, effect=effect
        )


def _of_unknown_class(table: Table, column: Column, actual: Column, judge: Judge) -> Iterator[RowsUnreadable]:
    """Rows whose discriminator is the identity of no mapped class. What an Enum does not list cannot even be read."""
    readable = [value for value in actual.others if not column.labels or value in texts(column.labels)]
    if not column.classes or texts(column.classes).issuperset(readable):
        return
    condition = judge.rules.other_labels(actual, column.classes, array=False)
    if column.labels:
        condition += f" AND NOT ({judge.rules.other_labels(actual, column.labels, array=False)})"
    unless = "unless a module that was not imported has their class"
    yield RowsUnreadable(
        table=table,
        column=column,
        actual=actual,
        condition=condition,
        unknown_class=True,
        impact=Impact.WEAKENS,
        effect=f"not provable: loading these rows of {writers(table)} fails, {unless}",
    )


def _is_read(column: Column, value: str) -> bool:
    """Whether the application's own kind of Enum makes something of a value that it does not list."""
    if column.reads is None or column.type.dimensions:
        return False
    try:
        column.reads(value)
    except Exception:  # whatever it is, the application meets it too
        return False
    return True


def _not_found(table: Table, column: Column, actual: Column, judge: Judge) -> Iterator[RowsUnreadable]:
    """Rows whose values are loaded, and not found again: the ORM updates a row by its key."""
    condition = judge.rules.written_otherwise(column, actual)
    if not condition:
        return
    key = table.primary_key is not None and column.name in table.primary_key.columns
    effect = "no query by the value finds these rows"
    if column.type.text.upper() == "BOOLEAN":
        effect = f"each is read as True, and {effect}"
    if key:
        effect = f"UPDATE of one of these rows of {writers(table)} fails: it is not found by its key (StaleDataError)"
    impact = Impact.BREAKS if key else Impact.WEAKENS
    yield RowsUnreadable(
        table=table, column=column, actual=actual, condition=condition, otherwise=True, impact=impact, effect=effect
    )


def _without_value(table: Table, column: Column, actual: Column) -> Iterator[RowsUnreadable]:
    """Rows that the ORM cannot make an instance of, or neither update nor delete. Where the models let NULL be stored,
    only if some were seen."""
    if not column.needs_value or not actual.nullable or (column.nullable and not actual.holds_null):
        return
    effect = f"loading these rows of {writers(table)} fails"
    if not column.names_the_class:
        effect = f"UPDATE and DELETE of one of these rows of {writers(table)} fail"
    yield RowsUnreadable(
        table=table,
        column=column,
        actual=actual,
        condition=f"{in_quotes(column.name)} IS NULL",
        of_no_class=column.names_the_class,
        of_no_version=not column.names_the_class,
        impact=Impact.BREAKS,
        effect=f"{effect} (InvalidRequestError)",
    )


def _nullability(
    table: Table, live: Table, column: Column, actual: Column, judge: Judge
) -> Iterator[NullabilityDiffers]:
    if (column.generated is None) != (actual.generated is None):
        return  # that the one is generated and the other not says more
    refuses_null = not actual.nullable or actual.value_domain_not_null
    if column.nullable and refuses_null:
        if judge.rules.explicit_null_gets_value(table, actual):
            return
        effect = f"{_null_is_written(table, column)} ({judge.errors.not_null_violation})"
        impact = Impact.BREAKS
        if actual.null_replaced:
            impact, effect = Impact.WEAKENS, f"{writers(table)} writes NULL, and the default is stored"
        elif actual.null_conflict == "IGNORE":
            effect = f"{writers(table)} writes NULL, and the row is left out (ON CONFLICT IGNORE)"
        elif not actual.value_domain_not_null:  # a domain refuses NULL before any trigger sees the row
            impact, effect = unless_filled(live, effect)
            if impact is Impact.WEAKENS and not any(filler.update for filler in live.facts.fillers):
                effect += "; an UPDATE that sets it to NULL fails"
        yield NullabilityDiffers(table=table, column=column, actual=actual, impact=impact, effect=effect)
    elif not column.nullable and (not refuses_null or not actual.validated):
        yield NullabilityDiffers(
            table=table,
            column=column,
            actual=actual,
            impact=Impact.WEAKENS,
            effect=f"{writers(table)} may be loaded with None where the models promise a value",
        )


def _null_is_written(table: Table, column: Column) -> str:
    if column.generated is not None:
        return f"INSERT and UPDATE of {writers(table)} fail where its expression gives NULL"
    if column.write is Write.NULL:
        return f"INSERT {writers(table)} without it fails"
    return f"writing NULL to it in {writers(table)} fails"
