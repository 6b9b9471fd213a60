"""The server's own words for expressions: EXPLAIN parses, resolves and folds them, and runs nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from schema_guard.dialects.postgresql.conditions import collation_name
from schema_guard.dialects.postgresql.link import Link
from schema_guard.schema import Column, Name

__all__ = ["explained", "rows_of_nulls", "type_of", "values_of", "values_of_nulls"]


def explained(link: Link, items: Sequence[str], source: str) -> list[str]:
    """Expressions as the server deparses them, resolved and folded.

    Args:
        link: a connection in a transaction, which goes on whatever the server says.
        items: what stands in the SELECT list.
        source: what `rows_of_nulls` gave.

    Raises DriverError when the server rejects one of them.
    """
    with link.savepoint():
        rows = link.rows(f"EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) SELECT {', '.join(items)}{source}")
    document = rows[0][0]
    plan = json.loads(document) if isinstance(document, str) else document
    return [str(text) for text in plan[0]["Plan"]["Output"]]  # type: ignore[index]


def type_of(expression: str, source: str = "") -> str:
    """SQL that gives the oid of an expression's type as a number. LIMIT 0: nothing is called.

    Args:
        expression: SQL.
        source: what `rows_of_nulls` gave; empty where the expression reads no column.
    """
    return f"pg_catalog.pg_typeof((SELECT ({expression}\n){source} LIMIT 0))::pg_catalog.oid::pg_catalog.int8"


def rows_of_nulls(table: Name, columns: Sequence[Column], quote: Callable[[Name | str], str]) -> str:
    """FROM columns of the table, as two rows of NULLs: one row would be folded away."""
    if not columns:
        return ""
    names = ", ".join(quote(column.name) for column in columns)
    return f"{values_of_nulls(columns, quote)} AS {quote(table.name)}({names})"


def values_of(table: Name, row: Sequence[tuple[Column, str]], quote: Callable[[Name | str], str]) -> str:
    """FROM one row of such values, each an SQL literal, under the names of the table and its columns."""
    names = ", ".join(quote(column.name) for column, _ in row)
    return f" FROM (VALUES ({_typed(row, quote)})) AS {quote(table.name)}({names})"


def values_of_nulls(columns: Sequence[Column], quote: Callable[[Name | str], str]) -> str:
    """The same rows without a name."""
    nulls = _typed([(column, "NULL") for column in columns], quote)
    return f" FROM (VALUES ({nulls}), ({nulls}))"


def _typed(row: Sequence[tuple[Column, str]], quote: Callable[[Name | str], str]) -> str:
    return ", ".join(
        f"{value}::{column.type.text}"
        + (f" COLLATE {collation_name(column.collation, quote)}" if column.collation else "")
        for column, value in row
    )
