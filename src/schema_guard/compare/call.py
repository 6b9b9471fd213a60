"""Functions that the application's own statements call: `default=func.x()`, `onupdate=func.x()`."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.compare.impact_words import writers
from schema_guard.dialects.base import Judge
from schema_guard.dialects.inquiry import Verdict
from schema_guard.difference import FunctionMissing, Impact
from schema_guard.schema import Column, Table

__all__ = ["compare_calls"]


def compare_calls(table: Table, column: Column, judge: Judge) -> Iterator[FunctionMissing]:
    for call in column.calls:
        verdict = judge.known(table.name, call.expression)
        if verdict in (Verdict.DIFFERENT, Verdict.NOT_COMPARABLE):
            impact, effect = Impact.BREAKS, f"{call.statement} of {writers(table)} fails"
            effect = f"{effect} ({judge.errors.undefined_function})"
            if verdict is Verdict.NOT_COMPARABLE:
                impact, effect = Impact.WEAKENS, f"not provable: {effect} unless the application registers the function"
            yield FunctionMissing(table=table, column=column, call=call, impact=impact, effect=effect)
