"""Pure comparison of what is expected with what is there: one file for each kind of object.

Nothing here talks to a database or knows a dialect. Pairs that cannot be decided cheaply are left in `Judge.open`.
"""

from __future__ import annotations

from schema_guard.compare.backfill import compare_backfills
from schema_guard.compare.distinct import distinguished
from schema_guard.compare.enum import compare_enums
from schema_guard.compare.impact_words import casts_to, writers
from schema_guard.compare.named import compare_domains, compare_schemas, compare_sequences, missing_types
from schema_guard.compare.privilege import compare_privileges
from schema_guard.compare.rename import compare_renames
from schema_guard.compare.table import compare_tables
from schema_guard.compare.temporary import behind_temporary
from schema_guard.dialects.base import Judge
from schema_guard.difference import Difference, Impact, NotEmittable
from schema_guard.plan import Policy
from schema_guard.schema import Problem, Schema

__all__ = ["compare"]


def compare(expected: Schema, actual: Schema, judge: Judge, policy: Policy) -> tuple[Difference, ...]:
    """Every difference between the two, in the order in which the models name their objects.

    While `judge.open` holds questions the answer is provisional: let the database answer them and compare again.
    """
    of_tables = tuple(compare_tables(expected, actual, judge, policy))
    if actual.temporary:
        of_tables = tuple(behind_temporary(of_tables, expected, actual, judge))
    return distinguished(
        *(_not_emittable(problem, expected, actual, judge) for problem in expected.problems),
        *compare_schemas(expected, actual),
        *compare_enums(expected, actual, judge),
        *compare_domains(expected, actual),
        *compare_sequences(expected, actual),
        *missing_types(expected, actual),
        *of_tables,
        *compare_renames(expected, actual, judge, of_tables),
        *compare_backfills(expected, actual),
        *compare_privileges(expected, actual),
    )


def _not_emittable(problem: Problem, expected: Schema, actual: Schema, judge: Judge) -> NotEmittable:
    """What the models say of a column can be used without being written, where the column is there."""
    impact = Impact.BREAKS if problem.breaks else Impact.WEAKENS
    if problem.column is None:
        return NotEmittable(problem=problem, impact=impact)
    name, column = problem.column
    table, live = expected.table(name), actual.table(name)
    if table is None or live is None:
        return NotEmittable(problem=problem, impact=impact)
    if live.column(column) is None:
        effect = f"it is missing: SELECT and INSERT of {writers(table)} fail ({judge.errors.undefined_column})"
        return NotEmittable(problem=problem, impact=impact, effect=effect)
    if problem.always_fails:
        return NotEmittable(problem=problem, impact=impact, effect=problem.always_fails.replace("{}", writers(table)))
    effect = f"not provable: whether statements of {writers(table)} work with the column that is there"
    if any(each.name == column and each.cast_when_several for each in table.unwritten):
        effect += f"; {casts_to('the type')}"
    return NotEmittable(problem=problem, impact=Impact.WEAKENS, effect=effect)
