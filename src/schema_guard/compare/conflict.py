"""ON CONFLICT of SQLite's constraints: what becomes of a row that violates one, and what the models say of that.

Without it the statement fails. Where the two sides differ it is not known whether such a row is ever written.
"""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.compare.impact_words import writers
from schema_guard.dialects.judge import Judge
from schema_guard.difference import Impact, ObjectUnknown
from schema_guard.schema import Column, Table

__all__ = ["compare_null_conflict", "ends_otherwise", "repeated", "without_conflict"]

_QUIET = frozenset({"IGNORE", "REPLACE", "ROLLBACK"})
"""With ABORT, the default, and with FAIL the application gets its error, and the transaction goes on."""
_NO_ERROR = frozenset({"IGNORE", "REPLACE"})


def ends_otherwise(conflict: str, wanted: str) -> bool:
    """Whether a row that violates the constraint ends otherwise than the models say."""
    return conflict != wanted and (conflict in _QUIET or wanted in _NO_ERROR)


def repeated(conflict: str, wanted: str, table: Table, judge: Judge) -> str:
    """What becomes of a row that repeats the values of a key."""
    does = {
        "REPLACE": "delete the row that holds the same values",
        "IGNORE": "leave out a row that repeats these values",
        "ROLLBACK": "roll back the whole transaction for a row that repeats these values",
    }.get(conflict, "fail for a row that repeats these values")
    return _effect(does, conflict, wanted, table, judge.errors.unique_violation)


def compare_null_conflict(table: Table, column: Column, actual: Column, judge: Judge) -> Iterator[ObjectUnknown]:
    """Of a NOT NULL on both sides. REPLACE without a default is ABORT (SQLite manual, ON CONFLICT)."""
    there = "" if actual.null_conflict == "REPLACE" and not actual.null_replaced else actual.null_conflict
    wanted = "" if column.null_conflict == "REPLACE" and column.default is None else column.null_conflict
    if column.nullable or actual.nullable or not ends_otherwise(there, wanted):
        return
    does = {
        "REPLACE": "store the default in place of NULL",
        "IGNORE": "leave out a row that holds NULL there",
        "ROLLBACK": "roll back the whole transaction for NULL",
    }.get(there, "fail for NULL")
    yield ObjectUnknown(
        table=table,
        kind="NOT NULL",
        name=column.name,
        definition=f"ON CONFLICT {there}" if there in _QUIET else without_conflict(there).strip(),
        impact=Impact.WEAKENS,
        effect=f"not provable: {_effect(does, there, wanted, table, judge.errors.not_null_violation)}",
    )


def without_conflict(conflict: str) -> str:
    """The end of a constraint's definition, where the models have one with ON CONFLICT."""
    return "" if conflict in _QUIET else " without ON CONFLICT"


def _effect(does: str, conflict: str, wanted: str, table: Table, error: str) -> str:
    why = f"ON CONFLICT {conflict}" if conflict in _QUIET else error
    said = f"; the models say ON CONFLICT {wanted}" if wanted in _QUIET else ""
    return f"INSERT and UPDATE of {writers(table)} {does} ({why}){said}"
