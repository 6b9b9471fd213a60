"""A column that a table and what inherits from it both lack: where it is added first, and where it comes by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from schema_guard.dialects.postgresql.fits import fit_of
from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.difference import ColumnMissing, Fit
from schema_guard.plan import Refusal, Step
from schema_guard.schema import Name, Relation

__all__ = ["above", "below", "comes_with", "is_null_below"]


def above(difference: ColumnMissing, context: Context) -> ColumnMissing | None:
    """The same column of the topmost table that this one inherits from, or is a partition of, where it is missing."""
    found = [each for each in _alike(difference, context) if difference.table.name in _children(each, context)]
    return max(found, key=lambda each: len(_children(each, context)), default=None)


def below(difference: ColumnMissing, context: Context) -> list[ColumnMissing]:
    """The same column of the tables that inherit from this one."""
    children = _children(difference, context)
    return [each for each in _alike(difference, context) if each.table.name in children]


def _alike(difference: ColumnMissing, context: Context) -> Iterator[ColumnMissing]:
    for each in context.differences:
        if isinstance(each, ColumnMissing) and each.column.name == difference.column.name:
            yield each


def _children(difference: ColumnMissing, context: Context) -> Sequence[Name]:
    live = context.live(difference.table)
    return live.children if live is not None else ()


def comes_with(
    difference: ColumnMissing, top: ColumnMissing, repair: Callable[[ColumnMissing, Context], Repairs], context: Context
) -> Repairs | None:
    """What becomes of a column that the table above lacks as well; None where it is added here first, and PostgreSQL
    merges the two when it is added there (manual, 5.11)."""
    wanted, given = difference.column, top.column
    fit = fit_of(wanted.type, given.type)
    if fit in (Fit.INCOMPATIBLE, Fit.NARROWER, Fit.NARROWER_REWRITE):
        parent, name = context.quote(top.table.name), context.quote(wanted.name)
        reason = f"it is inherited from {context.told(parent)}, for which the models say {given.type}"
        advice = f"ALTER TABLE {parent} ADD COLUMN {name} {wanted.type};"
        return [Refusal(difference, f"{reason}: correct the models", (advice,))]
    if fit is Fit.SAME and context.shape(top.table).relation is not Relation.PARTITIONED:
        return None
    repairs = repair(top, context)
    steps = [
        replace(each, resolves=(difference.key,), answers=(difference,)) for each in repairs if isinstance(each, Step)
    ]
    return [*steps] or [replace(each, difference=difference) for each in repairs if isinstance(each, Refusal)]


def is_null_below(difference: ColumnMissing, context: Context) -> bool:
    """Whether the models write NULL into a column that would inherit the NOT NULL."""
    return not difference.column.nullable and any(each.column.nullable for each in below(difference, context))
