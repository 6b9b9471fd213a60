"""Declared backfills: pending until the rows say that nothing is left to fill."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.difference import BackfillPending, Impact
from schema_guard.schema import Schema

__all__ = ["compare_backfills"]


def compare_backfills(expected: Schema, actual: Schema) -> Iterator[BackfillPending]:
    """One for each declared backfill between two tables that can be read; how many rows, only the survey can tell."""
    existing = {table.name for table in actual.tables if table.facts.unread is None}
    tables = {table.name: table for table in expected.tables}
    for fill in expected.fills:
        if fill.table in existing and fill.source in existing and fill.table in tables:
            yield BackfillPending(
                table=tables[fill.table],
                fill=fill,
                impact=Impact.WEAKENS,
                effect="rows whose columns are still NULL",
            )
