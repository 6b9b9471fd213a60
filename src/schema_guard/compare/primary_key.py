"""The primary key. The order of its columns does not matter to the application."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.compare.effects import writers
from schema_guard.compare.unique import arbiters
from schema_guard.dialects.base import Judge
from schema_guard.difference import Impact, PrimaryKeyDiffers
from schema_guard.schema import Table

__all__ = ["compare_primary_key"]


def compare_primary_key(table: Table, live: Table, judge: Judge) -> Iterator[PrimaryKeyDiffers]:
    key = table.primary_key
    if key is None or not key.columns:
        return
    actual = live.primary_key
    if actual is not None and set(actual.columns) == set(key.columns):
        return
    upsert_works = frozenset(key.columns) in arbiters(live)
    narrower = actual is not None and set(actual.columns) < set(key.columns)
    yield PrimaryKeyDiffers(
        table=table,
        primary_key=key,
        actual=actual,
        impact=Impact.WEAKENS if upsert_works and not narrower else Impact.BREAKS,
        effect=f"rows of {writers(table)} that differ only outside of it are refused ({judge.errors.unique_violation})"
        if narrower
        else "the same row can be stored twice"
        if not upsert_works
        else "the key's columns are unique, but not the primary key",
    )
