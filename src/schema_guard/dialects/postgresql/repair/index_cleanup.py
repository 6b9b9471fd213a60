"""What a failed CREATE INDEX CONCURRENTLY leaves behind, and how it is cleared away."""

from __future__ import annotations

from schema_guard.dialects.postgresql.repair import probes

__all__ = ["clear_away"]


def clear_away(table: str, relation: str) -> tuple[str, ...]:
    """Drop the index if, and only if, it is INVALID: the first statement is an error when it is not.

    So a failure because the name was taken can never drop what took it.
    """
    is_invalid = probes.index_invalid(table, relation)
    return (
        f"SELECT 1 / ({is_invalid})::pg_catalog.int4 AS only_an_invalid_index_is_dropped",
        f"DROP INDEX CONCURRENTLY IF EXISTS {relation}",
    )
