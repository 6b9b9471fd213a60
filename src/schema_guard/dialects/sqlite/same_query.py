"""Whether two queries are one: SQLite compiles both, and EXPLAIN shows the same program (https://sqlite.org/opcode.html).

Names of aliases, blanks and comments leave no trace in it. Nothing runs, and no row is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from schema_guard.dialects.base import SameQuery, Verdict
from schema_guard.dialects.sqlite.names import quote
from schema_guard.errors import ReadError

__all__ = ["same_query"]


def same_query(asked: SameQuery, rows: Callable[[str], Sequence[tuple[object, ...]]]) -> Verdict:
    try:
        live, wanted = (
            # the last column is a comment, for people (https://sqlite.org/lang_explain.html)
            [row[:-1] for row in rows(f"EXPLAIN SELECT * FROM {source}")]
            for source in (quote(asked.view), f"({asked.query}\n)")
        )
    except ReadError:
        return Verdict.NOT_COMPARABLE
    return Verdict.EQUAL if live == wanted else Verdict.DIFFERENT
