"""Whether two queries, or two expressions, are one: SQLite compiles both, and EXPLAIN shows the same program (https://sqlite.org/opcode.html).

Names of aliases, blanks and comments leave no trace in it. Nothing runs, and no row is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from schema_guard.dialects.inquiry import Question, SameQuery
from schema_guard.dialects.sqlite.expression import expression
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.normal_form import Node, with_whole_numbers
from schema_guard.dialects.sqlite.reader import key
from schema_guard.dialects.terms import Verdict
from schema_guard.errors import ReadError
from schema_guard.schema import Table

__all__ = ["same_expression", "same_query"]


Rows = Callable[[str], Sequence[tuple[object, ...]]]


def same_query(asked: SameQuery, rows: Rows) -> Verdict:
    return _same(f"SELECT * FROM {quote(asked.view)}", f"SELECT * FROM ({asked.query}\n)", rows)


def same_expression(asked: Question, tables: Sequence[Table], rows: Rows) -> Verdict:
    """Of the columns of its table, one of the live ones."""
    assert asked.table is not None
    wanted, there = with_whole_numbers(expression(asked.expected)), with_whole_numbers(expression(asked.actual))
    live = next((table for table in tables if table.name == asked.table), None)
    if wanted == there and live is not None and not _compares_text(wanted, live):
        return Verdict.EQUAL
    table = quote(asked.table)
    return _same(f"SELECT ({asked.actual}\n) FROM {table}", f"SELECT ({asked.expected}\n) FROM {table}", rows)


def _compares_text(node: Node, table: Table) -> bool:
    """Whether something in it may have the affinity TEXT, by which a number is compared as text."""
    if node[0] == "CAST":
        return True
    if node[0] == "name":
        return any(key(column.name) == node[1] and column.type.name == "TEXT" for column in table.columns)
    return any(_compares_text(part, table) for part in node if isinstance(part, tuple))


def _same(live: str, wanted: str, rows: Rows) -> Verdict:
    try:
        # the last column is a comment, for people (https://sqlite.org/lang_explain.html)
        programs = [[row[:-1] for row in rows(f"EXPLAIN {query}")] for query in (live, wanted)]
    except ReadError:
        return Verdict.NOT_COMPARABLE
    return Verdict.EQUAL if programs[0] == programs[1] else Verdict.DIFFERENT
