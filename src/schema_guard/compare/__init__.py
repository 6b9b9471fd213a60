"""Pure comparison of what is expected with what is there: one file for each kind of object.

Nothing here talks to a database or knows a dialect. Pairs that cannot be decided cheaply are left in `Judge.open`.
"""

from __future__ import annotations

from schema_guard.compare.backfill import compare_backfills
from schema_guard.compare.distinct import distinguished
from schema_guard.compare.enum import compare_enums
from schema_guard.compare.join import compare_joins
from schema_guard.compare.named import compare_domains, compare_schemas, compare_sequences, missing_types
from schema_guard.compare.privilege import compare_privileges
from schema_guard.compare.problem import compare_problems
from schema_guard.compare.rename import compare_renames
from schema_guard.compare.table import compare_tables
from schema_guard.compare.temporary import behind_temporary
from schema_guard.dialects.judge import Judge
from schema_guard.difference import Difference
from schema_guard.plan import Policy
from schema_guard.schema import Schema

__all__ = ["compare"]


def compare(expected: Schema, actual: Schema, judge: Judge, policy: Policy) -> tuple[Difference, ...]:
    """Every difference between the two, in the order in which the models name their objects.

    While `judge.open` holds questions the answer is provisional: let the database answer them and compare again.
    """
    of_tables = tuple(compare_tables(expected, actual, judge, policy))
    if actual.temporary:
        of_tables = tuple(behind_temporary(of_tables, expected, actual, judge))
    return distinguished(
        *compare_problems(expected, actual, judge),
        *compare_schemas(expected, actual),
        *compare_enums(expected, actual, judge),
        *compare_domains(expected, actual, judge),
        *compare_sequences(expected, actual),
        *missing_types(expected, actual),
        *of_tables,
        *compare_joins(expected, actual, judge),
        *compare_renames(expected, actual, judge, of_tables),
        *compare_backfills(expected, actual),
        *compare_privileges(expected, actual),
    )
