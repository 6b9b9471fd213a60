"""CREATE INDEX, as PostgreSQL writes it."""

from __future__ import annotations

from collections.abc import Callable

from schema_guard.schema import Index, Name

__all__ = ["CONCURRENTLY", "create_index"]

CONCURRENTLY = " CONCURRENTLY"


def create_index(
    index: Index, table: Name, quote: Callable[[Name | str], str], how: str = "", *, only: bool = False
) -> str:
    """The statement.

    Args:
        index: one that has a name.
        table: where it is made.
        quote: writes a name.
        how: CONCURRENTLY, or nothing.
        only: of a partitioned table, without its partitions.
    """
    unique = "UNIQUE " if index.unique else ""
    on = "ON ONLY" if only else "ON"
    return f"CREATE {unique}INDEX{how} {quote(index.name or '')} {on} {quote(table)} {index.definition}"
