"""Columns that the models don't know: an INSERT leaves them out, and the database has to give them a value."""

from __future__ import annotations

from dataclasses import replace

from schema_guard.compare.computed import raises_for
from schema_guard.compare.counter import gives_no_more
from schema_guard.compare.filled import unless_filled
from schema_guard.compare.impact_words import writers
from schema_guard.compare.written import domains_of, tried
from schema_guard.dialects.judge import Judge
from schema_guard.dialects.terms import Verdict
from schema_guard.difference import ColumnUnknown, Impact
from schema_guard.schema import Check, Column, Schema, Table

__all__ = ["default_raises", "unknown_column", "unless_replaced", "with_default_of_type"]


def unknown_column(
    table: Table, live: Table, column: Column, expected: Schema, actual: Schema, judge: Judge
) -> ColumnUnknown:
    """What becomes of an INSERT that leaves this live column out."""
    if column.generated is None and gives_no_more(column, actual):
        effect = f"INSERT of {writers(table)} fails: the models leave it out, and its sequence has no value left"
        return ColumnUnknown(table=table, column=column, at_end=True, impact=Impact.BREAKS, effect=effect)
    impact, effect = _judged(table, live, with_default_of_type(column, actual), expected, actual, judge)
    return ColumnUnknown(table=table, column=column, impact=impact, effect=effect)


def _judged(
    table: Table, live: Table, column: Column, expected: Schema, actual: Schema, judge: Judge
) -> tuple[Impact, str]:
    refuses_null = not column.nullable or column.value_domain_not_null
    if column.generated is not None:
        return _generated(table, live, column, expected, actual, judge, refuses_null=refuses_null)
    if column.default is not None and column.identity is None:
        return _default(table, live, column, actual, judge, refuses_null=refuses_null)
    if column.given_value or not refuses_null:
        return Impact.NOTES, ""
    return _null(table, live, column, judge)


def _generated(
    table: Table, live: Table, column: Column, expected: Schema, actual: Schema, judge: Judge, *, refuses_null: bool
) -> tuple[Impact, str]:
    assert column.generated is not None
    writes = f"INSERT and UPDATE of {writers(table)} fail"
    impact, effect = Impact.NOTES, ""
    # a virtual one is computed when it is read, and no query of the models reads it
    if column.generated.stored or refuses_null:
        impact, effect = raises_for(column.generated.expression, table, live, expected, actual, judge)
    if impact is not Impact.NOTES:
        return impact, f"{writes}: {effect}" if impact is Impact.BREAKS else effect
    if not refuses_null:
        return Impact.NOTES, ""
    computed = Check(None, f"({column.generated.expression}) IS NOT NULL")
    found = tried(computed, table, live, expected, actual, judge).refused
    if found and not live.facts.fillers:
        rows = f"{writes} for {', '.join(found)} in what it is computed from"
        return Impact.BREAKS, f"{rows} ({judge.errors.not_null_violation})"
    rows = f"{writes} where its expression gives NULL"
    return Impact.WEAKENS, f"not provable: {rows} ({judge.errors.not_null_violation})"


def _default(
    table: Table, live: Table, column: Column, actual: Schema, judge: Judge, *, refuses_null: bool
) -> tuple[Impact, str]:
    """It is computed before any trigger sees the row."""
    domains = domains_of(column, actual)
    below = column if not domains else Column(column.name, domains[-1].type, default=column.default)
    computed = default_raises(live, below, judge)
    if computed is Verdict.DIFFERENT:
        return unless_replaced(
            live, f"INSERT of {writers(table)} fails: the models leave it out, and its default raises an error"
        )
    if computed is Verdict.NOT_COMPARABLE:
        fails = f"INSERT of {writers(table)} fails where its default raises an error"
        return Impact.WEAKENS, f"not provable: {fails}: the models leave it out"
    given = default_raises(live, below, judge, refuses_null=True) if refuses_null else Verdict.EQUAL
    if given is Verdict.DIFFERENT:
        return _null(table, live, column, judge)
    if given is Verdict.NOT_COMPARABLE:
        fails = f"INSERT of {writers(table)} fails ({judge.errors.not_null_violation}) where its default gives NULL"
        return Impact.WEAKENS, f"not provable: {fails}: the models leave it out"
    return Impact.NOTES, ""


def with_default_of_type(column: Column, schema: Schema) -> Column:
    """A live column with what it gets when it is left out: without a default of its own, that of its domain."""
    if column.default is not None or not column.type_default:
        return column
    return replace(column, default=next((each.default for each in domains_of(column, schema) if each.default), None))


def default_raises(live: Table, column: Column, judge: Judge, *, refuses_null: bool = False) -> Verdict:
    """DIFFERENT where the default of a live column cannot be computed."""
    assert column.default is not None
    return judge.gives(live.name, column.name, column.default, column.type, refuses_null=refuses_null)


def unless_replaced(live: Table, effect: str) -> tuple[Impact, str]:
    """A default that raises an error fails the INSERT, unless a rule does something else in its place."""
    rules = [filler for filler in live.facts.fillers if filler.kind == "rule"]
    if rules:
        return Impact.WEAKENS, f"not provable: {effect}, unless the {rules[0]} stores the row without it"
    return Impact.BREAKS, effect


def _null(table: Table, live: Table, column: Column, judge: Judge) -> tuple[Impact, str]:
    effect = f"INSERT of {writers(table)} fails ({judge.errors.not_null_violation}): the models leave it out"
    if column.value_domain_not_null:  # a domain refuses NULL before any trigger sees the row
        return Impact.BREAKS, effect
    return unless_filled(live, effect)
