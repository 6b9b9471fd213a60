"""What the server computes at each write for objects that the models don't know: index expressions, generated columns.

Where that raises an error, the write fails.
"""

from __future__ import annotations

import re

from schema_guard.compare.written import tried
from schema_guard.dialects.inquiry import Trial
from schema_guard.dialects.judge import Judge
from schema_guard.dialects.terms import Verdict
from schema_guard.difference import Impact
from schema_guard.schema import Check, Index, Schema, Table, TypeKind

__all__ = ["computed_by", "raises_for"]

_OWN_FUNCTION = re.compile(r"""((?:\w+|"(?:[^"]|"")+")\.(?:\w+|"(?:[^"]|"")+"))\s*\(""")
_ORDINARY = ("'a'", "'1'", "'{}'", "'2020-02-20'")
"""Literals, at least one of which most types take."""
_OF_SYSTEM = ("pg_catalog.", "information_schema.")


def computed_by(index: Index) -> str:
    """One expression that computes what the index does for a row; empty where it computes nothing."""
    expressions = [element.text for element in index.elements if element.is_expression]
    if index.where is None:
        return " AND ".join(_valued(each) for each in expressions)
    values = " AND ".join(_valued(each) for each in expressions) or "true"
    return f"CASE WHEN {index.where} THEN {values} END"


def _valued(expression: str) -> str:
    return f"(({expression}) IS NULL) IS NOT NULL"


def _works_for_some(expression: str, live: Table, judge: Judge) -> bool:
    """Whether it has a value for any ordinary value of the one column that it reads."""
    found = judge.rules.conditions(f"({_valued(expression)})", [column.name for column in live.columns])
    names = {name for condition in found for name in condition.columns}
    column = live.column(next(iter(names))) if len(names) == 1 else None
    if column is None or column.type.kind is not TypeKind.BASE:
        return False
    trials = [
        Trial(live.name, column.name, value, column.type.text, condition.text, (), column.collation)
        for condition in found
        for value in _ORDINARY
    ]
    return any(judge.trial(trial) is Verdict.EQUAL for trial in trials)


def raises_for(
    expression: str, table: Table, live: Table, expected: Schema, actual: Schema, judge: Judge
) -> tuple[Impact, str]:
    """Whether an error that computing it raises fails a write of the models, and which value they write there.

    A function that is not the system's may raise one for whatever it likes: where rows are there, it did not.
    """
    found = tried(Check(None, f"({_valued(expression)})"), table, live, expected, actual, judge)
    if found.raising:
        values = f"the default of {found.left_out}" if found.left_out else ", ".join(found.raising)
        effect = f"it raises an error for {values}"
        if live.facts.fillers:
            return Impact.WEAKENS, f"not provable: {effect}, unless {live.facts.filled_by} changes the value"
        return Impact.BREAKS, effect
    called = [name for name in _OWN_FUNCTION.findall(expression) if not name.startswith(_OF_SYSTEM)]
    if not called or found.harmless or not live.facts.empty or _works_for_some(expression, live, judge):
        return Impact.NOTES, ""
    return Impact.WEAKENS, f"not provable: {called[0]} may raise an error, and no row shows that it does not"
