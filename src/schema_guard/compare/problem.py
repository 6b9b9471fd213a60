"""What the models say and no database can be told, and what becomes of a column whose definition cannot be written."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.compare.impact_words import casts_to, writers
from schema_guard.dialects.judge import Judge
from schema_guard.difference import Impact, NotEmittable
from schema_guard.schema import Problem, Schema

__all__ = ["compare_problems"]


def compare_problems(expected: Schema, actual: Schema, judge: Judge) -> Iterator[NotEmittable]:
    """One for each problem of the models."""
    for problem in expected.problems:
        yield _not_emittable(problem, expected, actual, judge)


def _not_emittable(problem: Problem, expected: Schema, actual: Schema, judge: Judge) -> NotEmittable:
    """What the models say of a column can be used without being written, where the column is there."""
    impact = Impact.BREAKS if problem.breaks else Impact.WEAKENS
    if problem.column is None:
        return NotEmittable(problem=problem, impact=impact)
    name, column = problem.column
    table, live = expected.table(name), actual.table(name)
    if table is None or live is None:
        return NotEmittable(problem=problem, impact=impact)
    if live.column(column) is None and table.column(column) is None:
        effect = f"it is missing: SELECT and INSERT of {writers(table)} fail ({judge.errors.undefined_column})"
        return NotEmittable(problem=problem, impact=impact, effect=effect)
    if problem.always_fails:
        return NotEmittable(problem=problem, impact=impact, effect=problem.always_fails.replace("{}", writers(table)))
    effect = f"not provable: whether statements of {writers(table)} work with the column that is there"
    if any(each.name == column and each.cast_when_several for each in table.unwritten):
        effect += f"; {casts_to('the type')}"
    return NotEmittable(problem=problem, impact=Impact.WEAKENS, effect=effect)
