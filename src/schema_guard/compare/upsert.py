"""Declared upserts: each needs a unique index of just its columns that ON CONFLICT can use.

Where the models declare it and it is missing, that difference says so; this is what else makes ON CONFLICT fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schema_guard.code_of_others import against_upserts
from schema_guard.compare.impact_words import writers
from schema_guard.compare.unique import arbiters, deferrable_sets
from schema_guard.difference import (
    Difference,
    Impact,
    IndexInvalid,
    IndexMissing,
    PrimaryKeyDiffers,
    UniqueMissing,
    UpsertUnserved,
)
from schema_guard.schema import Index, Table

__all__ = ["compare_upserts"]


def compare_upserts(table: Table, live: Table, others: Sequence[Difference]) -> Iterator[UpsertUnserved]:
    """`others` are the differences of the same table."""
    told = [found for difference in others if (found := _unique_columns(difference)) is not None]
    for columns in dict.fromkeys(tuple(sorted(names)) for names in table.upserts):
        wanted = frozenset(columns)
        if rules := against_upserts(live.facts.interveners):
            yield UpsertUnserved(
                table=table,
                columns=columns,
                obstacle=f"no ON CONFLICT works on a table with a rule for INSERT or UPDATE: {', '.join(rules)}",
                impact=Impact.BREAKS,
                effect=f"ON CONFLICT ({', '.join(columns)}) of {writers(table)} fails",
            )
            continue
        if wanted in arbiters(live) or (wanted in told and wanted not in deferrable_sets(live)):
            continue
        partial = _partial(wanted, live)
        foreseen = partial is not None and _partial(wanted, table) is not None
        impact, effect = Impact.BREAKS, f"ON CONFLICT ({', '.join(columns)}) of {writers(table)} fails"
        if foreseen and wanted not in deferrable_sets(live):
            impact = Impact.WEAKENS
            effect = f"not provable: ON CONFLICT ({', '.join(columns)}) works only with the WHERE of a partial index"
        yield UpsertUnserved(
            table=table,
            columns=columns,
            obstacle=_obstacle(wanted, live, partial),
            impact=impact,
            effect=effect,
        )
    yield from _unnamed(table, live, others)


def _unnamed(table: Table, live: Table, others: Sequence[Difference]) -> Iterator[UpsertUnserved]:
    """ON CONFLICT ON CONSTRAINT finds a constraint by its name alone, no unique index."""
    made = {name for difference in others if (name := _made_by(difference)) is not None}
    there = {each.name for each in live.uniques} | {each.name for each in live.exclusions}
    there |= {live.primary_key.name} if live.primary_key is not None else set()
    for name, columns in dict.fromkeys(table.named_upserts):
        if name not in there | made:
            yield UpsertUnserved(
                table=table,
                columns=columns,
                obstacle=f"no constraint has the name {name}, by which a declared upsert finds it",
                constraint=name,
                impact=Impact.BREAKS,
                effect=f"ON CONFLICT ON CONSTRAINT {name} of {writers(table)} fails",
            )


def _made_by(difference: Difference) -> str | None:
    match difference:
        case UniqueMissing(unique=unique, holder=None, impact=Impact.BREAKS):
            return unique.name
        case PrimaryKeyDiffers(primary_key=key):
            return key.name
        case _:
            return None


def _unique_columns(difference: Difference) -> frozenset[str] | None:
    match difference:
        case UniqueMissing(unique=unique) if not unique.deferrable:
            return frozenset(unique.columns)
        case PrimaryKeyDiffers(primary_key=key) if not key.deferrable and not difference.of_same_columns:
            return frozenset(key.columns)
        case IndexMissing(index=index) | IndexInvalid(index=index) if index.unique and index.where is None:
            return frozenset(index.columns or ())
        case _:
            return None


def _partial(wanted: frozenset[str], table: Table) -> Index | None:
    return next(
        (
            index
            for index in table.indexes
            if index.unique and index.valid and index.where is not None and frozenset(index.columns or ()) == wanted
        ),
        None,
    )


def _obstacle(wanted: frozenset[str], live: Table, partial: Index | None) -> str:
    """What is there on these columns, and why it does not serve."""
    key = live.primary_key
    if key is not None and key.unusable and frozenset(key.columns) == wanted:
        return f"ON CONFLICT cannot use the primary key: {key.unusable}"
    for unique in live.uniques:
        if unique.deferrable and frozenset(unique.columns) == wanted:
            return f"ON CONFLICT cannot use the UNIQUE constraint {unique.name}: it is DEFERRABLE"
    if partial is not None:
        return f"the unique index {partial.name} is partial"
    invalid = [index.name for index in live.indexes if index.unique and not index.valid]
    if invalid:
        return f"the unique index {invalid[0]} is INVALID"
    return ""
