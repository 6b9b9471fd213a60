"""Keys of indexes and of what is built on them, one beside the other."""

from __future__ import annotations

from schema_guard.dialects.judge import Judge
from schema_guard.dialects.terms import Verdict
from schema_guard.schema import IndexElement, Name, Table

__all__ = ["element_fits", "element_verdict", "is_at_least_unique", "tells_apart", "worst"]

_PLAIN_EQUALITY = frozenset({"text_pattern_ops", "varchar_pattern_ops", "bpchar_pattern_ops"})
"""Operator classes whose equality is that of the type's default one (PostgreSQL manual, 11.10)."""


def element_fits(wanted: IndexElement, there: IndexElement, live: Table, judge: Judge) -> bool:
    """All of a key that needs no expression; its order apart."""
    return (
        wanted.is_expression == there.is_expression
        and (wanted.is_expression or wanted.text == there.text)
        and _same_class(wanted, there)
        and _same_collation(wanted, there, live, judge)
    )


def _same_class(wanted: IndexElement, there: IndexElement) -> bool:
    """Models that name no class where the type has no default one cannot make the index: whoever did chose for them."""
    if wanted.operator_class is None and there.class_must_be_named:
        return True
    return wanted.operator_class in (there.operator_class, there.default_class or there.operator_class)


def _same_collation(wanted: IndexElement, there: IndexElement, live: Table, judge: Judge) -> bool:
    """A key's own collation may be the column's, named or not; an expression has it from where it may."""
    column = live.column(wanted.text) if not wanted.is_expression else None
    own = column.collation if column is not None else None
    if wanted.is_expression and wanted.collation is None:
        return True
    return judge.rules.default_collation(wanted.collation or own, there.collation or own)


def element_verdict(wanted: IndexElement, there: IndexElement, table: Name, judge: Judge) -> Verdict:
    if not wanted.is_expression:
        return Verdict.EQUAL
    return judge.expression(table, wanted.text, there.text)


def worst(verdicts: list[Verdict]) -> Verdict:
    """What several comparisons come to."""
    order = (Verdict.DIFFERENT, Verdict.NOT_COMPARABLE, Verdict.UNDECIDED)
    return next((verdict for verdict in order if verdict in verdicts), Verdict.EQUAL)


def tells_apart(element: IndexElement) -> bool:
    """Whether the key tells two values apart wherever the column does: no other collation or operator class."""
    return not element.is_expression and element.collation is None and _is_plain(element.operator_class)


def is_at_least_unique(element: IndexElement, live: Table) -> bool:
    """Whether what is one value to the column is one to the key: another collation may only bring values together."""
    column = live.column(element.text)
    own = column.collation if column is not None else None
    return (
        not element.is_expression and (element.collation is None or own is None) and _is_plain(element.operator_class)
    )


def _is_plain(operator_class: str | None) -> bool:
    return operator_class is None or operator_class in _PLAIN_EQUALITY
