"""UNIQUE constraints. A unique index, a primary key or a constraint of another name on the same columns satisfies."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from schema_guard.compare.elements import is_at_least_unique
from schema_guard.compare.holder import constraint_holder, relation_holder, unique_words
from schema_guard.compare.stricter import unknown_uniques
from schema_guard.dialects.judge import Judge
from schema_guard.difference import Impact, ObjectUnknown, UniqueMissing
from schema_guard.schema import Schema, Table, Unique

__all__ = [
    "arbiters",
    "compare_uniques",
    "constraint_arbiters",
    "deferrable_sets",
    "left_of_missing",
    "repeated_nulls",
    "upsert_effect",
    "upsert_impact",
]


def compare_uniques(table: Table, live: Table, actual: Schema, judge: Judge) -> Iterator[UniqueMissing | ObjectUnknown]:
    seen: set[tuple[frozenset[str], bool]] = set()
    told: set[frozenset[str]] = set()
    held: set[str] = set()
    for unique in table.uniques:
        structure = (frozenset(unique.columns), unique.nulls_not_distinct)
        if structure in seen:  # asked for twice is one
            continue
        seen.add(structure)
        if _satisfied(unique, live):
            continue
        beside = next((other for other in live.uniques if set(other.columns) == set(unique.columns)), None)
        told.add(frozenset(unique.columns))
        held.update([unique.name] if unique.name is not None else [])
        yield UniqueMissing(
            table=table,
            unique=unique,
            holder=constraint_holder(live, unique.name) or relation_holder(actual, live, unique.name),
            beside=unique_words(beside) if beside is not None and beside.name else None,
            impact=upsert_impact(table, unique.columns, live),
            effect=_effect(unique, table, live),
        )
    yield from unknown_uniques(table, live, told, held, judge)


def upsert_impact(table: Table, columns: tuple[str, ...], live: Table) -> Impact:
    """A declared upsert on these columns fails where nothing else serves it; otherwise a promise is not kept."""
    declared = frozenset(columns) in {frozenset(names) for names in table.upserts}
    return Impact.BREAKS if declared and frozenset(columns) not in arbiters(live) else Impact.WEAKENS


def upsert_effect(table: Table, columns: tuple[str, ...], live: Table) -> str:
    if upsert_impact(table, columns, live) is Impact.BREAKS:
        return "ON CONFLICT on these columns fails"
    return "the same values can be stored twice, and ON CONFLICT on them fails"


def repeated_nulls(columns: Collection[str]) -> str:
    """What a UNIQUE that is not NULLS NOT DISTINCT lets in."""
    return f"rows that are equal in ({', '.join(columns)}) and hold NULL there can be stored twice"


def _effect(unique: Unique, table: Table, live: Table) -> str:
    if frozenset(unique.columns) not in arbiters(live):
        return upsert_effect(table, unique.columns, live)
    if unique.nulls_not_distinct:
        return repeated_nulls(unique.columns)
    return "a row that repeats these values for a moment is refused: the models defer the check"


def plain_unique_indexes(live: Table) -> Iterator[tuple[frozenset[str], bool]]:
    """(columns, NULLS NOT DISTINCT) of every valid unique index that keeps all rows apart by these columns."""
    for index in live.indexes:
        keeps_apart = all(is_at_least_unique(element, live) for element in index.elements)
        if index.unique and index.valid and index.where is None and index.columns is not None and keeps_apart:
            yield frozenset(index.columns), index.nulls_not_distinct


def constraint_arbiters(live: Table) -> set[frozenset[str]]:
    """Column sets of the primary key and of the UNIQUE constraints that ON CONFLICT can name."""
    sets = {frozenset(unique.columns) for unique in live.uniques if unique.valid and not unique.deferrable}
    if live.primary_key is not None and not live.primary_key.unusable:
        sets.add(frozenset(live.primary_key.columns))
    return sets


def arbiters(live: Table) -> set[frozenset[str]]:
    """Column sets that ON CONFLICT can name without a WHERE."""
    found = constraint_arbiters(live) | {columns for columns, _ in plain_unique_indexes(live)}
    return found - deferrable_sets(live)


def deferrable_sets(live: Table) -> set[frozenset[str]]:
    """Column sets on which a constraint stands that is checked late: ON CONFLICT on them fails (PostgreSQL: "does not
    support deferrable unique constraints .. as arbiters"), also where another unique index would serve."""
    return {frozenset(unique.columns) for unique in live.uniques if unique.deferrable} | (
        {frozenset(live.primary_key.columns)} if live.primary_key is not None and live.primary_key.deferrable else set()
    )


def left_of_missing(table: Table, live: Table) -> set[str]:
    """Names of the INVALID indexes that failed builds of a missing UNIQUE or primary key left: told of with that."""
    missing = [unique.columns for unique in table.uniques if not _satisfied(unique, live)]
    if table.primary_key is not None and live.primary_key is None:
        missing.append(table.primary_key.columns)
    return {
        index.name
        for index in live.indexes
        if index.name is not None and index.unique and not index.valid and index.columns in missing
    }


def _satisfied(unique: Unique, live: Table) -> bool:
    columns = frozenset(unique.columns)
    for other in live.uniques:
        if frozenset(other.columns) != columns or not other.valid:
            continue
        same_nulls = other.nulls_not_distinct or not unique.nulls_not_distinct
        if same_nulls and (other.deferrable, other.initially_deferred) == (
            unique.deferrable,
            unique.initially_deferred,
        ):
            return True
    if unique.deferrable:
        return False
    if live.primary_key is not None and frozenset(live.primary_key.columns) == columns:
        return True
    return any(
        columns == others and (nulls_not_distinct or not unique.nulls_not_distinct)
        for others, nulls_not_distinct in plain_unique_indexes(live)
    )
