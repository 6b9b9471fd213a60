"""Whether two queries, or two expressions, are one: SQLite compiles both, and EXPLAIN shows the same program (https://sqlite.org/opcode.html).

Names of aliases, blanks and comments leave no trace in it. Nothing runs, and no row is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from schema_guard.dialects.inquiry import Question, SameQuery, Verdict
from schema_guard.dialects.sqlite.names import quote
from schema_guard.errors import ReadError

__all__ = ["same_expression", "same_query"]


Rows = Callable[[str], Sequence[tuple[object, ...]]]


def same_query(asked: SameQuery, rows: Rows) -> Verdict:
    return _same(f"SELECT * FROM {quote(asked.view)}", f"SELECT * FROM ({asked.query}\n)", rows)


def same_expression(asked: Question, rows: Rows) -> Verdict:
    """Of the columns of its table."""
    assert asked.table is not None
    table = quote(asked.table)
    return _same(f"SELECT ({asked.actual}\n) FROM {table}", f"SELECT ({asked.expected}\n) FROM {table}", rows)


def _same(live: str, wanted: str, rows: Rows) -> Verdict:
    try:
        # the last column is a comment, for people (https://sqlite.org/lang_explain.html)
        programs = [[row[:-1] for row in rows(f"EXPLAIN {query}")] for query in (live, wanted)]
    except ReadError:
        return Verdict.NOT_COMPARABLE
    return Verdict.EQUAL if programs[0] == programs[1] else Verdict.DIFFERENT
