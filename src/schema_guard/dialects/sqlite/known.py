"""Whether SQLite knows the functions that the application's statements call. EXPLAIN compiles and runs nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from schema_guard.dialects.inquiry import Known, Verdict
from schema_guard.dialects.sqlite.names import quote
from schema_guard.errors import ReadError
from schema_guard.schema import Lack, Table

__all__ = ["known"]

_UNKNOWN = re.compile(r"(?:no such|unknown) function: |wrong number of arguments to function ")
_NOT_THERE = re.compile(r"no such table: ")


def known(asked: Known, tables: Sequence[Table], rows: Callable[[str], object], *, by_url: bool) -> Verdict:
    """Over a row of the table's columns.

    Args:
        asked: what is called.
        tables: the live ones.
        rows: runs one EXPLAIN; raises ReadError.
        by_url: the connection is made by a URL alone, so that what the application registers on its own is not there.
    """
    if asked.lack is Lack.PRIVILEGE:
        return Verdict.EQUAL
    columns = [column.name for table in tables if table.name == asked.table for column in table.columns]
    nulls = ", ".join(f"NULL AS {quote(column)}" for column in columns) or "NULL"
    try:
        rows(f"EXPLAIN SELECT ({asked.expression}\n) FROM (SELECT {nulls})")
    except ReadError as error:
        if asked.lack is Lack.RELATION:
            return Verdict.DIFFERENT if _NOT_THERE.search(error.message) else Verdict.EQUAL
        if _UNKNOWN.search(error.message):
            return Verdict.NOT_COMPARABLE if by_url else Verdict.DIFFERENT
    return Verdict.EQUAL
