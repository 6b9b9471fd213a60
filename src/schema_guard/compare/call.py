"""Functions that the application's own statements call: `default=func.x()`, `onupdate=func.x()`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from schema_guard.compare.impact_words import writers
from schema_guard.dialects.judge import Judge
from schema_guard.dialects.terms import Verdict
from schema_guard.difference import FunctionMissing, Impact
from schema_guard.schema import Call, Column, Lack, Schema, Table

__all__ = ["compare_calls"]

_OF_SYSTEM = re.compile(r"(?<![\w$])(?:ctid|xmin|xmax|cmin|cmax|tableoid|oid|rowid|_rowid_)(?![\w$])", re.IGNORECASE)


def compare_calls(
    table: Table, column: Column, expected: Schema, actual: Schema, judge: Judge
) -> Iterator[FunctionMissing]:
    for call in column.calls:
        # Of what a SELECT reads the differences of the tables tell, but for a text in it; the function is named nowhere
        # else. The columns of the system, which such a text may name, are not asked.
        asked = [*Lack]
        if call.statement == "SELECT":
            asked = [Lack.FUNCTION] if _OF_SYSTEM.search(call.expression) else [Lack.FUNCTION, Lack.COLUMN]
        verdicts = {lack: judge.known(table.name, column, call, lack) for lack in asked}
        lack = next((lack for lack in asked if verdicts[lack] in (Verdict.DIFFERENT, Verdict.NOT_COMPARABLE)), None)
        if lack is None or _is_told(call, lack, expected, actual):
            continue
        impact, effect = _effect(f"{call.statement} of {writers(table)} fails", lack, verdicts[lack], actual, judge)
        yield FunctionMissing(table=table, column=column, call=call, lack=lack, impact=impact, effect=effect)


def _effect(fails: str, lack: Lack, verdict: Verdict, actual: Schema, judge: Judge) -> tuple[Impact, str]:
    if lack is Lack.PRIVILEGE:
        return Impact.WEAKENS, f"not provable: {fails} if the application connects as {actual.role}"
    words = {
        Lack.FUNCTION: judge.errors.undefined_function,
        Lack.RELATION: judge.errors.undefined_table,
        Lack.COLUMN: judge.errors.undefined_column,
        Lack.AGGREGATE: judge.errors.misused_aggregate,
        Lack.TYPE: judge.errors.wrong_type,
        Lack.AMBIGUOUS: judge.errors.ambiguous_function,
    }[lack]
    if verdict is Verdict.NOT_COMPARABLE:
        return Impact.WEAKENS, f"not provable: {fails} ({words}) unless the application registers the function"
    return Impact.BREAKS, f"{fails} ({words})"


def _is_told(call: Call, lack: Lack, expected: Schema, actual: Schema) -> bool:
    """Whether it may be something of the models that is missing: a difference of its own says it, and its repair ends
    this one."""
    names: Iterable[str] = ()
    if lack is Lack.RELATION:
        tables = (table.name for table in expected.tables if actual.table(table.name) is None)
        sequences = (each.name for each in expected.sequences if actual.sequence(each.name) is None)
        names = (name.name for names in (tables, sequences) for name in names)
    elif lack is Lack.COLUMN:
        pairs = ((table, actual.table(table.name)) for table in expected.tables)
        names = (c.name for table, live in pairs for c in table.columns if live is None or live.column(c.name) is None)
    return any(re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", call.expression) for name in names)
