"""What a table and those that inherit from it both lack: where it is repaired first, and where it comes by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from schema_guard.dialects.postgresql.fits import fit_of
from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.difference import ColumnMissing, DefaultDiffers, Difference, Fit, NullabilityDiffers, TypeDiffers
from schema_guard.plan import Refusal, Step
from schema_guard.schema import Name, Relation

__all__ = ["above", "alter_table", "below", "comes_with", "is_null_below", "with_partitioned"]

Passed = TypeVar("Passed", ColumnMissing, DefaultDiffers, NullabilityDiffers, TypeDiffers)
"""What concerns a column that those below have, too."""


def alter_table(difference: Passed, context: Context) -> str:
    """ALTER TABLE and the name, for what is passed on to those that inherit from the table (manual, ALTER TABLE).

    What they have of their own is left alone, unless they are partitions, or the models ask the same of them.
    """
    live = context.shape(difference.table)
    passed_on = live.relation is Relation.PARTITIONED or bool(below(difference, context))
    only = "ONLY " if live.facts.children and not passed_on else ""
    return f"ALTER TABLE {only}{context.quote(difference.table.name)}"


def above(difference: Passed, context: Context) -> Passed | None:
    """The same of the topmost table that this one inherits from, or is a partition of."""
    found = [each for each in _alike(difference, context) if difference.table.name in _children(each, context)]
    return max(found, key=lambda each: len(_children(each, context)), default=None)


def below(difference: Passed, context: Context) -> list[Passed]:
    """The same of the tables that inherit from this one."""
    children = _children(difference, context)
    return [each for each in _alike(difference, context) if each.table.name in children]


def _alike(difference: Passed, context: Context) -> Iterator[Passed]:
    for each in context.differences:
        if isinstance(each, type(difference)) and each.column.name == difference.column.name:
            yield each


def _children(difference: Passed, context: Context) -> Sequence[Name]:
    live = context.live(difference.table)
    return live.facts.children if live is not None else ()


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
    return _as_repaired(difference, repair(top, context))


def with_partitioned(
    difference: Passed, repair: Callable[[Passed, Context], Repairs], context: Context
) -> Repairs | None:
    """What becomes of a partition's column whose partitioned table differs from the models in the same way: it follows.
    None of every other one."""
    top = above(difference, context)
    if top is None or context.shape(top.table).relation is not Relation.PARTITIONED:
        return None
    wanted, given = difference.column, top.column
    same = (wanted.default, wanted.autoincrement, wanted.nullable) == (
        given.default,
        given.autoincrement,
        given.nullable,
    )
    if not same or fit_of(wanted.type, given.type) is not Fit.SAME:
        return None
    return _as_repaired(difference, repair(top, context))


def _as_repaired(difference: Difference, repairs: Repairs) -> Repairs:
    """What repairs the one above repairs this one."""
    steps = [
        replace(each, resolves=(difference.key,), answers=(difference,)) for each in repairs if isinstance(each, Step)
    ]
    return [*steps] or [replace(each, difference=difference) for each in repairs if isinstance(each, Refusal)]


def is_null_below(difference: ColumnMissing, context: Context) -> bool:
    """Whether the models write NULL into a column that would inherit the NOT NULL."""
    return not difference.column.nullable and any(each.column.nullable for each in below(difference, context))
