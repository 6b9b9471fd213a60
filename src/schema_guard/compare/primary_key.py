"""The primary key. The order of its columns does not matter to the application."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from schema_guard.compare.conflict import ends_otherwise, repeated
from schema_guard.compare.impact_words import writers
from schema_guard.compare.published import gets_identity, refused_changes
from schema_guard.compare.stricter import is_harmless
from schema_guard.compare.unique import arbiters, upsert_effect, upsert_impact
from schema_guard.dialects.judge import Judge
from schema_guard.difference import Impact, PrimaryKeyDiffers
from schema_guard.schema import PrimaryKey, Table

__all__ = ["compare_primary_key"]


def compare_primary_key(table: Table, live: Table, judge: Judge) -> Iterator[PrimaryKeyDiffers]:
    key = table.primary_key
    if key is None or not key.columns or live.facts.is_rowid(key, key.columns[0]):
        return
    actual = live.primary_key
    if actual is not None and set(actual.columns) == set(key.columns):
        if actual.other_equality and not key.other_equality:
            effect = (
                f"not provable: INSERT of {writers(table)} fails for rows that are equal by {actual.other_equality}"
            )
            yield PrimaryKeyDiffers(table=table, primary_key=key, actual=actual, impact=Impact.WEAKENS, effect=effect)
        elif ends_otherwise(actual.conflict, wanted := _conflict(table, live)):
            effect = f"not provable: {repeated(actual.conflict, wanted, table, judge)}"
            key = replace(key, conflict=wanted)
            yield PrimaryKeyDiffers(table=table, primary_key=key, actual=actual, impact=Impact.WEAKENS, effect=effect)
        return
    served = arbiters(live)
    unique = any(columns <= set(key.columns) for columns in served)
    breaks, effect = False, "rows can share a key"
    if actual is not None and _refuses(actual, table, live):
        breaks = frozenset(key.columns) not in served or set(actual.columns) < set(key.columns)
        refused = (
            f"rows of {writers(table)} that differ only outside of it are refused ({judge.errors.unique_violation})"
        )
        effect = refused if breaks else f"not provable: {refused}"
    elif upsert_impact(table, key.columns, live) is Impact.BREAKS:
        breaks, effect = True, upsert_effect(table, key.columns, live)
    elif unpublished := [each for each in live.facts.unchangeable if gets_identity(table, live, each)]:
        names = ", ".join(dict.fromkeys(each.publication for each in unpublished))
        breaks = True
        effect = f"{refused_changes(table, unpublished)}: publication {names} needs a replica identity"
    elif unique:
        effect = "the key's columns are unique, but not the primary key"
    yield PrimaryKeyDiffers(
        table=table,
        primary_key=key,
        actual=actual,
        impact=Impact.BREAKS if breaks else Impact.WEAKENS,
        effect=effect,
    )


def _conflict(table: Table, live: Table) -> str:
    """ON CONFLICT of the key by the models, where a UNIQUE of theirs on the same columns has one as well: SQLite keeps
    one index for both. Of a UNIQUE that is there another comparison tells."""
    assert table.primary_key is not None
    columns = set(table.primary_key.columns)
    if table.primary_key.conflict or any(set(each.columns) == columns for each in live.uniques):
        return table.primary_key.conflict
    return next((each.conflict for each in table.uniques if each.conflict and set(each.columns) == columns), "")


def _refuses(actual: PrimaryKey, table: Table, live: Table) -> bool:
    """Whether the live key refuses rows that the models allow: no key or UNIQUE of theirs stands on its columns."""
    columns = frozenset(actual.columns)
    known = all(table.column(name) is not None for name in columns)
    return known and not is_harmless(columns, False, None, table, live)
