"""The server's own words for expressions: EXPLAIN parses, resolves and folds them, and runs nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from schema_guard.dialects.postgresql.conditions import collation_name
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import is_disconnect
from schema_guard.dialects.postgresql.link import Link
from schema_guard.schema import Column, Name

__all__ = ["explained", "rows_of_nulls", "values_of_nulls"]


def explained(link: Link, items: Sequence[str], source: str) -> list[str]:
    """Expressions as the server deparses them, resolved and folded.

    Args:
        link: a connection in a transaction, which goes on whatever the server says.
        items: what stands in the SELECT list.
        source: what `rows_of_nulls` gave.

    Raises DriverError when the server rejects one of them.
    """
    link.run("SAVEPOINT schema_guard_question")
    try:
        rows = link.rows(f"EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) SELECT {', '.join(items)}{source}")
    except DriverError as error:
        if not is_disconnect(error):
            link.run("ROLLBACK TO SAVEPOINT schema_guard_question")
        raise
    link.run("RELEASE SAVEPOINT schema_guard_question")
    document = rows[0][0]
    plan = json.loads(document) if isinstance(document, str) else document
    return [str(text) for text in plan[0]["Plan"]["Output"]]  # type: ignore[index]


def rows_of_nulls(table: Name, columns: Sequence[Column], quote: Callable[[Name | str], str]) -> str:
    """FROM columns of the table, as two rows of NULLs: one row would be folded away."""
    if not columns:
        return ""
    names = ", ".join(quote(column.name) for column in columns)
    return f"{values_of_nulls(columns, quote)} AS {quote(table.name)}({names})"


def values_of_nulls(columns: Sequence[Column], quote: Callable[[Name | str], str]) -> str:
    """The same rows without a name."""
    nulls = ", ".join(
        f"NULL::{column.type.text}"
        + (f" COLLATE {collation_name(column.collation, quote)}" if column.collation else "")
        for column in columns
    )
    return f" FROM (VALUES ({nulls}), ({nulls}))"
