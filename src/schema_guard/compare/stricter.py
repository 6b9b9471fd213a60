"""Rules of the database that the models don't know, and that may reject what the application writes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from schema_guard.compare.conflict import ends_otherwise, repeated, without_conflict
from schema_guard.compare.elements import tells_apart
from schema_guard.compare.holder import foreign_key_words, index_words, unique_words
from schema_guard.compare.impact_words import writers
from schema_guard.dialects.judge import Judge
from schema_guard.difference import Impact, ObjectUnknown
from schema_guard.difference.constraints import told_apart
from schema_guard.schema import Column, ForeignKey, Index, Table, Unique

__all__ = ["NOT_READY", "is_harmless", "unknown_foreign_key", "unknown_indexes", "unknown_uniques"]

NOT_READY = "no write goes into it (its build failed early, or still runs), so it rejects no row"


def unknown_uniques(
    table: Table, live: Table, told: Collection[frozenset[str]], held: Collection[str], judge: Judge
) -> Iterator[ObjectUnknown]:
    """UNIQUE constraints that the models don't know, or that reject more than theirs.

    Args:
        told: the columns of those that are missing: what stands on the same ones is told of with them.
        held: their names: what bears one is told of with those.
    """
    known = {columns for columns, _, _ in _keys(table)}
    for other in live.uniques:
        columns = frozenset(other.columns)
        ends = _conflict(columns, other.conflict, table, live, judge)
        harmless = not ends and is_harmless(columns, other.nulls_not_distinct, other, table, live)
        if columns in told or (harmless and (columns in known or other.name in held)):
            continue
        words = unique_words(other)
        yield ObjectUnknown(
            table=table,
            kind=words.kind,
            name=other.name or ", ".join(other.columns),
            definition=str(other).removeprefix("UNIQUE ") + (without_conflict(other.conflict) if ends else ""),
            impact=Impact.NOTES if harmless else Impact.WEAKENS,
            effect=f"not provable: {ends}" if ends else _repeats(harmless, table, judge),
        )


def _conflict(columns: frozenset[str], conflict: str, table: Table, live: Table, judge: Judge) -> str:
    """What ON CONFLICT of a live key, or its lack, does to a row against what the models say; empty where nothing."""
    if any(key < columns for key, _, _ in _keys(table)):  # that key refuses the row, with an error
        return ""
    wanted = next((unique.conflict for unique in table.uniques if frozenset(unique.columns) == columns), "")
    stays_null = any(_stays_null(live.column(name), table) for name in columns)
    return repeated(conflict, wanted, table, judge) if ends_otherwise(conflict, wanted) and not stays_null else ""


def unknown_indexes(
    table: Table,
    live: Table,
    matched: Collection[Index],
    unique: Collection[Index],
    held: Collection[str],
    computed: Callable[[Index], tuple[Impact, str]],
    judge: Judge,
) -> Iterator[ObjectUnknown]:
    """Indexes that the models don't know, and unique ones that serve where the models want no uniqueness.

    Args:
        matched: what serves as an index of the models.
        unique: what serves as a unique one.
        held: names that the models give to other indexes, and what is left of a missing key: told of with those.
        computed: what computing the expressions of an index does to a write.
    """
    known = {columns for columns, _, _ in _keys(table)}
    for other in live.indexes:
        columns = frozenset(element.text for element in other.elements if tells_apart(element))
        keeps_apart = other.unique and other.ready
        ends = _conflict(columns, "", table, live, judge) if keeps_apart and other.where is None else ""
        harmless = not ends and (
            not keeps_apart or other in unique or is_harmless(columns, other.nulls_not_distinct, None, table, live)
        )
        raising, raised = computed(other) if other not in matched else (Impact.NOTES, "")
        if (
            raising is Impact.NOTES
            and harmless
            and (
                other in matched
                or other.name in held
                or (other.valid and other.unique and other.columns is not None and frozenset(other.columns) in known)
            )
        ):
            continue
        words = index_words(other)
        yield ObjectUnknown(
            table=table,
            kind=words.kind,
            name=other.name or "index",
            definition=words.definition + (without_conflict("") if ends else ""),
            impact=max(raising, Impact.NOTES if harmless else Impact.WEAKENS),
            effect=_raised(raising, raised, table)
            or (f"not provable: {ends}" if ends else _index_effect(other, harmless, table, judge)),
        )


def _raised(impact: Impact, effect: str, table: Table) -> str:
    return f"INSERT and UPDATE of {writers(table)} fail: {effect}" if impact is Impact.BREAKS else effect


def _index_effect(index: Index, harmless: bool, table: Table, judge: Judge) -> str:
    if not index.ready:
        return NOT_READY
    if harmless and not index.valid:
        return "no query uses it, and every write pays for it"
    return _repeats(harmless, table, judge) if index.unique else ""


def _repeats(harmless: bool, table: Table, judge: Judge) -> str:
    if harmless:
        return "rows that repeat these values are refused, and the models exclude them, too"
    error = judge.errors.unique_violation
    return f"not provable: INSERT and UPDATE of {writers(table)} fail for rows that repeat these values ({error})"


def unknown_foreign_key(key: ForeignKey, table: Table, live: Table) -> ObjectUnknown:
    words = foreign_key_words(key)
    harmless = not key.enforced or (
        key.match == "SIMPLE" and any(_stays_null(live.column(name), table) for name in key.columns)
    )
    return ObjectUnknown(
        table=table,
        kind=words.kind,
        name=key.name or f"fk({', '.join(key.columns)})",
        definition=words.definition + told_apart(key, live),
        impact=Impact.NOTES if harmless else Impact.WEAKENS,
        effect="it rejects nothing that the models write"
        if harmless
        else f"not provable: INSERT and UPDATE of {writers(table)} fail for rows without a partner in {key.target}",
    )


def _keys(table: Table) -> Iterator[tuple[frozenset[str], bool, Unique | None]]:
    """Columns, NULLS NOT DISTINCT and, of a constraint, itself: what the models themselves promise to be unique."""
    if table.primary_key is not None:
        yield frozenset(table.primary_key.columns), True, None
    for unique in table.uniques:
        yield frozenset(unique.columns), unique.nulls_not_distinct, unique
    for index in table.indexes:
        if index.unique and index.where is None and all(map(tells_apart, index.elements)):
            yield frozenset(element.text for element in index.elements), index.nulls_not_distinct, None


def is_harmless(
    columns: frozenset[str], nulls_not_distinct: bool, other: Unique | None, table: Table, live: Table
) -> bool:
    """Whether rows that share these values break a key of the models, too, or cannot be written by them."""
    if not nulls_not_distinct and any(_stays_null(live.column(name), table) for name in columns):
        return True
    return any(
        key <= columns
        and (nulls_alike or not nulls_not_distinct or _hold_no_null(key, table))
        and _as_late(known, other)
        for key, nulls_alike, known in _keys(table)
    )


def _hold_no_null(columns: Collection[str], table: Table) -> bool:
    found = [table.column(name) for name in columns]
    return all(column is not None and not column.nullable for column in found)


def _as_late(known: Unique | None, other: Unique | None) -> bool:
    """Whether the live rule is not checked earlier than that of the models: only then it rejects no more."""
    if known is None or not known.deferrable:
        return True
    return other is not None and other.deferrable and (other.initially_deferred or not known.initially_deferred)


def _stays_null(column: Column | None, table: Table) -> bool:
    """Whether the models, which don't know the column, leave NULL in it."""
    return (
        column is not None
        and not table.knows(column.name)
        and column.default is None
        and column.generated is None
        and not column.autoincrement
    )
