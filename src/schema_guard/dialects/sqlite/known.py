"""Whether SQLite takes what the application's statements call. EXPLAIN compiles and runs nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from schema_guard.dialects.inquiry import Known
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.terms import Verdict
from schema_guard.errors import ReadError
from schema_guard.schema import Lack, Table

__all__ = ["known"]

_UNKNOWN = re.compile(r"(?:no such|unknown) function: |wrong number of arguments to function ")
_SAID = {
    Lack.FUNCTION: _UNKNOWN,
    Lack.RELATION: re.compile(r"no such table: "),
    Lack.COLUMN: re.compile(r"no such column: "),
    Lack.AGGREGATE: re.compile(r"misuse of (?:aggregate|window)\b"),
}


def known(asked: Known, tables: Sequence[Table], rows: Callable[[str], object], *, by_url: bool) -> Verdict:
    """An INSERT calls it without a row, an UPDATE or a SELECT over one of the table.

    Args:
        asked: what is called.
        tables: the live ones.
        rows: runs one EXPLAIN; raises ReadError.
        by_url: the connection is made by a URL alone, so that what the application registers on its own is not there.
    """
    said = _SAID.get(asked.lack)
    if said is None:
        return Verdict.EQUAL
    source = ""
    if asked.call.statement != "INSERT":
        columns = [column.name for table in tables if table.name == asked.table for column in table.columns]
        nulls = ", ".join(f"NULL AS {quote(column)}" for column in columns) or "NULL"
        source = f" FROM (SELECT {nulls}) AS {quote(asked.table.name)}"
    try:
        rows(f"EXPLAIN SELECT 1{source} WHERE ({asked.call.expression}\n)")  # which takes no aggregate, as a value
    except ReadError as error:
        if said.search(error.message):
            return Verdict.NOT_COMPARABLE if by_url and asked.lack is Lack.FUNCTION else Verdict.DIFFERENT
    return Verdict.EQUAL
